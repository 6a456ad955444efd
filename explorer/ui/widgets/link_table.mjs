// A table whose rows open something.

import { download, element, show } from "./dom.mjs";

const NUMBERS = ["number", "percent"];
const BAR = 4.5; // rem, of the largest share

function percent(share) {
  const value = 100 * share;
  if (value && Math.abs(value) < 0.01) return "< 0.01%";
  return `${value.toFixed(Math.abs(value) < 1 ? 2 : Math.abs(value) < 10 ? 1 : 0)}%`;
}

function written({ kind, digits, unit = "" }, value) {
  if (value === null || value === undefined) return kind === "text" ? "" : "–";
  if (kind === "percent" || kind === "bar") return percent(value);
  if (kind === "id" || (kind === "number" && digits === undefined)) return value.toLocaleString("en");
  return kind === "number" ? value.toFixed(digits) + unit : String(value);
}

function cell(row, column, value) {
  const { kind } = column;
  const node = element(row, "td", NUMBERS.includes(kind) ? "number" : kind === "id" ? "id" : "");
  const text = kind === "list" ? "" : written(column, value);
  if (kind === "list") {
    for (const word of value || []) element(node, "span", "chip", word);
  } else if (kind === "bar") {
    const bar = element(node, "span", "bar");
    bar.style.width = `${(BAR * Math.min(1, (value || 0) / (column.top || 1))).toFixed(2)}rem`;
    element(node, "span", "", text);
  } else if (kind === "text") {
    const line = element(node, "span", "cut", text);
    line.title = text;
    line.dir = "auto";
    if (column.most) line.style.setProperty("--most", column.most);
  } else node.textContent = text;
}

function csv({ columns, rows }) {
  const quoted = (value) => {
    let text = Array.isArray(value) ? value.join(" ") : String(value ?? "");
    if (typeof value !== "number" && /^[=+\-@\t\r]/.test(text)) text = `'${text}`; // no formula when a sheet opens it
    return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const lines = [columns.map((column) => column.title), ...rows];
  return lines.map((line) => line.map(quoted).join(",")).join("\r\n");
}

export default function draw({ data, parentElement, setTriggerValue }) {
  const root = document.createElement("div");
  const table = element(element(root, "div", "wrap"), "table");
  table.setAttribute("aria-label", data.alt);
  const head = element(element(table, "thead"), "tr");
  for (const column of data.columns) {
    const title = element(head, "th", NUMBERS.includes(column.kind) ? "number" : "", column.title);
    if (column.help) title.title = column.help;
  }
  const body = element(table, "tbody");
  data.rows.forEach((values, number) => {
    const row = element(body, "tr", "go");
    row.tabIndex = 0;
    row.onclick = () => setTriggerValue("open", number);
    row.onkeydown = (event) => event.key === "Enter" && setTriggerValue("open", number);
    values.forEach((value, k) => {
      cell(row, data.columns[k], value);
    });
  });
  const button = element(element(root, "div", "foot"), "button", "", "Download CSV");
  button.onclick = () => download(new Blob([csv(data)], { type: "text/csv" }), `${data.name}.csv`);
  show(parentElement, root);
}
