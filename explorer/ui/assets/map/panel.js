// One panel: the pool of points or its density, coloured by one thing, with picks, labels and the region on top.

class Panel {
  constructor(map, host) {
    this.map = map;
    this.node = host;
    this.title = element("div", "title", host);
    [this.ground, this.picked, this.over] = ["ground", "picked", "over"].map((name) => element("canvas", name, host));
    this.tip = element("div", "tip", host);
    this.legend = element("div", "legend", host.parentElement);
    this.shown = 0;
  }

  // Take the data of a panel: what colours the points, and its picks.
  take(spec, values, picks) {
    this.spec = spec;
    this.title.textContent = spec.heading || "";
    this.title.hidden = !spec.heading;
    this.values = values;
    this.shades = new Shades(spec, this.map.dark);
    this.picks = picks;
    this.nearestPick = picks && picks.x.length ? new Nearest(picks.x, picks.y, this.map.bounds, 96) : null;
    this.shown = picks ? picks.x.length : 0;
    this.order = values ? this.shades.order(values) : new Uint32Array(0);
    this.shades.legend(this.legend, () => this.draw());
  }

  resize(width, height, ratio) {
    this.width = width;
    this.height = height;
    for (const canvas of [this.ground, this.picked, this.over]) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
      canvas.style.width = `${width}px`;
      canvas.style.height = `${height}px`;
    }
    this.raster = new Raster(this.ground.width, this.ground.height);
  }

  draw() {
    if (!this.spec || !this.raster) return;
    this.draw_ground();
    this.draw_picks(0, this.shown);
    this.draw_over();
  }

  draw_ground() {
    const { map, raster } = this;
    const { ratio } = map;
    raster.fill(map.paper);
    if (map.bins) this.draw_bins();
    const points = map.points;
    if (points) {
      const faint = this.spec.kind === "selected" || this.spec.kind === "rank";
      const all = this.order.length === points.x.length ? this.order : null;
      const focus = map.inside;
      const size = map.size() * ratio;
      const [mid_x, mid_y] = [this.ground.width / 2, this.ground.height / 2];
      const unit = map.camera.unit * ratio;
      const n = points.x.length;
      const masks = {};
      const strong = Math.round(256 * (faint ? 0.3 : 0.78));
      for (let pass = 0; pass < (focus ? 2 : 1); pass++) {
        for (let k = 0; k < n; k++) {
          const i = all ? all[k] : k;
          if (focus && focus[i] !== pass) continue;
          const value = this.values ? this.values[i] : -1;
          let opacity = k < this.shades.unknown && !faint ? 90 : strong;
          if (this.shades.faded(value)) opacity = 18;
          if (focus && !pass) opacity = Math.round(opacity * 0.22);
          if (focus && pass) opacity = 225;
          const [r, g, b] = this.shades.colour(value);
          const x = mid_x + (points.x[i] - map.camera.x) * unit;
          const y = mid_y - (points.y[i] - map.camera.y) * unit;
          const shape = this.shades.shape(value);
          raster.stamp((masks[shape] ??= raster.mask(shape, size)), x, y, r, g, b, opacity);
        }
      }
    }
    this.ground.getContext("2d").putImageData(raster.image, 0, 0);
  }

  draw_bins() {
    const { map, raster } = this;
    const { ratio, bins } = map;
    const { grid, index, n } = bins;
    const top = Math.log1p(bins.most);
    const unit = map.camera.unit * ratio;
    const values = bins.values[this.number] || null;
    const plain = map.points || this.spec.kind === "selected" || this.spec.kind === "rank" ? 0.5 : 1;
    for (let k = 0; k < index.length; k++) {
      const x = grid.x0 + (index[k] % grid.columns) * grid.dx;
      const y = grid.y0 + Math.floor(index[k] / grid.columns) * grid.dy;
      const value = values ? values[k] : -1;
      const [r, g, b] = plain < 1 ? GREY : this.shades.colour(value);
      let opacity = plain * (0.14 + (0.86 * Math.log1p(n[k])) / top);
      if (this.shades.faded(value)) opacity *= 0.1;
      const left = this.ground.width / 2 + (x - map.camera.x) * unit;
      const low = this.ground.height / 2 - (y - map.camera.y) * unit;
      raster.box(left, low - grid.dy * unit, left + grid.dx * unit, low, r, g, b, Math.round(256 * opacity));
    }
  }

  sprite(colour, radius) {
    const side = 2 * Math.ceil(radius + 2);
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = side;
    const pen = canvas.getContext("2d");
    pen.beginPath();
    pen.arc(side / 2, side / 2, radius, 0, 7);
    pen.fillStyle = `rgb(${colour})`;
    pen.fill();
    pen.lineWidth = Math.max(1, radius * 0.28);
    pen.strokeStyle = `rgb(${this.map.paper})`;
    pen.stroke();
    return canvas;
  }

  pick_colour(rank) {
    const { scale } = this.shades;
    if (this.spec.kind !== "rank" || !scale) return this.shades.accent;
    const last = Math.max(1, this.picks.x.length - 1);
    const at = 3 * (255 - Math.round((240 * rank) / last));
    return [scale[at], scale[at + 1], scale[at + 2]];
  }

  // Draw picks `from` to `until` of the ranking; from 0 the layer is cleared first.
  draw_picks(from, until) {
    const pen = this.picked.getContext("2d");
    if (from === 0) pen.clearRect(0, 0, this.picked.width, this.picked.height);
    const { picks, map } = this;
    if (!picks) return;
    const radius = ((map.size() + 3.2) / 2) * map.ratio * (picks.x.length > 20_000 ? 0.7 : 1);
    const sprites = new Map();
    for (let rank = from; rank < until; rank++) {
      const [x, y] = this.place(picks.x[rank], picks.y[rank]);
      if (x < -9 || y < -9 || x > this.width + 9 || y > this.height + 9) continue;
      const colour = this.pick_colour(rank);
      const key = colour.join();
      if (!sprites.has(key)) sprites.set(key, this.sprite(colour, radius));
      const sprite = sprites.get(key);
      pen.drawImage(sprite, x * map.ratio - sprite.width / 2, y * map.ratio - sprite.height / 2);
    }
  }

  place(x, y) {
    const { camera } = this.map;
    return [this.width / 2 + (x - camera.x) * camera.unit, this.height / 2 - (y - camera.y) * camera.unit];
  }

  // What changes with the pointer and with time: rings of picks that land, the lasso, the labels.
  draw_over(now = 0) {
    const { map } = this;
    const pen = this.over.getContext("2d");
    pen.setTransform(map.ratio, 0, 0, map.ratio, 0, 0);
    pen.clearRect(0, 0, this.width, this.height);
    for (const [rank, since] of map.landing) {
      if (!this.picks || rank >= this.picks.x.length) continue;
      const age = (now - since) / 650;
      if (age < 0 || age > 1) continue;
      const [x, y] = this.place(this.picks.x[rank], this.picks.y[rank]);
      pen.globalAlpha = 0.9 * (1 - age);
      pen.strokeStyle = pen.fillStyle = `rgb(${this.shades.accent})`;
      pen.lineWidth = 2;
      pen.beginPath();
      pen.arc(x, y, 3 + 17 * Math.sqrt(age), 0, 7);
      pen.stroke();
      pen.beginPath();
      pen.arc(x, y, 7 * (1 - age), 0, 7);
      pen.fill();
    }
    pen.globalAlpha = 1;
    this.draw_labels(pen);
    const shapes = map.polygons.map((polygon) => polygon.map(([x, y]) => this.place(x, y)));
    if (map.drawing && map.drawing.panel === this) shapes.push(map.drawing.pixels);
    for (const shape of shapes) {
      pen.beginPath();
      shape.forEach(([x, y], k) => (k ? pen.lineTo(x, y) : pen.moveTo(x, y)));
      pen.closePath();
      pen.fillStyle = `rgba(${this.shades.accent},0.07)`;
      pen.fill();
      pen.lineWidth = 1.5;
      pen.strokeStyle = `rgb(${this.shades.accent})`;
      pen.stroke();
    }
    for (const spot of [this.pointed, map.row && map.row.at]) {
      if (!spot) continue;
      const [x, y] = this.place(...spot);
      pen.beginPath();
      pen.arc(x, y, map.size() / 2 + 4, 0, 7);
      pen.lineWidth = 2;
      pen.strokeStyle = `rgb(${map.ink})`;
      pen.stroke();
    }
  }

  draw_labels(pen) {
    const { map } = this;
    const kept = [];
    pen.font = `600 12px ${map.font}`;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.lineJoin = "round";
    for (const [left, top, text] of map.spec.labels || []) {
      const [x, middle] = this.place(left, top);
      const y = middle - 13; // above the middle, so that a small cluster is not hidden by its name
      const wide = pen.measureText(text).width / 2 + 6;
      if (x < wide || y < 14 || x > this.width - wide || y > this.height - 14) continue;
      if (kept.some(([a, b, w]) => Math.abs(a - x) < w + wide && Math.abs(b - y) < 18)) continue;
      kept.push([x, y, wide]);
      pen.lineWidth = 4;
      pen.strokeStyle = `rgba(${map.paper},0.88)`;
      pen.strokeText(text, x, y);
      pen.fillStyle = `rgb(${map.ink})`;
      pen.fillText(text, x, y);
    }
  }

  // What lies under a place in pixels: {words, line, id}, or null.
  under(px, py) {
    const { map } = this;
    const [x, y] = map.spot(this, px, py);
    const reach = Math.max(6, map.size() / 2 + 3) / map.camera.unit;
    const number = new Intl.NumberFormat("en");
    const rank = this.nearestPick ? this.nearestPick.find(x, y, reach) : -1;
    if (rank >= 0 && rank < this.shown) {
      const { picks } = this;
      const at = [picks.x[rank], picks.y[rank]];
      return { at, id: picks.id[rank], words: this.words_of(picks, rank), line: `pick ${number.format(rank + 1)} of ${number.format(picks.x.length)}` };
    }
    const i = map.nearest ? map.nearest.find(x, y, reach) : -1;
    if (i >= 0) {
      const { points } = map;
      const at = [points.x[i], points.y[i]];
      return { at, id: points.id ? points.id[i] : i, words: points.words.get(i), line: this.shades.said(this.values ? this.values[i] : -1) };
    }
    if (map.bins) {
      const { grid } = map.bins;
      const column = Math.floor((x - grid.x0) / grid.dx);
      const row = Math.floor((y - grid.y0) / grid.dy);
      const inside = column >= 0 && row >= 0 && column < grid.columns && row < grid.rows;
      const k = inside ? map.bins.index.indexOf(row * grid.columns + column) : -1;
      const values = map.bins.values[this.number];
      if (k >= 0) return { at: null, words: `${number.format(map.bins.n[k])} rows here`, line: values ? this.shades.said(values[k], true) : "" };
    }
    return null;
  }

  words_of(picks, rank) {
    if (picks.words) return picks.words.get(rank);
    const { points } = this.map;
    return points && !points.id ? points.words.get(picks.id[rank]) : `row ${picks.id[rank]}`;
  }
}

// Whether each point lies in any of the polygons (even-odd rule, as the server counts: explorer/maps/region.py).
function insideAny(x, y, polygons) {
  const out = new Uint8Array(x.length);
  for (const polygon of polygons) {
    const crossings = new Uint8Array(x.length);
    for (let k = 0; k < polygon.length; k++) {
      const [ax, ay] = polygon[k];
      const [bx, by] = polygon[(k + 1) % polygon.length];
      if (ay === by) continue;
      for (let i = 0; i < x.length; i++) {
        if (ay > y[i] !== by > y[i] && x[i] < ((bx - ax) * (y[i] - ay)) / (by - ay) + ax) crossings[i] ^= 1;
      }
    }
    for (let i = 0; i < x.length; i++) out[i] |= crossings[i];
  }
  return out;
}
