// A scatter with axes, one point a row. The lengths are carried once; a move of the threshold sends new heights only.

import { Camera } from "../widgets/canvas/camera.mjs";
import { Nearest } from "../widgets/canvas/nearest.mjs";
import { savePng } from "../widgets/canvas/picture.mjs";
import { column, drawRing, mount, Plot, pixelRatio, resize, showTip } from "../widgets/canvas/plot.mjs";
import { steer } from "../widgets/canvas/pointer.mjs";
import { Raster } from "../widgets/canvas/raster.mjs";
import { Shades } from "../widgets/canvas/shades.mjs";
import { element, svgElement } from "../widgets/dom.mjs";
import { canvasPen, drawAxes, logTicks, roundTicks, written } from "./axes.mjs";
import { drawKey, scatterSvg } from "./picture.mjs";

const RIGHT = 12; // pixels around the points
const TOP = 8;
const BOTTOM = 46;
const MARGIN = 0.025; // of the lengths, free on each side

class Scatter extends Plot {
  constructor(root) {
    super(root, new Camera({ closest: 2_000 }));
    this.name = "length";
    this.head = element(root, "div", "head");
    this.legend = element(this.head, "div", "legend");
    this.node = element(root, "div", "panel");
    [this.ground, this.over] = ["ground", "over"].map((name) => element(this.node, "canvas", name));
    this.tip = element(this.node, "div", "tip");
    this.pointed = -1; // the point under the pointer
    this.addTools(this.head, ["into", "pan", "log", "closer", "further", "all", "save"]);
    steer(this.node, this);
  }

  markTools() {
    super.markTools();
    this.buttons.log.setAttribute("aria-pressed", String(this.log));
    this.node.dataset.tool = this.tool;
  }

  press(name) {
    super.press(name);
    if (name !== "log") return;
    this.log = !this.log;
    this.camera.fit();
    this.measure();
    this.draw();
  }

  // Take what the server sent. The reader's zoom stays, unless an axis now measures something else.
  take(args) {
    this.root.style.minHeight = `${args.data.spec.height}px`;
    if (!this.accept(args)) return;
    const { carried, spec } = this;
    const { data } = args;
    this.open = (row) => args.setTriggerValue("open", row);
    const fresh = this.frame !== spec.frame;
    this.frame = spec.frame;
    if (fresh) {
      this.log = spec.log;
      this.camera.fit();
    }
    if (carried !== this.table || fresh) {
      this.table = carried;
      const [tokens, characters, id] = ["tokens", "characters", "id"].map((name) => column(carried, name));
      this.points = { tokens, characters, id, words: carried.getChild("words") };
      this.measure();
    }
    this.heights = column(data.heights, "y");
    this.most = this.heights.reduce((most, each) => Math.max(most, each), 1);
    this.values = column(data.values, "value");
    this.chooseColours();
    this.order = this.values ? this.shades.order(this.values) : null;
    this.curves = spec.curves.map((look, k) => {
      const [x, y] = ["x", "y"].map((name) => column(data[`curve${k}`], name));
      return { ...look, x, y };
    });
    this.node.setAttribute("aria-label", spec.alt);
    this.markTools();
    this.draw();
    this.root.dataset.drawn = spec.stamp;
  }

  // Where a length lies along its axis: at its value, or at its exponent of ten.
  along(length) {
    return this.log ? Math.log10(Math.max(1, length)) : length;
  }

