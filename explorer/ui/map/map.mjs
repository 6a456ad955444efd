// The map: one camera for one or two panels, tools, replay, and what goes to the server (region, view).

import { Camera } from "../widgets/canvas/camera.mjs";
import { Nearest } from "../widgets/canvas/nearest.mjs";
import { savePng } from "../widgets/canvas/picture.mjs";
import { column, mount, Plot, pixelRatio, showTip } from "../widgets/canvas/plot.mjs";
import { steer } from "../widgets/canvas/pointer.mjs";
import { element, svgElement } from "../widgets/dom.mjs";
import { insideAny, Panel } from "./panel.mjs";
import { drawPanel } from "./picture.mjs";
import { Replay } from "./replay.mjs";

const GAP = 12; // pixels between two panels
const BAR = 40; // pixels at the top that the tools cover
const MARGIN = 0.03; // of the bounds, free on each side
const SETTLED = 220; // milliseconds after a move until the server is told

class MapPlot extends Plot {
  constructor(root) {
    super(root, new Camera({ equal: true, closest: 400 }));
    this.name = "map";
    this.polygons = [];
    this.row = null; // the row that was clicked: its number and place
    this.landing = []; // picks that land in a replay, and since when
    this.panels = [];
    this.addTools(root, ["lasso", "box", "pan", "closer", "further", "all", "clear", "save"]);
    this.stage = element(root, "div", "stage");
    this.replay = new Replay(this, element(root, "div", "replay"));
    this.markTools();
  }

  end() {
    super.end();
    this.replay.stop();
    clearTimeout(this.waiting);
  }

  markTools() {
    super.markTools();
    this.buttons.clear.hidden = !this.polygons.length && !this.row;
  }

  // Take what the server sent. View and region stay as they are where the points are the same.
  take(args) {
    if (!this.accept(args)) return;
    const { data } = args;
    const { spec } = this;
    this.setState = args.setStateValue;
    this.setPoints(pointsOf(this.carried ?? data.points, this.points));
    this.bins = data.bins ? binsOf(data.bins, spec.grid) : null;
    const fresh = this.place !== spec.place;
    this.place = spec.place;
    if (fresh) [this.polygons, this.row] = [[], null];
    this.focus = column(data.focus, "id");
    this.choose();
    const count = this.panels.length;
    while (this.panels.length < spec.panels.length) this.addPanel();
    while (this.panels.length > spec.panels.length) this.panels.pop().node.parentElement.remove();
    this.panels.forEach((panel, k) => {
      panel.take(spec.panels[k], column(data[`values${k}`], "value"), pointsOf(data[`picks${k}`]));
    });
    this.replay.take();
    if (fresh || count !== this.panels.length) this.camera.fit();
    this.layout();
    this.root.dataset.drawn = spec.stamp;
  }

  setPoints(points) {
    if (points !== this.points) this.nearest = points && new Nearest(points.x, points.y, this.spec.bounds);
    this.points = points;
  }

  // Which points stand out: those of the region, else those the server names.
  choose() {
    const { points, focus } = this;
    this.inside = null;
    if (!points) return;
    if (this.polygons.length) this.inside = insideAny(points.x, points.y, this.polygons);
    else if (focus && points.id) {
      const wanted = new Set(focus);
      this.inside = Uint8Array.from(points.id, (id) => (wanted.has(id) ? 1 : 0));
    } else if (focus) {
      this.inside = new Uint8Array(points.x.length);
      for (const id of focus) this.inside[id] = 1;
    }
  }

  addPanel() {
    const node = element(element(this.stage, "div", "frame"), "div", "panel");
    const panel = new Panel(this, node, this.panels.length);
    this.panels.push(panel);
    steer(node, this, panel);
  }

  resized() {
    if (this.panels.length) this.layout();
  }

  layout(ratio = pixelRatio()) {
    if (!this.root.clientWidth) return;
    const count = this.panels.length;
    const width = Math.floor((this.root.clientWidth - GAP * (count - 1)) / count);
    const { bounds, height } = this.spec;
    this.area = { left: 0, top: 0, width, height };
    this.ratio = ratio;
    const [x0, x1, y0, y1] = bounds;
    const [across, up] = [MARGIN * (x1 - x0), MARGIN * (y1 - y0)];
    this.camera.setArea(this.area);
    this.camera.setBounds([x0 - across, x1 + across, y0 - up, y1 + up], BAR);
    for (const panel of this.panels) panel.resize(width, height, ratio);
    this.draw();
  }

