// Pointer, wheel and keys on the panel of a plot. A drag pans or draws a stroke; a stroke that goes nowhere is a click.

const CLICK = 5; // pixels: a shorter stroke is a click
const STEP = 2; // pixels between the corners of a path
const MOVES = { ArrowLeft: [-60, 0], ArrowRight: [60, 0], ArrowUp: [0, -60], ArrowDown: [0, 60] };
const ZOOMS = { "+": 1.4, "=": 1.4, "-": 1 / 1.4 };

const apart = ([ax, ay], [bx, by]) => Math.hypot(bx - ax, by - ay);

function extent(path) {
  const range = (values) => Math.max(...values) - Math.min(...values);
  return Math.max(range(path.map(([x]) => x)), range(path.map(([, y]) => y)));
}

// Where an event is, in pixels from the corner inside the border of `node`.
export function place(node, event) {
  const box = node.getBoundingClientRect();
  return [event.clientX - box.left - node.clientLeft, event.clientY - box.top - node.clientTop];
}

// Let `plot` follow the pointer on `node`. It has a `tool` ("pan" moves what is in view, as the other mouse buttons do
// with any tool), zoom(factor, x, y), pan(dx, dy), fit() and clear(); and it answers, all with the `panel` last:
// hover(x, y), leave(), click(x, y), under(x, y): what is there or null, sketch(stroke) while a stroke is drawn, and
// finish(stroke): {start, end, path, add}.
export function steer(node, plot, panel = null) {
  let stroke = null;
  node.tabIndex = 0;
  node.setAttribute("role", "application");
  const on = (name, answer, options) => node.addEventListener(name, answer, options);

  on("pointerdown", (event) => {
    const start = place(node, event);
    node.setPointerCapture(event.pointerId);
    node.focus({ preventScroll: true });
    plot.leave(panel);
    const pan = plot.tool === "pan" || event.button > 0;
    stroke = { start, end: start, path: [start], add: event.shiftKey, pan };
  });
  on("pointermove", (event) => {
    const now = place(node, event);
    if (!stroke) {
      plot.hover(...now, panel);
      return;
    }
    const last = stroke.end;
    stroke.end = now;
    if (stroke.pan) {
      plot.pan(last[0] - now[0], last[1] - now[1]);
      return;
    }
    if (apart(stroke.path.at(-1), now) >= STEP) stroke.path.push(now);
    plot.sketch(stroke, panel);
  });
  on("pointerup", (event) => {
    const drawn = stroke;
    stroke = null;
    if (!drawn || drawn.pan) return;
    drawn.end = place(node, event);
    drawn.path.push(drawn.end);
    plot.sketch(null, panel);
    if (extent(drawn.path) < CLICK) plot.click(...drawn.start, panel);
    else plot.finish(drawn, panel);
  });
  on("pointercancel", () => {
    stroke = null;
    plot.sketch(null, panel);
  });
  on("pointerleave", () => plot.leave(panel));
  on("dblclick", (event) => {
    if (plot.under(...place(node, event), panel) === null) plot.fit();
  });
  on("contextmenu", (event) => event.preventDefault());
  const wheel = (event) => {
    const focused = node.getRootNode().activeElement === node;
    if (!focused && !event.ctrlKey && !event.metaKey) return; // the page scrolls
    event.preventDefault();
    plot.zoom(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0016)), ...place(node, event));
  };
  on("wheel", wheel, { passive: false });
  on("keydown", (event) => {
    const { key } = event;
    if (MOVES[key]) plot.pan(...MOVES[key]);
    else if (ZOOMS[key]) plot.zoom(ZOOMS[key]);
    else if (key === "0") plot.fit();
    else if (key === "Escape") plot.clear();
    else return;
    event.preventDefault();
  });
}