  measure() {
    this.x = Float32Array.from(this.points[this.spec.measure], (length) => this.along(length));
    const ends = ([low, high], each) => [Math.min(low, each), Math.max(high, each)];
    this.ends = this.x.length ? this.x.reduce(ends, [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) : [0, 1];
  }

  // Colours and legend, where they are other ones: a category shown alone stays alone while the threshold moves.
  chooseColours() {
    const { look, curves } = this.spec;
    const key = JSON.stringify([look, curves, this.theme]);
    if (key === this.coloured) return;
    this.coloured = key;
    this.shades = new Shades(look, this.theme);
    this.shades.legend(this.legend, () => this.draw());
    for (const { name, dashed } of curves) {
      const entry = element(this.legend, "span", "entry line");
      const mark = svgElement(null, "svg", { viewBox: "0 0 22 4", class: "stroke" });
      const stroke = { stroke: `rgb(${this.theme.accent})`, "stroke-width": 2 };
      svgElement(mark, "path", { d: "M0,2H22", ...stroke, "stroke-dasharray": dashed ? "3 3" : "none" });
      entry.append(mark, name);
    }
  }

  // Place the points and the ticks: sizes in CSS pixels.
  layout() {
    const { camera, ends, most } = this;
    this.width = this.root.clientWidth || 600;
    this.height = Math.max(220, this.spec.height - this.head.offsetHeight);
    const room = MARGIN * (ends[1] - ends[0] || 1);
    camera.setBounds([ends[0] - room, ends[1] + room, -0.02 * most, 1.05 * most]);
    const height = this.height - TOP - BOTTOM;
    const [x0, x1, y0, y1] = camera.view;
    const y = roundTicks(y0, y1, height / 55);
    const left = 34 + 8 * Math.max(2, ...y.map((value) => written(value).length));
    const width = Math.max(80, this.width - left - RIGHT);
    const x = (this.log ? logTicks : roundTicks)(x0, x1, width / 90);
    this.ticks = { x, y };
    camera.setArea({ left, top: TOP, width, height });
  }

  // Where a length and a height lie in pixels.
  place(length, height) {
    return this.camera.toPixels(this.along(length), height);
  }

  // Diameter of a point in CSS pixels.
  get size() {
    const n = this.heights.length;
    return (n > 20_000 ? 4 : n > 2_000 ? 5 : 6) * Math.min(2, Math.max(1, this.camera.nearness) ** 0.25);
  }

  resized() {
    if (this.heights && this.root.clientWidth !== this.width) this.draw();
  }

  draw(ratio = pixelRatio()) {
    this.ratio = ratio;
    this.layout();
    resize([this.ground, this.over], this.width, this.height, ratio);
    const pen = this.ground.getContext("2d");
    const { left, top } = this.camera.area;
    this.drawPoints();
    pen.putImageData(this.raster.image, Math.round(left * ratio), Math.round(top * ratio));
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    drawAxes(canvasPen(pen, this.theme), this);
    this.drawOver();
  }

  drawPoints() {
    const { camera, heights, ratio, shades, values } = this;
    const { left, top, width, height } = camera.area;
    const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (this.raster?.width !== wide || this.raster.height !== high) this.raster = new Raster(wide, high);
    const { raster } = this;
    const n = heights.length;
    const [x0, , , y1] = camera.view;
    const places = { x: new Float32Array(n), y: new Float32Array(n) }; // in pixels
    raster.fill(this.theme.paper);
    const strong = n > 20_000 ? 115 : 154;
    const size = this.size * ratio;
    const masks = {};
    for (let k = 0; k < n; k++) {
      const i = this.order ? this.order[k] : k;
      const value = values ? values[i] : Number.NaN;
      const [x, y] = [(this.x[i] - x0) * camera.across, (y1 - heights[i]) * camera.up];
      places.x[i] = left + x;
      places.y[i] = top + y;
      const shape = shades.shape(value);
      masks[shape] ??= raster.mask(shape, size);
      raster.stamp(masks[shape], x * ratio, y * ratio, shades.colour(value), shades.faded(value) ? 14 : strong);
    }
    this.places = places;
    this.nearest = null;
  }

  // What lies over the points: the fitted curves, the point under the pointer, the box that is being drawn.
  drawOver() {
    const { over, ratio, theme } = this;
    const { left, top, width, height } = this.camera.area;
    const pen = over.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, this.width, this.height);
    pen.save();
    pen.beginPath();
    pen.rect(left, top, width, height);
    pen.clip();
    pen.lineWidth = 2.2;
    pen.strokeStyle = `rgb(${theme.accent})`;
    for (const { x, y, dashed } of this.curves) {
      pen.beginPath();
      pen.setLineDash(dashed ? [2.5, 3.5] : []);
      for (let k = 0; k < x.length; k++) pen.lineTo(...this.place(x[k], y[k]));
      pen.stroke();
    }
    pen.setLineDash([]);
    if (this.pointed >= 0) {
      drawRing(pen, [this.places.x[this.pointed], this.places.y[this.pointed]], this.size / 2 + 4, theme.ink);
    }
    pen.restore();
    if (this.sketched) {
      const { start, end } = this.sketched;
      const box = [...start, end[0] - start[0], end[1] - start[1]];
      pen.fillStyle = `rgba(${theme.accent},0.08)`;
      pen.strokeStyle = `rgb(${theme.accent})`;
      pen.fillRect(...box);
      pen.strokeRect(...box);
    }
  }

  clear() {
    this.fit();
  }

  sketch(stroke) {
    this.sketched = stroke;
    this.drawOver();
  }

  finish({ start, end }) {
    this.camera.zoomInto(start, end);
    this.moved();
  }

  click(px, py) {
    const i = this.under(px, py);
    if (i !== null) this.open(Number(this.points.id ? this.points.id[i] : i));
  }

  // The point at a place in pixels; null where there is none.
  under(px, py) {
    if (!this.places) return null;
    const { left, top, width, height } = this.camera.area;
    if (px < left || py < top || px > left + width || py > top + height) return null;
    this.nearest ??= new Nearest(this.places.x, this.places.y, [left, left + width, top, top + height], 96);
    const i = this.nearest.find(px, py, Math.max(6, this.size / 2 + 3));
    return i < 0 ? null : i;
  }

  hover(px, py) {
    const i = this.under(px, py);
    if (i === null) {
      this.leave();
      return;
    }
    const { points, spec } = this;
    const about = this.shades.words(this.values ? this.values[i] : Number.NaN);
    const counts = `${written(points[spec.measure][i])} ${spec.measure}, ${written(this.heights[i])} features`;
    showTip(this.tip, { words: points.words.get(i), line: about ? `${counts}, ${about}` : counts }, px, py, this);
    this.node.style.cursor = "pointer";
    this.pointed = i;
    this.drawOver();
  }

  leave() {
    this.tip.style.display = "none";
    this.node.style.cursor = "";
    if (this.pointed < 0) return;
    this.pointed = -1;
    this.drawOver();
  }

  savePng() {
    const { ratio } = this;
    this.draw(2 * ratio);
    const key = document.createElement("canvas");
    const pen = key.getContext("2d");
    key.width = this.ground.width;
    key.height = Math.round(drawKey(this, null) * this.ratio);
    pen.scale(this.ratio, this.ratio);
    drawKey(this, canvasPen(pen, this.theme));
    const paper = document.createElement("canvas");
    [paper.width, paper.height] = [key.width, key.height + this.ground.height];
    const ground = paper.getContext("2d");
    ground.fillStyle = `rgb(${this.theme.paper})`;
    ground.fillRect(0, 0, paper.width, paper.height);
    const layers = [paper, key].map((layer) => [layer, 0, 0]);
    layers.push(...[this.ground, this.over].map((layer) => [layer, 0, key.height]));
    savePng(this.name, paper.width, paper.height, layers);
    this.draw(ratio);
  }

  svg() {
    return scatterSvg(this);
  }
}

export default (args) => mount(args, ".scatter", Scatter);
