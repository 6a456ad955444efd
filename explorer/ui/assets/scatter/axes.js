// Axes of a scatter: where the ticks are, and lines and words around the points, on a canvas or in an SVG.

const written = (value) => value.toLocaleString("en", { maximumFractionDigits: 2 });

// About `wanted` round numbers from `low` to `high`; what is counted has no ticks between whole numbers.
function roundTicks(low, high, wanted) {
  const rough = Math.max((high - low) / Math.max(1, wanted), 1e-9);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(1, [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= rough * 0.999));
  const out = [];
  for (let k = Math.ceil(low / step); k * step <= high && out.length < 60; k++) out.push(k * step + 0); // never -0
  return out;
}

// Ticks of a logarithmic axis between two exponents of ten: 1, 2, 5 of each decade, fewer or more as there is room.
function logTicks(low, high, wanted) {
  if (high - low < 0.6) return roundTicks(10 ** low, 10 ** high, wanted).filter((value) => value > 0);
  const factors = wanted / (high - low) >= 2.2 ? [1, 2, 5] : [1];
  const out = [];
  for (let power = Math.floor(low); power <= high; power++) for (const f of factors) out.push(f * 10 ** power);
  return out.filter((value) => value >= 10 ** low * 0.999 && value <= 10 ** high * 1.001);
}

// `at` is what `Scatter.frame` returns; the pen has line(x0, y0, x1, y1) and text(x, y, words, anchor, turned).
function drawAxes(pen, at, titles) {
  for (const value of at.ticks.x) {
    const x = at.left + at.across(value);
    pen.line(x, at.top, x, at.top + at.high);
    pen.text(x, at.top + at.high + 16, written(value), "middle");
  }
  for (const value of at.ticks.y) {
    const y = at.top + at.up(value);
    pen.line(at.left, y, at.left + at.wide, y);
    pen.text(at.left - 7, y + 4, written(value), "end");
  }
  pen.text(at.left + at.wide / 2, at.top + at.high + 36, titles.x, "middle");
  pen.text(14, at.top + at.high / 2, titles.y, "middle", true);
}

function canvasPen(pen, ink, font) {
  pen.font = `12px ${font}`;
  pen.textBaseline = "alphabetic";
  const anchors = { middle: "center", end: "right", start: "left" };
  return {
    line(x0, y0, x1, y1) {
      pen.fillStyle = `rgba(${ink},0.13)`;
      pen.fillRect(Math.round(x0), Math.round(y0), Math.max(1, Math.round(x1 - x0)), Math.max(1, Math.round(y1 - y0)));
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
  };
}

function svgPen(group, ink) {
  return {
    line: (x1, y1, x2, y2) => svgNode(group, "line", { x1, y1, x2, y2, stroke: `rgb(${ink})`, "stroke-opacity": 0.13 }),
    text: (x, y, words, anchor, turned = false) =>
      svgNode(group, "text", {
        transform: `translate(${x} ${y})${turned ? " rotate(-90)" : ""}`,
        "text-anchor": anchor, "font-size": 12, "font-family": "sans-serif", fill: `rgb(${ink})`,
      }, words),
  };
}
