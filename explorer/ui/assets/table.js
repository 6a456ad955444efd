// A table whose rows open something. Text of the dataset only ever becomes textContent, never markup.
function el(parent, tag, kind, text) {
  const made = document.createElement(tag);
  if (kind) made.className = kind;
  if (text !== undefined && text !== null) made.textContent = text;
  parent.appendChild(made);
  return made;
}

function percent(value) {
  const p = 100 * value;
  if (p && Math.abs(p) < 0.01) return "< 0.01 %";
  return `${p.toFixed(Math.abs(p) < 1 ? 2 : Math.abs(p) < 10 ? 1 : 0)} %`;
}

function shown(column, value) {
  if (value === null || value === undefined) return column.kind === "text" ? "" : "–";
  if (column.kind === "percent" || column.kind === "bar") return percent(value);
  if (column.kind === "number") {
    return column.digits === undefined ? value.toLocaleString("en") : value.toFixed(column.digits) + (column.unit || "");
  }
  if (column.kind === "id") return value.toLocaleString("en");
  return String(value);
}

function cell(row, column, value) {
  const right = ["number", "percent"].includes(column.kind);
  const made = el(row, "td", right ? "number" : column.kind === "id" ? "id" : "");
  if (column.kind === "list") (value || []).forEach((word) => el(made, "span", "chip", word));
  else if (column.kind === "bar") {
    const bar = el(made, "span", "bar");
    bar.style.width = `${(4.5 * Math.min(1, (value || 0) / (column.top || 1))).toFixed(2)}rem`;
    el(made, "span", "", shown(column, value));
  } else if (column.kind === "text") {
    const text = el(made, "span", "cut", shown(column, value));
    text.title = shown(column, value);
    text.dir = "auto";
    if (column.most) text.style.setProperty("--most", column.most);
  } else made.textContent = shown(column, value);
}

function csv(data) {
  const quoted = (value) => {
    let text = Array.isArray(value) ? value.join(" ") : value === null || value === undefined ? "" : String(value);
    if (typeof value !== "number" && /^[=+\-@\t\r]/.test(text)) text = `'${text}`; // no formula when a sheet opens it
    return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const lines = [data.columns.map((c) => quoted(c.title)), ...data.rows.map((row) => row.map(quoted))];
  return lines.map((line) => line.join(",")).join("\r\n");
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = document.createElement("div");
  const wrap = el(root, "div", "wrap");
  const table = el(wrap, "table");
  table.setAttribute("aria-label", data.alt);
  const head = el(el(table, "thead"), "tr");
  data.columns.forEach((column) => {
    const th = el(head, "th", ["number", "percent"].includes(column.kind) ? "number" : "", column.title);
    if (column.help) th.title = column.help;
  });
  const body = el(table, "tbody");
  data.rows.forEach((values, k) => {
    const row = el(body, "tr", "go");
    row.tabIndex = 0;
    row.onclick = () => setTriggerValue("open", k);
    row.onkeydown = (event) => { if (event.key === "Enter") setTriggerValue("open", k); };
    values.forEach((value, i) => cell(row, data.columns[i], value));
  });
  const button = el(el(root, "div", "foot"), "button", "", "Download CSV");
  button.onclick = () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([csv(data)], { type: "text/csv" }));
    link.download = `${data.name}.csv`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };
  parentElement.replaceChildren(...[...parentElement.querySelectorAll("style")], root);
}
