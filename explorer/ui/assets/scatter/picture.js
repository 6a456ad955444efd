// The picture of a scatter as PNG (twice the pixels of the screen) or SVG, with what its colours and lines mean.

function saveScatter(scatter) {
  if (scatter.spec.image === "svg") return saveSvg("length", scatter.svg());
  const { ratio } = scatter;
  scatter.draw(2 * ratio);
  const key = document.createElement("canvas");
  const tall = keyOf(scatter, null, "", scatter.at.width);
  key.width = scatter.ground.width;
  key.height = Math.round(tall * scatter.ratio);
  const pen = key.getContext("2d");
  pen.scale(scatter.ratio, scatter.ratio);
  keyOf(scatter, canvasPen(pen, scatter.ink, scatter.font), pen, scatter.at.width);
  const paper = document.createElement("canvas");
  [paper.width, paper.height] = [key.width, key.height + scatter.ground.height];
  const ground = paper.getContext("2d");
  ground.fillStyle = `rgb(${scatter.paper})`;
  ground.fillRect(0, 0, paper.width, paper.height);
  const layers = [[paper, 0, 0], [key, 0, 0], [scatter.ground, 0, key.height], [scatter.over, 0, key.height]];
  savePng("length", paper.width, paper.height, layers);
  scatter.draw(ratio);
}

function scatterSvg(scatter) {
  const { at, shades } = scatter;
  const svg = svgNode(null, "svg", {});
  svgNode(svg, "rect", { width: "100%", height: "100%", fill: `rgb(${scatter.paper})` });
  const tall = keyOf(scatter, svgPen(svg, scatter.ink), svg, at.width);
  svg.setAttribute("viewBox", `0 0 ${at.width} ${tall + at.height}`);
  const group = svgNode(svg, "g", { transform: `translate(0 ${tall})` });
  drawAxes(svgPen(group, scatter.ink), at, scatter.spec.titles);
  const clip = svgNode(group, "clipPath", { id: "plot" });
  svgNode(clip, "rect", { width: at.wide, height: at.high });
  const inside = svgNode(group, "g", { transform: `translate(${at.left} ${at.top})`, "clip-path": "url(#plot)" });
  const radius = (scatter.size() / 2).toFixed(2);
  const { x, y } = scatter.places;
  for (let k = 0; k < x.length; k++) {
    const i = scatter.order ? scatter.order[k] : k;
    if (x[i] < -9 || y[i] < -9 || x[i] > at.wide + 9 || y[i] > at.high + 9) continue;
    const value = scatter.values ? scatter.values[i] : NaN;
    const place = `translate(${x[i].toFixed(1)} ${y[i].toFixed(1)}) scale(${radius})`;
    const opacity = shades.faded(value) ? 0.05 : 0.6;
    svgNode(inside, "path", { d: PATHS[shades.shape(value)], transform: place, fill: `rgb(${shades.colour(value)})`, "fill-opacity": opacity });
  }
  for (const curve of scatter.curves) {
    const points = Array.from(curve.x, (value, k) => `${at.across(value).toFixed(1)},${at.up(curve.y[k]).toFixed(1)}`);
    svgNode(inside, "polyline", {
      points: points.join(" "), fill: "none", stroke: `rgb(${shades.accent})`, "stroke-width": 2.2,
      "stroke-dasharray": curve.dashed ? "2.5 3.5" : "none",
    });
  }
  return svg;
}

// The legend over the picture, on a canvas or an SVG (`host`); returns its height. Without a pen it only measures.
function keyOf(scatter, pen, host, width) {
  const { shades, spec } = scatter;
  const entries = [];
  if (shades.colours) spec.look.names.forEach((name, code) => entries.push([name, shades.colour(code), false]));
  if (spec.look.rest) entries.push([spec.look.rest, GREY, false]);
  if (spec.look.kind === "magnitude") {
    const { title, low, high } = spec.look;
    for (const value of [low, (low + high) / 2, high]) {
      entries.push([`${title} ${written(value)}`, shades.colour(value), false]);
    }
  }
  for (const { name, dashed } of spec.curves) entries.push([name, shades.accent, dashed ? "- -" : "—"]);
  let [x, y] = [12, 18];
  for (const [name, colour, stroke] of entries) {
    const wide = 7 * name.length + 34;
    if (x + wide > width && x > 12) [x, y] = [12, y + 18];
    if (pen) {
      pen.text(x + 20, y, name, "start");
      const box = stroke ? [x, y - 5, stroke === "—" ? 15 : 6, 2] : [x + 4, y - 9, 9, 9];
      swatchAt(host, box, colour);
      if (stroke === "- -") swatchAt(host, [x + 9, y - 5, 6, 2], colour);
    }
    x += wide;
  }
  return entries.length ? y + 8 : 0;
}

function swatchAt(host, [x, y, width, height], colour) {
  if (host instanceof SVGElement) return svgNode(host, "rect", { x, y, width, height, fill: `rgb(${colour})` });
  host.fillStyle = `rgb(${colour})`;
  return host.fillRect(x, y, width, height);
}
