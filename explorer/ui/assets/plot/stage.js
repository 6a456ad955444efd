// What every plot on a canvas has around it: points brought once, tools, theme, keys and wheel, hover, saved pictures.

const POINTS = (globalThis.__explorerPoints ??= new Map()); // tables that a carrier element brought, by key
const INSTANCES = new WeakMap();
const ICONS = {
  lasso: ["Lasso: draw around points (hold Shift to add)", "M4 9c0-3 4-5 8-5s8 2 8 5-4 5-8 5c-1.6 0-3-.3-4.300-.8M7.700 13.200c-1.500.3-2.700 1.500-2.700 2.800 0 1.500 1.500 2.500 3 2.500M6 21c2 0 2.500-1.500 2-2.800"],
  box: ["Box (hold Shift to add)", "M4 5h16v14H4z"],
  into: ["Zoom into a box that you draw", "M4 8V4h4M16 4h4v4M20 16v4h-4M8 20H4v-4M12 9v6M9 12h6"],
  pan: ["Move the plot (or drag with the right button)", "M12 3v18M3 12h18M12 3l-2.500 2.500M12 3l2.500 2.500M12 21l-2.500-2.500M12 21l2.500-2.500M3 12l2.500-2.500M3 12l2.500 2.500M21 12l-2.500-2.500M21 12l-2.500 2.500"],
  log: ["Logarithmic length axis", "M4 4v16h16M6 17c1-7 5-10 13-11"],
  closer: ["Zoom in", "M12 5v14M5 12h14"],
  further: ["Zoom out", "M5 12h14"],
  all: ["Show everything", "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5"],
  clear: ["Clear the region (Esc)", "M6 6l12 12M18 6L6 18"],
  save: ["Save the picture", "M12 4v11M7 11l5 5 5-5M5 20h14"],
};

function element(tag, name, parent) {
  const made = document.createElement(tag);
  made.className = name;
  parent.append(made);
  return made;
}

function svgNode(parent, tag, values, text = "") {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(values)) node.setAttribute(name, value);
  if (text) node.textContent = text;
  if (parent) parent.append(node);
  return node;
}

// Buttons by name; `press(name)` answers a click.
function toolbar(host, names, press) {
  const bar = element("div", "tools", host);
  const buttons = {};
  for (const name of names) {
    const [title, path] = ICONS[name];
    const button = (buttons[name] = element("button", "tool", bar));
    button.title = title;
    button.setAttribute("aria-label", title);
    svgNode(svgNode(button, "svg", { viewBox: "0 0 24 24" }), "path", { d: path });
    button.onclick = () => press(name);
  }
  return buttons;
}

// Colours and font of the theme around `root`.
function themeOf(root) {
  const style = getComputedStyle(root);
  const paper = cssColour(style.getPropertyValue("--st-background-color"), "#ffffff");
  const ink = cssColour(style.getPropertyValue("--st-text-color"), "#1b2027");
  const font = style.getPropertyValue("--st-font") || "sans-serif";
  return { paper, ink, font, dark: paper[0] + paper[1] + paper[2] < 382 };
}

// Where an event is, in pixels from the corner inside the border of `node`.
function spotIn(node, event) {
  const box = node.getBoundingClientRect();
  return [event.clientX - box.left - node.clientLeft, event.clientY - box.top - node.clientTop];
}

// Wheel and keys on `node`: `view` has zoom(factor, x, y), shift(dx, dy) in pixels, fit() and clear().
function steer(node, root, view) {
  node.tabIndex = 0;
  node.setAttribute("role", "application");
  node.addEventListener("contextmenu", (event) => event.preventDefault());
  node.addEventListener("wheel", (event) => {
    const focused = root.getRootNode().activeElement === node;
    if (!focused && !event.ctrlKey && !event.metaKey) return; // the page scrolls
    event.preventDefault();
    view.zoom(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0016)), ...spotIn(node, event));
  }, { passive: false });
  node.addEventListener("keydown", (event) => {
    const move = { ArrowLeft: [-60, 0], ArrowRight: [60, 0], ArrowUp: [0, -60], ArrowDown: [0, 60] }[event.key];
    if (move) view.shift(...move);
    else if (event.key === "+" || event.key === "=") view.zoom(1.4);
    else if (event.key === "-") view.zoom(1 / 1.4);
    else if (event.key === "0") view.fit();
    else if (event.key === "Escape") view.clear();
    else return;
    event.preventDefault();
  });
}

// Show what is under the pointer beside it; its text is written as text only.
function showTip(tip, hit, px, py, width, height) {
  tip.replaceChildren();
  element("b", "", tip).textContent = hit.words || "(empty)";
  if (hit.line) element("span", "", tip).textContent = hit.line;
  tip.style.display = "block";
  tip.style.left = `${Math.max(4, Math.min(width - tip.offsetWidth - 4, px + 14))}px`;
  tip.style.top = `${py + 90 > height ? py - tip.offsetHeight - 10 : py + 14}px`;
}

function columnOf(table, name) {
  const column = table && table.getChild(name);
  return column ? column.toArray() : null;
}

// The drawing of an element: the one that is there takes what the server sent, a new one is made at first.
function mount(root, Drawing, args) {
  if (!INSTANCES.has(root)) {
    const made = new Drawing(root);
    INSTANCES.set(root, made);
    root.map = made;
    made.arrived = (event) => event.detail === made.spec?.points && made.take(made.given);
    document.addEventListener("explorer-points", made.arrived);
  }
  const drawing = INSTANCES.get(root);
  drawing.take(args);
  return () => {
    document.removeEventListener("explorer-points", drawing.arrived);
    drawing.end();
    INSTANCES.delete(root);
  };
}

// Save layers of canvases, lying on each other at (x, y), as one PNG.
function savePng(name, width, height, layers) {
  const sheet = document.createElement("canvas");
  sheet.width = width;
  sheet.height = height;
  const pen = sheet.getContext("2d");
  for (const [canvas, x, y] of layers) pen.drawImage(canvas, x, y);
  sheet.toBlob((blob) => offer(blob, `${name}.png`));
}

function saveSvg(name, svg) {
  svg.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  offer(new Blob([new XMLSerializer().serializeToString(svg)], { type: "image/svg+xml" }), `${name}.svg`);
}

function offer(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
