// The map: one camera for one or two panels, tools, replay, and what goes to the server (region, frame).

class ScatterMap {
  constructor(root) {
    this.root = root;
    this.camera = { x: 0, y: 0, unit: 1 };
    this.tool = "lasso";
    this.polygons = [];
    this.landing = [];
    this.panels = [];
    const tools = ["lasso", "box", "pan", "closer", "further", "all", "clear", "save"];
    this.buttons = toolbar(root, tools, (name) => this.press(name));
    this.mark_tool();
    this.replay = new Replay(this, element("div", "replay", root));
    this.stage = element("div", "stage", root);
    root.append(this.replay.node);
    this.watch = new ResizeObserver(() => this.layout());
    this.watch.observe(root);
  }

  end() {
    this.watch.disconnect();
    this.replay.stop();
    clearTimeout(this.waiting);
  }

  mark_tool() {
    for (const name of ["lasso", "box", "pan"]) {
      this.buttons[name].setAttribute("aria-pressed", String(this.tool === name));
    }
    this.buttons.clear.hidden = !this.polygons.length && !this.row;
  }

  press(name) {
    if (["lasso", "box", "pan"].includes(name)) this.tool = name;
    if (name === "closer") this.zoom(1.6);
    if (name === "further") this.zoom(1 / 1.6);
    if (name === "all") this.fit();
    if (name === "clear") this.clear();
    if (name === "save") savePicture(this);
    this.mark_tool();
  }

  // Take what the server sent. Places, zoom and region stay as they are where the points are the same.
  take(args) {
    this.given = args;
    const { data } = args;
    this.state = args.setStateValue;
    const before = this.spec;
    const spec = (this.spec = data.spec);
    const carried = spec.points ? POINTS.get(spec.points) : null;
    if (spec.points && !carried) return; // the carrier element comes after this one
    this.bounds = spec.bounds;
    this.root.setAttribute("aria-label", spec.alt);
    this.points = pointsOf(carried || data.points, this.points);
    if (this.points && this.points !== this.known) this.nearest = new Nearest(this.points.x, this.points.y, spec.bounds);
    this.known = this.points;
    if (!this.points) this.nearest = null;
    this.bins = data.bins ? binsOf(data.bins, spec.grid) : null;
    if (before && before.place !== spec.place) [this.polygons, this.row] = [[], null];
    Object.assign(this, themeOf(this.root));
    this.focus = columnOf(data.focus, "id");
    this.choose();
    while (this.panels.length < spec.panels.length) {
      const frame = element("div", "frame", this.stage);
      const panel = new Panel(this, element("div", "panel", frame));
      panel.number = this.panels.length;
      this.panels.push(panel);
      this.listen(panel);
    }
    while (this.panels.length > spec.panels.length) this.panels.pop().node.parentElement.remove();
    this.panels.forEach((panel, k) => {
      const values = columnOf(data[`values${k}`], "value");
      const picks = pointsOf(data[`picks${k}`]);
      panel.take(spec.panels[k], values, picks);
    });
    this.replay.take();
    const fresh = !before || before.place !== spec.place;
    this.layout(fresh || before.panels.length !== spec.panels.length);
    this.root.dataset.drawn = spec.stamp;
  }

  // Which points stand out: those of the region, else those the server names.
  choose() {
    const { points } = this;
    this.inside = null;
    if (!points) return;
    if (this.polygons.length) this.inside = insideAny(points.x, points.y, this.polygons);
    else if (this.focus) {
      this.inside = new Uint8Array(points.x.length);
      if (points.id) {
        const wanted = new Set(this.focus);
        points.id.forEach((id, i) => (this.inside[i] = wanted.has(id) ? 1 : 0));
      } else for (const id of this.focus) this.inside[id] = 1;
    }
  }

  layout(fit = false) {
    if (!this.panels.length || !this.root.clientWidth) return;
    const gap = 12;
    const width = Math.floor((this.root.clientWidth - gap * (this.panels.length - 1)) / this.panels.length);
    const { height } = this.spec;
    const first = !this.width;
    const grown = first ? 1 : width / this.width;
    this.ratio = Math.min(2, globalThis.devicePixelRatio || 1);
    this.width = width;
    for (const panel of this.panels) panel.resize(width, height, this.ratio);
    if (fit || first) this.fit(false);
    else this.camera.unit *= Math.min(grown, 1) || 1;
    this.draw();
  }

  fit(draw = true) {
    const [x0, x1, y0, y1] = this.bounds;
    this.camera.x = (x0 + x1) / 2;
    const bar = 40; // pixels at the top that the tools cover
    this.base = Math.min((0.95 * this.width) / (x1 - x0 || 1), (0.97 * (this.spec.height - bar)) / (y1 - y0 || 1));
    this.camera.unit = this.base;
    this.camera.y = (y0 + y1) / 2 + bar / 2 / this.base;
    if (draw) this.moved();
  }

  // Diameter of a point in CSS pixels.
  size() {
    const n = this.spec.rows;
    const plain = n <= 800 ? 8 : n <= 3_000 ? 6.5 : n <= 12_000 ? 4.6 : n <= 60_000 ? 3.2 : 2.6;
    return Math.min(11, plain * Math.min(3, Math.max(1, this.camera.unit / this.base) ** 0.4));
  }

  spot(panel, px, py) {
    const { camera } = this;
    return [camera.x + (px - panel.width / 2) / camera.unit, camera.y - (py - panel.height / 2) / camera.unit];
  }

