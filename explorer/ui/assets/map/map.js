// The map: one camera for one or two panels, tools, replay, and what goes to the server (region, frame).

const POINTS = (globalThis.__explorerPoints ??= new Map()); // points that a carrier element brought, by key
const INSTANCES = new WeakMap();

class ScatterMap {
  constructor(root) {
    this.root = root;
    this.camera = { x: 0, y: 0, unit: 1 };
    this.tool = "lasso";
    this.polygons = [];
    this.landing = [];
    this.panels = [];
    this.toolbar();
    this.replay = new Replay(this, element("div", "replay", root));
    this.stage = element("div", "stage", root);
    root.append(this.replay.node);
    this.watch = new ResizeObserver(() => this.layout());
    this.watch.observe(root);
    this.arrived = (event) => event.detail === this.spec?.points && this.take(this.given);
    document.addEventListener("explorer-points", this.arrived);
  }

  end() {
    this.watch.disconnect();
    this.replay.stop();
    clearTimeout(this.waiting);
    document.removeEventListener("explorer-points", this.arrived);
  }

  toolbar() {
    const bar = element("div", "tools", this.root);
    const icons = {
      lasso: ["Lasso: draw around points (hold Shift to add)", "M4 9c0-3 4-5 8-5s8 2 8 5-4 5-8 5c-1.6 0-3-.3-4.300-.8M7.700 13.200c-1.500.3-2.700 1.500-2.700 2.800 0 1.500 1.500 2.500 3 2.500M6 21c2 0 2.500-1.500 2-2.800"],
      box: ["Box (hold Shift to add)", "M4 5h16v14H4z"],
      pan: ["Move the map (or drag with the right button)", "M12 3v18M3 12h18M12 3l-2.500 2.500M12 3l2.500 2.500M12 21l-2.500-2.500M12 21l2.500-2.500M3 12l2.500-2.500M3 12l2.500 2.500M21 12l-2.500-2.500M21 12l-2.500 2.500"],
      closer: ["Zoom in", "M12 5v14M5 12h14"],
      further: ["Zoom out", "M5 12h14"],
      all: ["Show everything", "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5"],
      clear: ["Clear the region (Esc)", "M6 6l12 12M18 6L6 18"],
      save: ["Save the picture", "M12 4v11M7 11l5 5 5-5M5 20h14"],
    };
    this.buttons = {};
    for (const [name, [title, path]] of Object.entries(icons)) {
      const button = element("button", "tool", bar);
      button.title = title;
      button.setAttribute("aria-label", title);
      const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      svg.setAttribute("viewBox", "0 0 24 24");
      const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
      line.setAttribute("d", path);
      svg.append(line);
      button.append(svg);
      button.onclick = () => this.press(name);
      this.buttons[name] = button;
    }
    this.mark_tool();
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
    this.points = carried || (data.points ? pointsOf(data.points) : null);
    if (this.points && this.points !== this.known) this.nearest = new Nearest(this.points.x, this.points.y, spec.bounds);
    this.known = this.points;
    if (!this.points) this.nearest = null;
    this.bins = data.bins ? binsOf(data.bins, spec.grid) : null;
    if (before && before.place !== spec.place) [this.polygons, this.row] = [[], null];
    this.look();
    this.focus = data.focus ? columnOf(data.focus, "id") : null;
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
      const values = data[`values${k}`] ? columnOf(data[`values${k}`], "value") : null;
      const picks = data[`picks${k}`] ? picksOf(data[`picks${k}`]) : null;
      panel.take(spec.panels[k], values, picks);
    });
    this.replay.take();
    const fresh = !before || before.place !== spec.place;
    this.layout(fresh || before.panels.length !== spec.panels.length);
    this.root.dataset.drawn = spec.stamp;
  }

  look() {
    const style = getComputedStyle(this.root);
    this.paper = cssColour(style.getPropertyValue("--st-background-color"), "#ffffff");
    this.ink = cssColour(style.getPropertyValue("--st-text-color"), "#1b2027");
    this.font = style.getPropertyValue("--st-font") || "sans-serif";
    this.dark = this.paper[0] + this.paper[1] + this.paper[2] < 382;
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
    node.tabIndex = 0;
    node.setAttribute("role", "application");
    const at = (event) => {
      const box = node.getBoundingClientRect();
      return [event.clientX - box.left - node.clientLeft, event.clientY - box.top - node.clientTop];
    };
    node.addEventListener("contextmenu", (event) => event.preventDefault());
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
        this.camera.x -= (now[0] - drawing.last[0]) / this.camera.unit;
        this.camera.y += (now[1] - drawing.last[1]) / this.camera.unit;
        drawing.last = now;
        this.moved();
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
    node.addEventListener("wheel", (event) => {
      const focused = this.root.getRootNode().activeElement === node;
      if (!focused && !event.ctrlKey && !event.metaKey) return; // the page scrolls
      event.preventDefault();
      this.zoom(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0016)), panel, ...at(event));
    }, { passive: false });
    node.addEventListener("keydown", (event) => {
      const step = 60 / this.camera.unit;
      const move = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] }[event.key];
      if (move) {
        this.camera.x += move[0];
        this.camera.y += move[1];
        this.moved();
      } else if (event.key === "+" || event.key === "=") this.zoom(1.4);
      else if (event.key === "-") this.zoom(1 / 1.4);
      else if (event.key === "0") this.fit();
      else if (event.key === "Escape") this.clear();
      else return;
      event.preventDefault();
    });
  }

  point(panel, px, py) {
    const hit = panel.under(px, py);
    if (!hit) return this.hide_tips();
    panel.tip.replaceChildren();
    element("b", "", panel.tip).textContent = hit.words || "(empty)";
    if (hit.line) element("span", "", panel.tip).textContent = hit.line;
    panel.tip.style.display = "block";
    const wide = panel.tip.offsetWidth;
    panel.tip.style.left = `${Math.max(4, Math.min(panel.width - wide - 4, px + 14))}px`;
    panel.tip.style.top = `${py + 90 > panel.height ? py - panel.tip.offsetHeight - 10 : py + 14}px`;
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

function columnOf(table, name) {
  const column = table.getChild(name);
  return column ? column.toArray() : null;
}

function pointsOf(table) {
  return { x: columnOf(table, "x"), y: columnOf(table, "y"), id: columnOf(table, "id"), words: table.getChild("words") };
}

function picksOf(table) {
  return pointsOf(table);
}

function binsOf(table, grid) {
  const n = columnOf(table, "n");
  let most = 1;
  for (const count of n) most = Math.max(most, count);
  return { grid, n, most, index: columnOf(table, "bin"), values: [columnOf(table, "value0"), columnOf(table, "value1")] };
}

export default function draw(args) {
  const root = args.parentElement.querySelector(".map");
  if (!root) {
    const { data } = args; // the carrier: it only brings points
    POINTS.clear();
    POINTS.set(data.key, pointsOf(data.points));
    document.dispatchEvent(new CustomEvent("explorer-points", { detail: data.key }));
    return;
  }
  if (!INSTANCES.has(root)) {
    const made = new ScatterMap(root);
    INSTANCES.set(root, made);
    root.map = made;
  }
  const map = INSTANCES.get(root);
  map.take(args);
  return () => {
    map.end();
    INSTANCES.delete(root);
  };
}
