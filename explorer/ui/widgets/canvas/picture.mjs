// Pictures of a plot, as PNG (twice the pixels of the screen) or SVG.

import { download, svgElement } from "../dom.mjs";
import { PATHS } from "./raster.mjs";

// Save layers of canvases, lying on each other at (x, y), as one PNG.
export function savePng(name, width, height, layers) {
  const sheet = document.createElement("canvas");
  sheet.width = width;
  sheet.height = height;
  const pen = sheet.getContext("2d");
  for (const [canvas, x, y] of layers) pen.drawImage(canvas, x, y);
  sheet.toBlob((blob) => download(blob, `${name}.png`));
}

export function saveSvg(name, svg) {
  svg.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  const text = new XMLSerializer().serializeToString(svg);
  download(new Blob([text], { type: "image/svg+xml" }), `${name}.svg`);
}

export function svgPoint(parent, [x, y], radius, shape, colour, opacity) {
  const transform = `translate(${x.toFixed(1)} ${y.toFixed(1)}) scale(${radius.toFixed(2)})`;
  svgElement(parent, "path", { d: PATHS[shape], transform, fill: `rgb(${colour})`, "fill-opacity": opacity });
}
