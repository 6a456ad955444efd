// The picture of the map as PNG (twice the pixels of the screen) or SVG.

function savePicture(map) {
  if (map.spec.image === "svg") return saveSvg("map", svgOf(map));
  const { ratio } = map;
  map.ratio = 2 * ratio;
  for (const panel of map.panels) panel.resize(map.width, map.spec.height, map.ratio);
  map.draw();
  const [{ ground }] = map.panels;
  const layers = map.panels.flatMap((panel, k) =>
    [panel.ground, panel.picked, panel.over].map((layer) => [layer, k * ground.width, 0]),
  );
  savePng("map", ground.width * map.panels.length, ground.height, layers);
  map.ratio = ratio;
  for (const panel of map.panels) panel.resize(map.width, map.spec.height, ratio);
  map.draw();
}

function svgOf(map) {
  const { height } = map.spec;
  const svg = svgNode(null, "svg", { viewBox: `0 0 ${map.width * map.panels.length} ${height}` });
  map.panels.forEach((panel, k) => {
    const group = svgNode(svg, "g", { transform: `translate(${k * map.width} 0)` });
    svgNode(group, "rect", { width: map.width, height, fill: `rgb(${map.paper})` });
    const radius = map.size() / 2;
    const dot = (x, y, r, colour, shape, opacity) => {
      if (x < 0 || y < 0 || x > panel.width || y > height) return;
      const place = `translate(${x.toFixed(1)} ${y.toFixed(1)}) scale(${r.toFixed(2)})`;
      svgNode(group, "path", { d: PATHS[shape], transform: place, fill: `rgb(${colour})`, "fill-opacity": opacity });
    };
    if (map.points) {
      const { x, y } = map.points;
      for (let j = 0; j < x.length; j++) {
        const i = panel.order.length === x.length ? panel.order[j] : j;
        const value = panel.values ? panel.values[i] : -1;
        const faint = panel.picks || (map.inside && !map.inside[i]);
        dot(...panel.place(x[i], y[i]), radius, panel.shades.colour(value), panel.shades.shape(value), faint ? 0.25 : 0.78);
      }
    } else if (map.bins) {
      const { index, n, grid, most, values } = map.bins;
      for (let b = 0; b < index.length; b++) {
        const [left, low] = panel.place(grid.x0 + (index[b] % grid.columns) * grid.dx, grid.y0 + Math.floor(index[b] / grid.columns) * grid.dy);
        const [wide, tall] = [grid.dx * map.camera.unit, grid.dy * map.camera.unit];
        const colour = panel.picks ? GREY : panel.shades.colour(values[k] ? values[k][b] : -1);
        const opacity = (0.14 + (0.86 * Math.log1p(n[b])) / Math.log1p(most)).toFixed(2);
        svgNode(group, "rect", { x: left.toFixed(1), y: (low - tall).toFixed(1), width: wide.toFixed(2), height: tall.toFixed(2), fill: `rgb(${colour})`, "fill-opacity": opacity });
      }
    }
    for (let rank = 0; rank < panel.shown; rank++) {
      dot(...panel.place(panel.picks.x[rank], panel.picks.y[rank]), radius + 1.6, panel.pick_colour(rank), "circle", 1);
    }
    for (const [left, top, text] of map.spec.labels || []) {
      const [x, middle] = panel.place(left, top);
      const y = middle - 9;
      const halo = { "paint-order": "stroke", stroke: `rgb(${map.paper})`, "stroke-width": 4, fill: `rgb(${map.ink})` };
      svgNode(group, "text", { x, y, "text-anchor": "middle", "font-size": 12, "font-family": "sans-serif", "font-weight": 600, ...halo }, text);
    }
  });
  return svg;
}
