// A scatter with axes, one point a row. The lengths are carried once; a move of the threshold sends new heights only.

const EDGE = { right: 12, top: 8, bottom: 46 }; // pixels around the points

class Scatter {
  constructor(root) {
    this.root = root;
    const head = element("div", "head", root);
    this.legend = element("div", "legend", head);
    this.buttons = toolbar(head, ["into", "pan", "log", "closer", "further", "all", "save"], (name) => this.press(name));
    this.head = head;
    this.node = element("div", "panel", root);
    [this.ground, this.over] = ["ground", "over"].map((name) => element("canvas", name, this.node));
    this.tip = element("div", "tip", this.node);
    this.tool = "into";
    this.view = null; // [x0, x1, y0, y1] of the axes where the reader zoomed; else everything is shown
    steer(this.node, root, {
      zoom: (factor, px, py) => this.zoom(factor, px, py),
      shift: (dx, dy) => this.shift(dx, dy),
      fit: () => this.fit(),
      clear: () => this.fit(),
    });
    this.listen();
    this.watch = new ResizeObserver(() => this.width && this.root.clientWidth !== this.width && this.draw());
    this.watch.observe(root);
  }

  end() {
    this.watch.disconnect();
    cancelAnimationFrame(this.queued);
  }

  // Take what the server sent. What the reader zoomed into stays, unless an axis now measures something else.
  take(args) {
    this.given = args;
    const { data } = args;
    const before = this.spec;
    const spec = (this.spec = data.spec);
    const table = POINTS.get(spec.points);
    this.root.style.minHeight = `${spec.height}px`;
    if (!table) return; // the carrier element comes after this one
    this.open = (row) => args.setTriggerValue("open", row);
    Object.assign(this, themeOf(this.root));
    if (table !== this.table) {
      const columns = Object.fromEntries(["tokens", "characters", "id"].map((name) => [name, columnOf(table, name)]));
      this.points = { ...columns, words: table.getChild("words") };
    }
    const fresh = !before || before.frame !== spec.frame;
    if (fresh) this.log = spec.log;
    if (fresh) this.view = null;
    if (table !== this.table || fresh) this.measure();
    this.table = table;
    this.heights = columnOf(data.heights, "y");
    this.most = this.heights.reduce((most, each) => Math.max(most, each), 1);
    this.values = columnOf(data.values, "value");
    this.colour();
    this.order = this.values ? this.shades.order(this.values) : null;
    this.curves = spec.curves.map((look, k) => ({ ...look, x: columnOf(data[`curve${k}`], "x"), y: columnOf(data[`curve${k}`], "y") }));
    this.root.setAttribute("aria-label", spec.alt);
    this.node.setAttribute("aria-label", spec.alt);
    this.mark_tools();
    this.draw();
    this.root.dataset.drawn = spec.stamp;
  }

  // Where each row lies along the length axis: tokens or characters, or the exponent of ten of them.
  measure() {
    const lengths = this.points[this.spec.measure];
    this.along = Float32Array.from(lengths, this.log ? (value) => Math.log10(Math.max(1, value)) : (value) => value);
    this.ends = this.along.reduce(([low, high], each) => [Math.min(low, each), Math.max(high, each)], [Infinity, -Infinity]);
  }

  // Colours and legend, where they are other ones: a category shown alone stays alone while the threshold moves.
  colour() {
    const said = JSON.stringify([this.spec.look, this.spec.curves, this.dark]);
    if (said === this.said) return;
    this.said = said;
    this.shades = new Shades(this.spec.look, this.dark);
    this.shades.legend(this.legend, () => this.draw());
    for (const { name, dashed } of this.spec.curves) {
      const item = element("span", "entry line", this.legend);
      const mark = svgNode(null, "svg", { viewBox: "0 0 22 4", class: "stroke" });
      svgNode(mark, "path", { d: "M0,2H22", stroke: `rgb(${this.shades.accent})`, "stroke-width": 2, "stroke-dasharray": dashed ? "3 3" : "none" });
      item.append(mark, name);
    }
  }

  mark_tools() {
    for (const name of ["into", "pan"]) this.buttons[name].setAttribute("aria-pressed", String(this.tool === name));
    this.buttons.log.setAttribute("aria-pressed", String(this.log));
    this.node.dataset.tool = this.tool;
  }

  press(name) {
    if (name === "into" || name === "pan") this.tool = name;
    if (name === "log") {
      this.log = !this.log;
      this.view = null;
      this.measure();
      this.draw();
    }
    if (name === "closer") this.zoom(1.6);
    if (name === "further") this.zoom(1 / 1.6);
    if (name === "all") this.fit();
    if (name === "save") saveScatter(this);
    this.mark_tools();
  }

  whole() {
    const [low, high] = this.ends[0] <= this.ends[1] ? this.ends : [0, 1];
    const room = 0.025 * (high - low || 1);
    return [low - room, high + room, -0.02 * this.most, 1.05 * this.most];
  }

