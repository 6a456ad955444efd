// The scatter as SVG, and the legend of its pictures.

import { svgPoint } from "../widgets/canvas/picture.mjs";
import { svgElement } from "../widgets/dom.mjs";
import { drawAxes, svgPen, written } from "./axes.mjs";

const BEYOND = 9; // pixels around the axes in which points are drawn

export function scatterSvg(scatter) {
  const { camera, places, shades, theme } = scatter;
  const { left, top, width, height } = camera.area;
  const svg = svgElement(null, "svg", {});
  svgElement(svg, "rect", { width: "100%", height: "100%", fill: `rgb(${theme.paper})` });
  const key = drawKey(scatter, svgPen(svg, theme));
  svg.setAttribute("viewBox", `0 0 ${scatter.width} ${key + scatter.height}`);
  const group = svgElement(svg, "g", { transform: `translate(0 ${key})` });
  drawAxes(svgPen(group, theme), scatter);
  svgElement(svgElement(group, "clipPath", { id: "plot" }), "rect", { x: left, y: top, width, height });
  const inside = svgElement(group, "g", { "clip-path": "url(#plot)" });
  for (let k = 0; k < places.x.length; k++) {
    const i = scatter.order ? scatter.order[k] : k;
    const [x, y] = [places.x[i], places.y[i]];
    const [across, up] = [x - left, y - top];
    if (across < -BEYOND || up < -BEYOND || across > width + BEYOND || up > height + BEYOND) continue;
    const value = scatter.values ? scatter.values[i] : Number.NaN;
    const opacity = shades.faded(value) ? 0.05 : 0.6;
    svgPoint(inside, [x, y], scatter.size / 2, shades.shape(value), shades.colour(value), opacity);
  }
  const stroke = { fill: "none", stroke: `rgb(${theme.accent})`, "stroke-width": 2.2 };
  for (const { x, y, dashed } of scatter.curves) {
    const corners = Array.from(x, (length, k) =>
      scatter
        .place(length, y[k])
        .map((pixel) => pixel.toFixed(1))
        .join(),
    );
    const dashes = { "stroke-dasharray": dashed ? "2.5 3.5" : "none" };
    svgElement(inside, "polyline", { points: corners.join(" "), ...stroke, ...dashes });
  }
  return svg;
}

// Draw the legend over the picture; returns its height. Without a pen it only measures.
export function drawKey({ shades, spec, theme, width }, pen) {
  const { kind, names, rest, title, low, high } = spec.look;
  const entries = kind === "category" ? names.map((name, code) => [name, shades.colour(code)]) : [];
  if (rest) entries.push([rest, theme.grey]);
  if (kind === "magnitude") {
    for (const value of [low, (low + high) / 2, high])
      entries.push([`${title} ${written(value)}`, shades.colour(value)]);
  }
  for (const { name, dashed } of spec.curves) entries.push([name, theme.accent, dashed ? "dashed" : "solid"]);
  let [x, y] = [12, 18];
  for (const [name, colour, stroke] of entries) {
    const wide = 7 * name.length + 34;
    if (x + wide > width && x > 12) [x, y] = [12, y + 18];
    pen?.text(x + 20, y, name, "start");
    if (!stroke) pen?.box(x + 4, y - 9, 9, 9, colour);
    else pen?.box(x, y - 5, stroke === "solid" ? 15 : 6, 2, colour);
    if (stroke === "dashed") pen?.box(x + 9, y - 5, 6, 2, colour);
    x += wide;
  }
  return entries.length ? y + 8 : 0;
}
