// One panel: the pool of points or its density, coloured by one thing, with picks, labels and the region on top.

const GREY = [138, 145, 156];

class Panel {
  constructor(map, host) {
    this.map = map;
    this.node = host;
    this.title = element("div", "title", host);
    [this.ground, this.picked, this.over] = ["ground", "picked", "over"].map((name) => element("canvas", name, host));
    this.tip = element("div", "tip", host);
    this.legend = element("div", "legend", host.parentElement);
    this.shown = 0;
    this.only = null;
  }

  // Take the data of a panel: what colours the points, and its picks.
  take(spec, values, picks) {
    this.spec = spec;
    const dark = this.map.dark;
    this.title.textContent = spec.heading || "";
    this.title.hidden = !spec.heading;
    this.values = values;
    this.shades = spec.kind === "category" ? spec.colours.map(rgb) : null;
    this.scale = spec.scales ? ramp(spec.scales[dark ? 1 : 0]) : null;
    this.accent = rgb(spec.accent);
    this.picks = picks;
    this.nearestPick = picks && picks.x.length ? new Nearest(picks.x, picks.y, this.map.bounds, 96) : null;
    this.shown = picks ? picks.x.length : 0;
    this.only = null;
    this.order = this.sorted();
    this.draw_legend();
  }

  // Points in the order they are drawn: what has no value first, the strongest last, categories mixed.
  sorted() {
    const { values, spec } = this;
    const n = values ? values.length : 0;
    const order = new Uint32Array(n);
    let known = 0;
    for (let i = 0; i < n; i++) if (this.known(values[i])) known++;
    let low = 0;
    let high = n - known;
    const step = spec.kind === "category" ? stride(n) : 1;
    for (let k = 0, i = 0; k < n; k++, i = (i + step) % n) order[this.known(values[i]) ? high++ : low++] = i;
    if (spec.kind !== "category") order.subarray(n - known).sort((a, b) => values[a] - values[b]);
    this.first = n - known;
    return order;
  }

  known(value) {
    return this.spec.kind === "category" ? value >= 0 : this.spec.kind === "activation" ? value > 0 : value === value;
  }

  colour(value) {
    if (this.shades) return value >= 0 ? this.shades[value % this.shades.length] : GREY;
    const { kind, low, high } = this.spec;
    if (!this.scale || kind === "selected" || kind === "rank" || !this.known(value)) return GREY;
    const at = 3 * Math.max(0, Math.min(255, Math.round((255 * (value - low)) / (high - low || 1))));
    return [this.scale[at], this.scale[at + 1], this.scale[at + 2]];
  }

