// Elements and files of the page. Text of the dataset only ever becomes textContent, never markup.

export function element(parent, tag, name = "", text = null) {
  const node = document.createElement(tag);
  if (name) node.className = name;
  if (text !== null) node.textContent = text;
  parent.append(node);
  return node;
}

export function svgElement(parent, tag, values, text = "") {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(values)) node.setAttribute(name, value);
  if (text) node.textContent = text;
  parent?.append(node);
  return node;
}

// Replace what a component shows; its style sheets stay.
export function show(parent, root) {
  parent.replaceChildren(...parent.querySelectorAll("style"), root);
}

export function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