  // Everything that places a value: sizes in CSS pixels, the ticks, and the functions across and up.
  frame() {
    const width = this.root.clientWidth || 600;
    const height = Math.max(220, this.spec.height - this.head.offsetHeight);
    const [x0, x1, y0, y1] = this.view || this.whole();
    const high = height - EDGE.top - EDGE.bottom;
    const marks = roundTicks(y0, y1, high / 55);
    const left = 34 + 8 * Math.max(2, ...marks.map((value) => written(value).length));
    const wide = Math.max(80, width - left - EDGE.right);
    const ticks = { x: (this.log ? logTicks : roundTicks)(x0, x1, wide / 90), y: marks };
    const across = (value) => (((this.log ? Math.log10(Math.max(1, value)) : value) - x0) / (x1 - x0)) * wide;
    const up = (value) => ((y1 - value) / (y1 - y0)) * high;
    return { width, height, left, top: EDGE.top, wide, high, ticks, across, up, view: [x0, x1, y0, y1] };
  }

  // Diameter of a point in CSS pixels.
  size() {
    const n = this.heights.length;
    const [a0, a1] = this.whole();
    const [x0, x1] = this.at.view;
    const closer = Math.max(1, (a1 - a0) / (x1 - x0));
    return (n > 20_000 ? 4 : n > 2_000 ? 5 : 6) * Math.min(2, closer ** 0.25);
  }

  redraw() {
    this.queued ||= requestAnimationFrame(() => this.draw());
  }

  draw(ratio = Math.min(2, globalThis.devicePixelRatio || 1)) {
    this.queued = 0;
    if (!this.heights) return;
    this.ratio = ratio;
    const at = (this.at = this.frame());
    this.width = at.width;
    for (const canvas of [this.ground, this.over]) {
      canvas.width = Math.round(at.width * ratio);
      canvas.height = Math.round(at.height * ratio);
      canvas.style.width = `${at.width}px`;
      canvas.style.height = `${at.height}px`;
    }
    const pen = this.ground.getContext("2d");
    this.draw_points(at, ratio);
    pen.putImageData(this.raster.image, Math.round(at.left * ratio), Math.round(at.top * ratio));
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    drawAxes(canvasPen(pen, this.ink, this.font), at, this.spec.titles);
    this.draw_over();
  }

  draw_points(at, ratio) {
    const [wide, high] = [Math.round(at.wide * ratio), Math.round(at.high * ratio)];
    if (this.raster?.width !== wide || this.raster.height !== high) this.raster = new Raster(wide, high);
    const { raster, along, heights, values, shades } = this;
    const n = heights.length;
    const [x0, x1, y0, y1] = at.view;
    const [per_x, per_y] = [at.wide / (x1 - x0), at.high / (y1 - y0)];
    this.places = { x: new Float32Array(n), y: new Float32Array(n) };
    this.nearest = null;
    const { x, y } = this.places;
    raster.fill(this.paper);
    const strong = n > 20_000 ? 115 : 154;
    const size = this.size() * ratio;
    const masks = {};
    for (let k = 0; k < n; k++) {
      const i = this.order ? this.order[k] : k;
      const value = values ? values[i] : NaN;
      x[i] = (along[i] - x0) * per_x;
      y[i] = (y1 - heights[i]) * per_y;
      const [r, g, b] = shades.colour(value);
      const shape = shades.shape(value);
      const opacity = shades.faded(value) ? 14 : strong;
      raster.stamp((masks[shape] ??= raster.mask(shape, size)), x[i] * ratio, y[i] * ratio, r, g, b, opacity);
    }
  }