  // Diameter of a point in CSS pixels.
  get size() {
    const n = this.spec.rows;
    const plain = n <= 800 ? 8 : n <= 3_000 ? 6.5 : n <= 12_000 ? 4.6 : n <= 60_000 ? 3.2 : 2.6;
    return Math.min(11, plain * Math.min(3, Math.max(1, this.camera.nearness) ** 0.4));
  }

  // Draw in the next frame, and tell the server what is in view where it wants to know.
  moved() {
    super.moved();
    if (!this.spec.asks_frame) return;
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => {
      this.setState("frame", this.camera.nearness <= 1.001 ? null : this.camera.view);
    }, SETTLED);
  }

  draw() {
    for (const panel of this.panels) panel.draw();
  }

  drawOver(now = performance.now()) {
    for (const panel of this.panels) panel.drawOver(now);
  }

  clear() {
    if (this.polygons.length || this.row) this.setRegion([], null);
  }

  // Show a region and tell the server: polygons, the one row that was clicked, or nothing.
  setRegion(polygons, row) {
    [this.polygons, this.row] = [polygons, row];
    this.markTools();
    this.choose();
    this.draw();
    const { place } = this.spec;
    const region = row ? { id: row.id, place } : { polygons, place };
    this.setState("region", row || polygons.length ? region : null);
  }

  under(px, py, panel) {
    return panel.under(px, py);
  }

  // The corners of a stroke, in pixels: those of a box, or the path.
  corners({ start: [ax, ay], end: [bx, by], path }) {
    const box = [ax, bx].flatMap((x, k) => [
      [x, k ? by : ay],
      [x, k ? ay : by],
    ]);
    return this.tool === "box" ? box : path;
  }

  sketch(stroke, panel) {
    panel.sketched = stroke && this.corners(stroke);
    panel.drawOver();
  }

  finish(stroke) {
    const polygon = this.corners(stroke).map(([px, py]) => this.camera.toData(px, py));
    this.setRegion(stroke.add ? [...this.polygons, polygon] : [polygon], null);
  }

  click(px, py, panel) {
    const hit = panel.under(px, py);
    if (hit?.id !== undefined) this.setRegion([], { id: Number(hit.id), at: hit.at });
    else if (this.row) this.clear();
  }

  hover(px, py, panel) {
    const hit = panel.under(px, py);
    if (!hit) {
      this.leave();
      return;
    }
    showTip(panel.tip, hit, px, py, this.area);
    for (const other of this.panels) other.pointed = hit.at;
    this.drawOver();
  }

  leave() {
    const shown = this.panels.some((panel) => panel.tip.style.display === "block" || panel.pointed);
    for (const panel of this.panels) {
      panel.tip.style.display = "none";
      panel.pointed = null;
    }
    if (shown) this.drawOver();
  }

  savePng() {
    const { ratio } = this;
    this.layout(2 * ratio);
    const [{ ground }] = this.panels;
    const layers = this.panels.flatMap((panel, k) =>
      [panel.ground, panel.picked, panel.over].map((layer) => [layer, k * ground.width, 0]),
    );
    savePng(this.name, ground.width * this.panels.length, ground.height, layers);
    this.layout(ratio);
  }

  svg() {
    const { width, height } = this.area;
    const svg = svgElement(null, "svg", { viewBox: `0 0 ${width * this.panels.length} ${height}` });
    this.panels.forEach((panel, k) => {
      drawPanel(panel, svgElement(svg, "g", { transform: `translate(${k * width} 0)` }));
    });
    return svg;
  }
}

// The columns of a table of points, as they were taken the last time where it is the same table.
function pointsOf(table, before = null) {
  if (!table || before?.table === table) return table ? before : null;
  const [x, y, id] = ["x", "y", "id"].map((name) => column(table, name));
  return { table, x, y, id, words: table.getChild("words") };
}

function binsOf(table, grid) {
  const n = column(table, "n");
  const most = n.reduce((largest, each) => Math.max(largest, each), 1);
  return { grid, n, most, index: column(table, "bin"), values: [column(table, "value0"), column(table, "value1")] };
}

export default (args) => mount(args, ".map", MapPlot);
