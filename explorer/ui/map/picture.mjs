// A panel of the map as SVG.

import { svgPoint } from "../widgets/canvas/picture.mjs";
import { svgElement } from "../widgets/dom.mjs";

export function drawPanel(panel, group) {
  const { map } = panel;
  const { area, theme } = map;
  svgElement(group, "rect", { width: area.width, height: area.height, fill: `rgb(${theme.paper})` });
  if (map.points) drawPoints(panel, group);
  else if (map.bins) drawBins(panel, group);
  for (let rank = 0; rank < panel.shown; rank++) {
    const { x, y } = panel.picks;
    drawPoint(panel, group, [x[rank], y[rank]], map.size / 2 + 1.6, ["circle", panel.pickColour(rank), 1]);
  }
  const look = { "text-anchor": "middle", "font-size": 12, "font-family": "sans-serif", "font-weight": 600 };
  const halo = { "paint-order": "stroke", stroke: `rgb(${theme.paper})`, "stroke-width": 4, fill: `rgb(${theme.ink})` };
  for (const [left, top, text] of map.spec.labels) {
    const [x, y] = map.camera.toPixels(left, top);
    svgElement(group, "text", { x, y: y - 9, ...look, ...halo }, text);
  }
}

function drawPoints(panel, group) {
  const { map, order, shades } = panel;
  const { x, y } = map.points;
  for (let k = 0; k < x.length; k++) {
    const i = order?.length === x.length ? order[k] : k;
    const value = panel.values ? panel.values[i] : -1;
    const faint = panel.picks || (map.inside && !map.inside[i]);
    const look = [shades.shape(value), shades.colour(value), faint ? 0.25 : 0.78];
    drawPoint(panel, group, [x[i], y[i]], map.size / 2, look);
  }
}

function drawPoint({ map }, group, point, radius, look) {
  const [x, y] = map.camera.toPixels(...point);
  if (x >= 0 && y >= 0 && x <= map.area.width && y <= map.area.height) svgPoint(group, [x, y], radius, ...look);
}

function drawBins(panel, group) {
  panel.eachBin(panel.picks, (left, top, wide, tall, colour, opacity) => {
    const place = { x: left.toFixed(1), y: top.toFixed(1), width: wide.toFixed(2), height: tall.toFixed(2) };
    svgElement(group, "rect", { ...place, fill: `rgb(${colour})`, "fill-opacity": opacity.toFixed(2) });
  });
}