  // What lies over the points: the fitted curves, the point under the pointer, the box that is being drawn.
  draw_over() {
    const { at, over, ratio } = this;
    const pen = over.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, at.width, at.height);
    pen.save();
    pen.translate(at.left, at.top);
    pen.beginPath();
    pen.rect(0, 0, at.wide, at.high);
    pen.clip();
    for (const { x, y, dashed } of this.curves) {
      pen.beginPath();
      pen.setLineDash(dashed ? [2.5, 3.5] : []);
      for (let k = 0; k < x.length; k++) pen.lineTo(at.across(x[k]), at.up(y[k]));
      pen.lineWidth = 2.2;
      pen.strokeStyle = `rgb(${this.shades.accent})`;
      pen.stroke();
    }
    pen.setLineDash([]);
    if (this.pointed >= 0) {
      pen.beginPath();
      pen.arc(this.places.x[this.pointed], this.places.y[this.pointed], this.size() / 2 + 4, 0, 7);
      pen.lineWidth = 2;
      pen.strokeStyle = `rgb(${this.ink})`;
      pen.stroke();
    }
    pen.restore();
    if (this.drag?.box) {
      const [[ax, ay], [bx, by]] = this.drag.box;
      pen.fillStyle = `rgba(${this.shades.accent},0.08)`;
      pen.strokeStyle = `rgb(${this.shades.accent})`;
      for (const paint of ["fillRect", "strokeRect"]) pen[paint](ax, ay, bx - ax, by - ay);
    }
  }

  fit() {
    this.view = null;
    this.redraw();
  }

  // The value of both axes at a place in pixels.
  value(px, py) {
    const { at } = this;
    const [x0, x1, y0, y1] = at.view;
    return [x0 + ((px - at.left) / at.wide) * (x1 - x0), y1 - ((py - at.top) / at.high) * (y1 - y0)];
  }

  look_at(view) {
    this.at.view = this.view = view;
    this.redraw();
  }

  zoom(factor, px = this.at.left + this.at.wide / 2, py = this.at.top + this.at.high / 2) {
    const [x0, x1, y0, y1] = this.at.view;
    const [a0, a1] = this.whole();
    const now = (a1 - a0) / (x1 - x0);
    const by = Math.max(0.5 / now, Math.min(2_000 / now, factor));
    const [x, y] = this.value(px, py);
    this.look_at([x - (x - x0) / by, x + (x1 - x) / by, y - (y - y0) / by, y + (y1 - y) / by]);
  }

  // Move what is in view by pixels.
  shift(dx, dy) {
    const { at } = this;
    const [x0, x1, y0, y1] = at.view;
    const [x, y] = [(dx / at.wide) * (x1 - x0), (-dy / at.high) * (y1 - y0)];
    this.look_at([x0 + x, x1 + x, y0 + y, y1 + y]);
  }

  listen() {
    const { node } = this;
    const at = (event) => spotIn(node, event);
    node.addEventListener("pointerdown", (event) => {
      const start = at(event);
      node.setPointerCapture(event.pointerId);
      node.focus({ preventScroll: true });
      this.hide();
      this.drag = { start, last: start, pan: this.tool === "pan" || event.button > 0, box: null };
    });
    node.addEventListener("pointermove", (event) => {
      const now = at(event);
      const { drag } = this;
      if (!drag) return this.point(...now);
      if (drag.pan) this.shift(drag.last[0] - now[0], drag.last[1] - now[1]);
      else if (apart(drag.start, now) >= 5) drag.box = [drag.start, now];
      drag.last = now;
      if (!drag.pan) this.draw_over();
    });
    node.addEventListener("pointerup", (event) => {
      const { drag } = this;
      this.drag = null;
      if (!drag) return;
      const end = at(event);
      if (apart(drag.start, end) < 5 && event.button === 0) {
        const i = this.under(...drag.start);
        if (i >= 0) this.open(Number(this.row(i)));
      } else if (drag.box) this.zoom_into(drag.start, end);
    });
    node.addEventListener("pointercancel", () => (this.drag = null));
    node.addEventListener("pointerleave", () => this.hide());
    node.addEventListener("dblclick", (event) => this.under(...at(event)) < 0 && this.fit());
  }

  zoom_into(start, end) {
    const corners = [this.value(...start), this.value(...end)];
    const [xs, ys] = [0, 1].map((axis) => corners.map((corner) => corner[axis]).sort((a, b) => a - b));
    this.look_at([...xs, ...ys]);
    this.zoom(1); // keeps the size within its limits
  }

  svg() {
    return scatterSvg(this);
  }

  row(i) {
    return this.points.id ? this.points.id[i] : i;
  }

  // The point at a place in pixels; -1 where there is none.
  under(px, py) {
    if (!this.heights) return -1;
    const { at } = this;
    const [x, y] = [px - at.left, py - at.top];
    if (x < 0 || y < 0 || x > at.wide || y > at.high) return -1;
    this.nearest ??= new Nearest(this.places.x, this.places.y, [0, at.wide, 0, at.high], 96);
    return this.nearest.find(x, y, Math.max(6, this.size() / 2 + 3));
  }

  point(px, py) {
    const i = this.under(px, py);
    if (i < 0) return this.hide();
    const { points, spec } = this;
    const about = this.shades.said(this.values ? this.values[i] : NaN);
    const line = `${written(points[spec.measure][i])} ${spec.measure}, ${written(this.heights[i])} features${about ? `, ${about}` : ""}`;
    showTip(this.tip, { words: points.words.get(i), line }, px, py, this.at.width, this.at.height);
    this.node.style.cursor = "pointer";
    this.pointed = i;
    this.draw_over();
  }

  hide() {
    this.tip.style.display = "none";
    this.node.style.cursor = "";
    if (!(this.pointed >= 0)) return;
    this.pointed = -1;
    this.draw_over();
  }
}

const apart = ([ax, ay], [bx, by]) => Math.hypot(bx - ax, by - ay);

export default (args) => mount(args.parentElement.querySelector(".scatter"), Scatter, args);
