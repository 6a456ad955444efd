// Axes of a scatter: where the ticks are, and lines, words and boxes on a canvas or in an SVG.

import { svgElement } from "../widgets/dom.mjs";

export const written = (value) => value.toLocaleString("en", { maximumFractionDigits: 2 });

// About `wanted` round numbers from `low` to `high`; what is counted has no ticks between whole numbers.
export function roundTicks(low, high, wanted) {
  const rough = Math.max((high - low) / Math.max(1, wanted), 1e-9);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(
    1,
    [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= rough * 0.999),
  );
  const ticks = [];
  for (let k = Math.ceil(low / step); k * step <= high && ticks.length < 60; k++) ticks.push(k * step + 0); // never -0
  return ticks;
}

// Ticks of a logarithmic axis between two exponents of ten: 1, 2, 5 of each decade, fewer or more as there is room.
export function logTicks(low, high, wanted) {
  if (high - low < 0.6) return roundTicks(10 ** low, 10 ** high, wanted).filter((value) => value > 0);
  const factors = wanted / (high - low) >= 2.2 ? [1, 2, 5] : [1];
  const ticks = [];
  for (let power = Math.floor(low); power <= high; power++) for (const f of factors) ticks.push(f * 10 ** power);
  return ticks.filter((value) => value >= 10 ** low * 0.999 && value <= 10 ** high * 1.001);
}

// A pen draws line(x0, y0, x1, y1), text(x, y, words, anchor, turned) and box(x, y, width, height, colour).
export function drawAxes(pen, scatter) {
  const { left, top, width, height } = scatter.camera.area;
  const [right, bottom] = [left + width, top + height];
  for (const value of scatter.ticks.x) {
    const [x] = scatter.place(value, 0);
    pen.line(x, top, x, bottom);
    pen.text(x, bottom + 16, written(value), "middle");
  }
  for (const value of scatter.ticks.y) {
    const [, y] = scatter.place(1, value);
    pen.line(left, y, right, y);
    pen.text(left - 7, y + 4, written(value), "end");
  }
  const { titles } = scatter.spec;
  pen.text(left + width / 2, bottom + 36, titles.x, "middle");
  pen.text(14, top + height / 2, titles.y, "middle", true);
}

export function canvasPen(pen, { ink, font }) {
  pen.font = `12px ${font}`;
  pen.textBaseline = "alphabetic";
  const anchors = { middle: "center", end: "right", start: "left" };
  return {
    line(x0, y0, x1, y1) {
      pen.fillStyle = `rgba(${ink},0.13)`;
      const [width, height] = [Math.max(1, Math.round(x1 - x0)), Math.max(1, Math.round(y1 - y0))];
      pen.fillRect(Math.round(x0), Math.round(y0), width, height);
    },
    text(x, y, words, anchor, turned = false) {
      pen.save();
      pen.translate(x, y);
      if (turned) pen.rotate(-Math.PI / 2);
      pen.textAlign = anchors[anchor];
      pen.fillStyle = `rgba(${ink},0.85)`;
      pen.fillText(words, 0, 0);
      pen.restore();
    },
    box(x, y, width, height, colour) {
      pen.fillStyle = `rgb(${colour})`;
      pen.fillRect(x, y, width, height);
    },
  };
}

export function svgPen(group, { ink }) {
  const look = { "font-size": 12, "font-family": "sans-serif", fill: `rgb(${ink})` };
  return {
    line(x1, y1, x2, y2) {
      svgElement(group, "line", { x1, y1, x2, y2, stroke: `rgb(${ink})`, "stroke-opacity": 0.13 });
    },
    text(x, y, words, anchor, turned = false) {
      const transform = `translate(${x} ${y})${turned ? " rotate(-90)" : ""}`;
      svgElement(group, "text", { transform, "text-anchor": anchor, ...look }, words);
    },
    box(x, y, width, height, colour) {
      svgElement(group, "rect", { x, y, width, height, fill: `rgb(${colour})` });
    },
  };
}
