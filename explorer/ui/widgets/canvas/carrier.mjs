// Brings a table to the browser under a key, for the plots of the page: it travels once, not with every drawing.

export default function carry({ data }) {
  globalThis.explorerPoints ??= new Map();
  const tables = globalThis.explorerPoints;
  if (tables.has(data.key)) return;
  tables.clear();
  tables.set(data.key, data.points);
  document.dispatchEvent(new CustomEvent("explorer-points", { detail: data.key }));
}