  zoom(factor, panel = this.panels[0], px = this.width / 2, py = this.spec.height / 2) {
    const [x, y] = this.spot(panel, px, py);
    this.camera.unit = Math.max(this.base * 0.5, Math.min(this.base * 400, this.camera.unit * factor));
    this.camera.x = x - (px - panel.width / 2) / this.camera.unit;
    this.camera.y = y + (py - panel.height / 2) / this.camera.unit;
    this.moved();
  }

  // Move what is in view by pixels.
  shift(dx, dy) {
    this.camera.x += dx / this.camera.unit;
    this.camera.y -= dy / this.camera.unit;
    this.moved();
  }

  // After a move: draw in the next frame, and tell the server what is in view where it wants to know.
  moved() {
    this.redraw();
    if (!this.spec.asks_frame) return;
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => {
      const [x0, y1] = this.spot(this.panels[0], 0, 0);
      const [x1, y0] = this.spot(this.panels[0], this.width, this.spec.height);
      const whole = this.camera.unit <= this.base * 1.001;
      this.state("frame", whole ? null : [x0, x1, y0, y1]);
    }, 220);
  }

  redraw() {
    if (this.queued) return;
    this.queued = requestAnimationFrame(() => {
      this.queued = 0;
      this.draw();
    });
  }

  draw() {
    for (const panel of this.panels) panel.draw();
  }

  draw_over(now = performance.now()) {
    for (const panel of this.panels) panel.draw_over(now);
  }

  clear() {
    if (!this.polygons.length && !this.row) return;
    [this.polygons, this.row] = [[], null];
    this.tell();
  }

  // Draw the region anew and tell the server: polygons, the one row that was clicked, or nothing.
  tell() {
    this.mark_tool();
    this.choose();
    this.draw();
    const { place } = this.spec;
    const region = this.row ? { id: this.row.id, place } : { polygons: this.polygons, place };
    this.state("region", this.row || this.polygons.length ? region : null);
  }

  listen(panel) {
    const node = panel.node;
    steer(node, this.root, {
      zoom: (factor, px, py) => this.zoom(factor, panel, px, py),
      shift: (dx, dy) => this.shift(dx, dy),
      fit: () => this.fit(),
      clear: () => this.clear(),
    });
    const at = (event) => spotIn(node, event);
    node.addEventListener("pointerdown", (event) => {
      const start = at(event);
      node.setPointerCapture(event.pointerId);
      node.focus({ preventScroll: true });
      this.hide_tips();
      const pan = this.tool === "pan" || event.button === 2 || event.button === 1;
      this.drawing = { panel, pan, start, last: start, pixels: pan ? [] : [start], add: event.shiftKey };
    });
    node.addEventListener("pointermove", (event) => {
      const now = at(event);
      const { drawing } = this;
      if (!drawing || drawing.panel !== panel) return this.point(panel, ...now);
      if (drawing.pan) {
        this.shift(drawing.last[0] - now[0], drawing.last[1] - now[1]);
        drawing.last = now;
      } else if (this.tool === "box") {
        const [[ax, ay], [bx, by]] = [drawing.start, now];
        drawing.pixels = [[ax, ay], [bx, ay], [bx, by], [ax, by]];
        panel.draw_over();
      } else {
        const [x, y] = drawing.pixels[drawing.pixels.length - 1];
        if (Math.hypot(now[0] - x, now[1] - y) >= 2) drawing.pixels.push(now);
        panel.draw_over();
      }
    });
    const finish = (event) => {
      const { drawing } = this;
      this.drawing = null;
      if (!drawing || drawing.pan) return;
      if (this.tool !== "box") drawing.pixels.push(at(event));
      const xs = drawing.pixels.map(([x]) => x);
      const ys = drawing.pixels.map(([, y]) => y);
      const extent = Math.max(Math.max(...xs) - Math.min(...xs), Math.max(...ys) - Math.min(...ys));
      if (extent < 5) {
        const hit = panel.under(...drawing.start);
        if (!hit || hit.id === undefined) return this.row ? this.clear() : this.draw_over();
        [this.polygons, this.row] = [[], { id: Number(hit.id), at: hit.at }];
        return this.tell();
      }
      this.row = null;
      const polygon = drawing.pixels.map(([x, y]) => this.spot(panel, x, y));
      this.polygons = drawing.add ? [...this.polygons, polygon] : [polygon];
      this.tell();
    };
    node.addEventListener("pointerup", finish);
    node.addEventListener("pointercancel", () => (this.drawing = null));
    node.addEventListener("pointerleave", () => this.hide_tips());
    node.addEventListener("dblclick", (event) => {
      const hit = panel.under(...at(event));
      if (!hit) this.fit();
    });
  }

  point(panel, px, py) {
    const hit = panel.under(px, py);
    if (!hit) return this.hide_tips();
    showTip(panel.tip, hit, px, py, panel.width, panel.height);
    for (const other of this.panels) other.pointed = hit.at;
    this.draw_over();
  }

  hide_tips() {
    let had = false;
    for (const panel of this.panels) {
      had ||= panel.tip.style.display === "block" || panel.pointed;
      panel.tip.style.display = "none";
      panel.pointed = null;
    }
    if (had) this.draw_over();
  }
}

// The columns of a table of points, as they were taken the last time where it is the same table.
function pointsOf(table, before = null) {
  if (!table || before?.table === table) return table ? before : null;
  const [x, y, id] = ["x", "y", "id"].map((name) => columnOf(table, name));
  return { table, x, y, id, words: table.getChild("words") };
}

function binsOf(table, grid) {
  const n = columnOf(table, "n");
  let most = 1;
  for (const count of n) most = Math.max(most, count);
  return { grid, n, most, index: columnOf(table, "bin"), values: [columnOf(table, "value0"), columnOf(table, "value1")] };
}

export default (args) => mount(args.parentElement.querySelector(".map"), ScatterMap, args);