  shape(value) {
    const { spec } = this;
    if (!this.shades || spec.names.length <= this.shades.length || value < 0) return "circle";
    return spec.symbols[Math.floor(value / this.shades.length) % spec.symbols.length];
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
          let opacity = k < this.first && !faint ? 90 : strong;
          if (this.only !== null && value !== this.only) opacity = 18;
          if (focus && !pass) opacity = Math.round(opacity * 0.22);
          if (focus && pass) opacity = 225;
          const [r, g, b] = this.colour(value);
          const x = mid_x + (points.x[i] - map.camera.x) * unit;
          const y = mid_y - (points.y[i] - map.camera.y) * unit;
          const shape = this.shape(value);
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
      const [r, g, b] = plain < 1 ? GREY : this.colour(value);
      let opacity = plain * (0.14 + (0.86 * Math.log1p(n[k])) / top);
      if (this.only !== null && value !== this.only) opacity *= 0.1;
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
    if (this.spec.kind !== "rank" || !this.scale) return this.accent;
    const last = Math.max(1, this.picks.x.length - 1);
    const at = 3 * (255 - Math.round((240 * rank) / last));
    return [this.scale[at], this.scale[at + 1], this.scale[at + 2]];
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
      pen.strokeStyle = pen.fillStyle = `rgb(${this.accent})`;
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
      pen.fillStyle = `rgba(${this.accent},0.07)`;
      pen.fill();
      pen.lineWidth = 1.5;
      pen.strokeStyle = `rgb(${this.accent})`;
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
      return { at, id: points.id ? points.id[i] : i, words: points.words.get(i), line: this.said(this.values ? this.values[i] : -1) };
    }
    if (map.bins) {
      const { grid } = map.bins;
      const column = Math.floor((x - grid.x0) / grid.dx);
      const row = Math.floor((y - grid.y0) / grid.dy);
      const inside = column >= 0 && row >= 0 && column < grid.columns && row < grid.rows;
      const k = inside ? map.bins.index.indexOf(row * grid.columns + column) : -1;
      const values = map.bins.values[this.number];
      if (k >= 0) return { at: null, words: `${number.format(map.bins.n[k])} rows here`, line: values ? this.said(values[k], true) : "" };
    }
    return null;
  }

  words_of(picks, rank) {
    if (picks.words) return picks.words.get(rank);
    const { points } = this.map;
    return points && !points.id ? points.words.get(picks.id[rank]) : `row ${picks.id[rank]}`;
  }

  said(value, many = false) {
    const { spec } = this;
    if (spec.kind === "category") return value >= 0 ? `${many ? "mostly " : ""}${spec.names[value]}` : "";
    if (spec.kind === "selected" || spec.kind === "rank") return many ? "" : "not selected";
    if (value !== value) return `no ${spec.title}`;
    return `${many ? "mean " : ""}${spec.title} ${Number(value.toPrecision(4)).toLocaleString("en")}`;
  }

  draw_legend() {
    const { spec, legend } = this;
    legend.replaceChildren();
    if (spec.kind === "category") {
      spec.names.slice(0, 40).forEach((name, code) => {
        const item = element("button", "entry", legend);
        item.append(swatch(this.shape(code), `rgb(${this.colour(code)})`), name);
        item.title = "Show only these";
        item.onclick = () => {
          this.only = this.only === code ? null : code;
          [...legend.children].forEach((other, k) => other.classList.toggle("off", this.only !== null && k !== this.only));
          this.draw();
        };
      });
      if (spec.names.length > 40) legend.append(`and ${spec.names.length - 40} more`);
    } else if (this.scale && spec.kind !== "selected") {
      const stops = Array.from({ length: 9 }, (_, k) => 3 * Math.round((k * 255) / 8));
      const bar = element("span", "bar", legend);
      const colours = stops.map((at) => `rgb(${[...this.scale.slice(at, at + 3)]})`);
      bar.style.background = `linear-gradient(90deg,${(spec.kind === "rank" ? colours.reverse() : colours).join()})`;
      const text = (value) => Number(value.toPrecision(3)).toLocaleString("en");
      bar.before(spec.kind === "rank" ? "first pick" : `${spec.title}: ${text(spec.low)}`);
      bar.after(spec.kind === "rank" ? "last pick" : `${text(spec.high)}${spec.open ? " and more" : ""}`);
    } else {
      for (const [colour, text] of [[this.accent, "selected"], [GREY, "not selected"]]) {
        element("span", "entry", legend).append(swatch("circle", `rgb(${colour})`), text);
      }
    }
  }
}

function swatch(shape, colour) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "-1.5 -1.5 3 3");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", PATHS[shape]);
  path.setAttribute("fill", colour);
  svg.append(path);
  return svg;
}

function element(tag, name, parent) {
  const made = document.createElement(tag);
  made.className = name;
  parent.append(made);
  return made;
}

// A step through 0..n-1 that has no factor in common with n and mixes neighbours.
function stride(n) {
  const common = (a, b) => (b ? common(b, a % b) : a);
  let step = Math.max(1, Math.floor(n * 0.618));
  while (n > 1 && common(step, n) !== 1) step++;
  return step;
}
