// The picture of the map as PNG (twice the pixels of the screen) or SVG.

function savePicture(map) {
  const kind = map.spec.image === "svg" ? "svg" : "png";
  if (kind === "svg") return offer(new Blob([svgOf(map)], { type: "image/svg+xml" }), kind);
  const { ratio } = map;
  map.ratio = 2 * ratio;
  for (const panel of map.panels) panel.resize(map.width, map.spec.height, map.ratio);
  map.draw();
  const sheet = document.createElement("canvas");
  const [{ ground }] = map.panels;
  sheet.width = ground.width * map.panels.length;
  sheet.height = ground.height;
  const pen = sheet.getContext("2d");
  map.panels.forEach((panel, k) => {
    for (const layer of [panel.ground, panel.picked, panel.over]) pen.drawImage(layer, k * ground.width, 0);
  });
  map.ratio = ratio;
  for (const panel of map.panels) panel.resize(map.width, map.spec.height, ratio);
  map.draw();
  sheet.toBlob((blob) => offer(blob, kind));
}

function offer(blob, kind) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = `map.${kind}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

function svgOf(map) {
  const NS = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(NS, "svg");
  const { height } = map.spec;
  svg.setAttribute("xmlns", NS);
  svg.setAttribute("viewBox", `0 0 ${map.width * map.panels.length} ${height}`);
  const add = (parent, tag, values, text = "") => {
    const node = document.createElementNS(NS, tag);
    for (const [name, value] of Object.entries(values)) node.setAttribute(name, value);
    if (text) node.textContent = text;
    parent.append(node);
    return node;
  };
  map.panels.forEach((panel, k) => {
    const group = add(svg, "g", { transform: `translate(${k * map.width} 0)` });
    add(group, "rect", { width: map.width, height, fill: `rgb(${map.paper})` });
    const radius = map.size() / 2;
    const dot = (x, y, r, colour, shape, opacity) => {
      if (x < 0 || y < 0 || x > panel.width || y > height) return;
      const place = `translate(${x.toFixed(1)} ${y.toFixed(1)}) scale(${r.toFixed(2)})`;
      add(group, "path", { d: PATHS[shape], transform: place, fill: `rgb(${colour})`, "fill-opacity": opacity });
    };
    if (map.points) {
      const { x, y } = map.points;
      for (let j = 0; j < x.length; j++) {
        const i = panel.order.length === x.length ? panel.order[j] : j;
        const value = panel.values ? panel.values[i] : -1;
        const faint = panel.picks || (map.inside && !map.inside[i]);
        dot(...panel.place(x[i], y[i]), radius, panel.colour(value), panel.shape(value), faint ? 0.25 : 0.78);
      }
    } else if (map.bins) {
      const { index, n, grid, most, values } = map.bins;
      for (let b = 0; b < index.length; b++) {
        const [left, low] = panel.place(grid.x0 + (index[b] % grid.columns) * grid.dx, grid.y0 + Math.floor(index[b] / grid.columns) * grid.dy);
        const [wide, tall] = [grid.dx * map.camera.unit, grid.dy * map.camera.unit];
        const colour = panel.picks ? GREY : panel.colour(values[k] ? values[k][b] : -1);
        const opacity = (0.14 + (0.86 * Math.log1p(n[b])) / Math.log1p(most)).toFixed(2);
        add(group, "rect", { x: left.toFixed(1), y: (low - tall).toFixed(1), width: wide.toFixed(2), height: tall.toFixed(2), fill: `rgb(${colour})`, "fill-opacity": opacity });
      }
    }
    for (let rank = 0; rank < panel.shown; rank++) {
      dot(...panel.place(panel.picks.x[rank], panel.picks.y[rank]), radius + 1.6, panel.pick_colour(rank), "circle", 1);
    }
    for (const [left, top, text] of map.spec.labels || []) {
      const [x, middle] = panel.place(left, top);
      const y = middle - 9;
      const halo = { "paint-order": "stroke", stroke: `rgb(${map.paper})`, "stroke-width": 4, fill: `rgb(${map.ink})` };
      add(group, "text", { x, y, "text-anchor": "middle", "font-size": 12, "font-family": "sans-serif", "font-weight": 600, ...halo }, text);
    }
  });
  return new XMLSerializer().serializeToString(svg);
}
