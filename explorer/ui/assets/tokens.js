// Tokens shaded by a number each. Text of the dataset only ever becomes textContent, never markup.
const ACCENT = "213,94,0";

function el(parent, tag, kind, text) {
  const made = document.createElement(tag);
  if (kind) made.className = kind;
  if (text !== undefined) made.textContent = text;
  parent.appendChild(made);
  return made;
}

function piece(parent, text) {
  // a line break is shown as a mark, and breaks the line
  const made = el(parent, "span");
  made.dir = "auto";
  text.split("\n").forEach((part, k) => {
    if (k > 0) { el(made, "span", "nl", "↵"); made.appendChild(document.createTextNode("\n")); }
    made.appendChild(document.createTextNode(part));
  });
  return made;
}

function shade(span, share) {
  span.style.backgroundColor = share > 0 ? `rgba(${ACCENT},${(0.08 + 0.54 * Math.min(1, share)).toFixed(2)})` : "";
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = document.createElement("div");
  const panel = document.createElement("div");
  panel.className = "panel";
  const spans = [];
  const names = data.names || {};
  let pinned = null;

  function say(token) {
    panel.replaceChildren();
    if (!token) { el(panel, "div", "muted", data.hint || ""); return; }
    el(panel, "div", "muted", token.title);
    (token.features || []).forEach(([feature, value]) => {
      const row = el(panel, "div", "row");
      el(row, "span", "value", value.toFixed(2));
      const name = el(row, "button", "name", names[feature] || `feature ${feature}`);
      name.title = "shade the text by this feature";
      name.onclick = () => by(feature);
      const go = el(row, "button", "go", `feature ${feature}`);
      go.onclick = () => setTriggerValue("feature", feature);
    });
    if (token.features && !token.features.length) el(panel, "div", "muted", token.why || "no feature above 0");
  }

  function by(feature) {
    let top = 0;
    spans.forEach(([, token]) => (token.features || []).forEach(([f, v]) => { if (f === feature) top = Math.max(top, v); }));
    spans.forEach(([span, token]) => {
      const found = (token.features || []).find(([f]) => f === feature);
      shade(span, found && top ? found[1] / top : 0);
    });
  }

  data.lines.forEach((line) => {
    if (line.head) el(root, "div", "head", line.head);
    const row = el(root, "div", `line ${line.kind || ""}`);
    if (line.value !== undefined) el(row, "span", "value", line.value);
    const box = el(row, "div", "tokens");
    line.tokens.forEach((text, k) => {
      const span = piece(box, text);
      shade(span, line.shade[k]);
      if (k === line.peak) span.classList.add("peak");
      const said = { title: (line.titles || [])[k] || "", features: line.features ? line.features[k] : null,
                     why: (line.why || [])[k] };
      if (said.features) {
        spans.push([span, said]);
        span.classList.add("said");
        span.onmouseenter = () => { if (!pinned) say(said); };
        span.onclick = () => {
          spans.forEach(([other]) => other.classList.remove("on"));
          pinned = pinned === span ? null : span;
          if (pinned) span.classList.add("on");
          say(said);
        };
      } else if (said.title) span.title = said.title;
    });
    if (line.row !== undefined) {
      const go = el(row, "button", "go", `row ${line.row.toLocaleString("en")}`);
      go.title = line.where || "";
      go.onclick = () => setTriggerValue("row", line.row);
    }
  });
  if (spans.length) { say(null); root.appendChild(panel); }
  parentElement.replaceChildren(...[...parentElement.querySelectorAll("style")], root);
}
