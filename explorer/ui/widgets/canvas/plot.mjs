// What every plot on a canvas has: tools, a camera, the theme, a hover, saved pictures, and points brought once.

import { element, svgElement } from "../dom.mjs";
import { themeOf } from "./colours.mjs";
import { saveSvg } from "./picture.mjs";

const MODES = ["lasso", "box", "into", "pan"]; // tools that stay chosen; the others act at once
const ICONS = {
  lasso: [
    "Lasso: draw around points (hold Shift to add)",
    "M4 9c0-3 4-5 8-5s8 2 8 5-4 5-8 5c-1.6 0-3-.3-4.300-.8M7.700 13.200c-1.500.3-2.700 1.500-2.700 2.800 0 1.500 1.500 2.500 3 2.500M6 21c2 0 2.500-1.500 2-2.800",
  ],
  box: ["Box (hold Shift to add)", "M4 5h16v14H4z"],
  into: ["Zoom into a box that you draw", "M4 8V4h4M16 4h4v4M20 16v4h-4M8 20H4v-4M12 9v6M9 12h6"],
  pan: [
    "Move the plot (or drag with the right button)",
    "M12 3v18M3 12h18M12 3l-2.500 2.500M12 3l2.500 2.500M12 21l-2.500-2.500M12 21l2.500-2.500M3 12l2.500-2.500M3 12l2.500 2.500M21 12l-2.500-2.500M21 12l-2.500 2.500",
  ],
  log: ["Logarithmic length axis", "M4 4v16h16M6 17c1-7 5-10 13-11"],
  closer: ["Zoom in", "M12 5v14M5 12h14"],
  further: ["Zoom out", "M5 12h14"],
  all: ["Show everything", "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5"],
  clear: ["Clear the region (Esc)", "M6 6l12 12M18 6L6 18"],
  save: ["Save the picture", "M12 4v11M7 11l5 5 5-5M5 20h14"],
};

export class Plot {
  constructor(root, camera) {
    this.root = root;
    this.camera = camera;
    this.ratio = pixelRatio();
    this.watch = new ResizeObserver(() => this.resized());
    this.watch.observe(root);
  }

  end() {
    this.watch.disconnect();
    cancelAnimationFrame(this.queued);
  }

  // Draw the buttons `names`; the first one is the tool at the start.
  addTools(host, names) {
    const bar = element(host, "div", "tools");
    this.buttons = {};
    for (const name of names) {
      const [title, path] = ICONS[name];
      const button = element(bar, "button", "tool");
      this.buttons[name] = button;
      button.title = title;
      button.setAttribute("aria-label", title);
      svgElement(svgElement(button, "svg", { viewBox: "0 0 24 24" }), "path", { d: path });
      button.onclick = () => {
        this.press(name);
        this.markTools();
      };
    }
    this.tool = names[0];
  }

  press(name) {
    if (MODES.includes(name)) this.tool = name;
    else if (name === "closer") this.zoom(1.6);
    else if (name === "further") this.zoom(1 / 1.6);
    else if (name === "all") this.fit();
    else if (name === "clear") this.clear();
    else if (name === "save") this.save();
  }

  markTools() {
    for (const name of MODES) this.buttons[name]?.setAttribute("aria-pressed", String(this.tool === name));
  }

  // What the server sent and the page looks like; false where the points have not arrived yet.
  accept(args) {
    this.args = args;
    this.spec = args.data.spec;
    this.root.setAttribute("aria-label", this.spec.alt);
    this.theme = themeOf(this.root);
    return !this.spec.points || tables().has(this.spec.points);
  }

  get carried() {
    return this.spec.points ? tables().get(this.spec.points) : null;
  }

  zoom(factor, px, py) {
    this.camera.zoom(factor, px, py);
    this.moved();
  }

  pan(dx, dy) {
    this.camera.pan(dx, dy);
    this.moved();
  }

  fit() {
    this.camera.fit();
    this.moved();
  }

  moved() {
    this.queued ||= requestAnimationFrame(() => {
      this.queued = 0;
      this.draw();
    });
  }

  save() {
    if (this.spec.image === "svg") saveSvg(this.name, this.svg());
    else this.savePng();
  }
}

export const pixelRatio = () => Math.min(2, globalThis.devicePixelRatio || 1);

// Give canvases a size in CSS pixels.
export function resize(canvases, width, height, ratio) {
  for (const canvas of canvases) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  }
}

// A ring around the point under the pointer, or the one that was clicked.
export function drawRing(pen, [x, y], radius, ink) {
  pen.beginPath();
  pen.arc(x, y, radius, 0, 7);
  pen.lineWidth = 2;
  pen.strokeStyle = `rgb(${ink})`;
  pen.stroke();
}

// Show `words` and a `line` about them beside the pointer; the text is written as text only.
export function showTip(tip, { words, line }, px, py, { width, height }) {
  tip.replaceChildren();
  element(tip, "b", "", words || "(empty)");
  if (line) element(tip, "span", "", line);
  tip.style.display = "block";
  tip.style.left = `${Math.max(4, Math.min(width - tip.offsetWidth - 4, px + 14))}px`;
  tip.style.top = `${py + 90 > height ? py - tip.offsetHeight - 10 : py + 14}px`;
}

// A column of an Arrow table as an array; null where there is none.
export function column(table, name) {
  return table?.getChild(name)?.toArray() ?? null;
}

// The tables that the carrier element brought, by key.
function tables() {
  globalThis.explorerPoints ??= new Map();
  return globalThis.explorerPoints;
}

const plots = new WeakMap(); // by their element

// Give what the server sent to the plot of the element `selector`, which is made the first time.
export function mount(args, selector, Kind) {
  const root = args.parentElement.querySelector(selector);
  if (!plots.has(root)) {
    const plot = new Kind(root);
    plots.set(root, plot);
    root.plot = plot; // for tests
    plot.arrived = (event) => event.detail === plot.spec?.points && plot.take(plot.args);
    document.addEventListener("explorer-points", plot.arrived);
  }
  const plot = plots.get(root);
  plot.take(args);
  return () => {
    document.removeEventListener("explorer-points", plot.arrived);
    plot.end();
    plots.delete(root);
  };
}
