// Tokens shaded by a number each; in a passage, the features of the token under the pointer are listed below it.

import { element, show } from "./dom.mjs";

// Write a token; a line break is shown as a mark, and breaks the line.
function write(parent, text) {
  const span = element(parent, "span");
  span.dir = "auto";
  text.split("\n").forEach((part, k) => {
    if (k > 0) element(span, "span", "nl", "↵").after("\n");
    span.append(part);
  });
  return span;
}

function shade(span, share) {
  const percent = Math.round(8 + 54 * Math.min(1, share));
  span.style.backgroundColor = share > 0 ? `color-mix(in srgb, var(--accent) ${percent}%, transparent)` : "";
}

// The panel that lists the features of a token. Hovering shows one, a click holds it.
class Panel {
  constructor({ names = {}, hint = "" }, open) {
    this.names = names;
    this.hint = hint;
    this.open = open;
    this.node = document.createElement("div");
    this.node.className = "panel";
    this.tokens = []; // {span, title, features: [[feature, activation], …], why}
    this.held = null;
  }

  add(token) {
    this.tokens.push(token);
    const { span } = token;
    span.classList.add("active");
    span.onmouseenter = () => this.held || this.list(token);
    span.onclick = () => {
      this.held?.classList.remove("on");
      this.held = this.held === span ? null : span;
      this.held?.classList.add("on");
      this.list(token);
    };
  }

  list(token) {
    this.node.replaceChildren();
    element(this.node, "div", "muted", token ? token.title : this.hint);
    if (!token) return;
    for (const [feature, activation] of token.features) {
      const row = element(this.node, "div", "row");
      element(row, "span", "value", activation.toFixed(2));
      const name = element(row, "button", "name", this.names[feature] || `feature ${feature}`);
      name.title = "Shade the text by this feature";
      name.onclick = () => this.shadeBy(feature);
      element(row, "button", "go", `feature ${feature}`).onclick = () => this.open(feature);
    }
    if (!token.features.length) element(this.node, "div", "muted", token.why || "no feature above 0");
  }

  shadeBy(feature) {
    const values = this.tokens.map(({ features }) => features.find(([id]) => id === feature)?.[1] ?? 0);
    const top = Math.max(...values) || 1;
    this.tokens.forEach(({ span }, k) => {
      shade(span, values[k] / top);
    });
  }
}

export default function draw({ data, parentElement, setTriggerValue }) {
  const root = document.createElement("div");
  const panel = new Panel(data, (feature) => setTriggerValue("feature", feature));
  for (const line of data.lines) {
    if (line.head) element(root, "div", "head", line.head);
    const row = element(root, "div", `line ${line.kind || ""}`);
    if (line.value !== undefined) element(row, "span", "value", line.value);
    const box = element(row, "div", "tokens");
    line.tokens.forEach((text, k) => {
      const span = write(box, text);
      shade(span, line.shade[k]);
      if (k === line.peak) span.classList.add("peak");
      const title = line.titles[k];
      if (line.features) panel.add({ span, title, features: line.features[k], why: line.why[k] });
      else if (title) span.title = title;
    });
    if (line.row !== undefined) {
      const open = element(row, "button", "go", `row ${line.row.toLocaleString("en")}`);
      open.title = line.where;
      open.onclick = () => setTriggerValue("row", line.row);
    }
  }
  if (panel.tokens.length) {
    panel.list(null);
    root.append(panel.node);
  }
  show(parentElement, root);
}
