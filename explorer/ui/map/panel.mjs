// One panel: the pool of points or its density, coloured by one thing, with picks, labels and the region on top.

import { Nearest } from "../widgets/canvas/nearest.mjs";
import { drawRing, resize } from "../widgets/canvas/plot.mjs";
import { Raster } from "../widgets/canvas/raster.mjs";
import { Shades } from "../widgets/canvas/shades.mjs";
import { element } from "../widgets/dom.mjs";

const LANDING = 650; // milliseconds
const BEYOND = 9; // pixels around the panel in which picks are drawn
const written = new Intl.NumberFormat("en").format;

// Opacities of 256 parts.
const STRONG = 200;
const BEHIND_PICKS = 77;
const UNKNOWN = 90;
const FADED = 18;
const IN_FOCUS = 225;
const OUT_OF_FOCUS = 0.22; // of the opacity else

export class Panel {
  constructor(map, node, number) {
    this.map = map;
    this.node = node;
    this.number = number;
    this.title = element(node, "div", "title");
    [this.ground, this.picked, this.over] = ["ground", "picked", "over"].map((name) => element(node, "canvas", name));
    this.tip = element(node, "div", "tip");
    this.legend = element(node.parentElement, "div", "legend");
    this.shown = 0; // picks
  }

  // Take the data of a panel: what colours the points, and its picks.
  take(look, values, picks) {
    this.look = look;
    this.title.textContent = look.heading || "";
    this.title.hidden = !look.heading;
    this.values = values;
    this.shades = new Shades(look, this.map.theme);
    this.picks = picks;
    this.nearestPick = picks?.x.length ? new Nearest(picks.x, picks.y, this.map.spec.bounds, 96) : null;
    this.shown = picks ? picks.x.length : 0;
    this.order = values ? this.shades.order(values) : null;
    this.shades.legend(this.legend, () => this.draw());
  }

  resize(width, height, ratio) {
    resize([this.ground, this.picked, this.over], width, height, ratio);
    this.raster = new Raster(this.ground.width, this.ground.height);
  }

  draw() {
    const { map, raster } = this;
    raster.fill(map.theme.paper);
    if (map.bins) this.drawBins();
    if (map.points) this.drawPoints();
    this.ground.getContext("2d").putImageData(raster.image, 0, 0);
    this.drawPicks(0, this.shown);
    this.drawOver();
  }

  drawPoints() {
    const { map, raster, shades, values } = this;
    const { camera, inside, points, ratio } = map;
    const order = this.order?.length === points.x.length ? this.order : null;
    const [x0, , , y1] = camera.view;
    const unit = camera.across * ratio;
    const size = map.size * ratio;
    const masks = {};
    const strong = shades.picks ? BEHIND_PICKS : STRONG;
    for (let pass = 0; pass < (inside ? 2 : 1); pass++) {
      for (let k = 0; k < points.x.length; k++) {
        const i = order ? order[k] : k;
        if (inside && inside[i] !== pass) continue;
        const value = values ? values[i] : -1;
        let opacity = k < shades.unknown && !shades.picks ? UNKNOWN : strong;
        if (shades.faded(value)) opacity = FADED;
        if (inside) opacity = pass ? IN_FOCUS : Math.round(opacity * OUT_OF_FOCUS);
        const shape = shades.shape(value);
        masks[shape] ??= raster.mask(shape, size);
        const [x, y] = [(points.x[i] - x0) * unit, (y1 - points.y[i]) * unit];
        raster.stamp(masks[shape], x, y, shades.colour(value), opacity);
      }
    }
  }

  drawBins() {
    const { map, raster } = this;
    const { ratio } = map;
    const plain = map.points || this.shades.picks;
    const strength = plain ? 128 : 256;
    this.eachBin(plain, (left, top, wide, tall, colour, opacity, faded) => {
      const [right, bottom] = [(left + wide) * ratio, (top + tall) * ratio];
      const strong = Math.round(strength * opacity * (faded ? 0.1 : 1));
      raster.box(left * ratio, top * ratio, right, bottom, colour, strong);
    });
  }

  // Call `draw` with each bin of the density: its place in pixels and its look; `plain` ones are grey.
  eachBin(plain, draw) {
    const { bins, camera, theme } = this.map;
    const { grid, index, n } = bins;
    const values = bins.values[this.number];
    const [x0, , , y1] = camera.view;
    const [wide, tall] = [grid.dx * camera.across, grid.dy * camera.up];
    const top = Math.log1p(bins.most);
    for (let k = 0; k < index.length; k++) {
      const left = (grid.x0 - x0) * camera.across + (index[k] % grid.columns) * wide;
      const low = (y1 - grid.y0) * camera.up - Math.floor(index[k] / grid.columns) * tall;
      const value = values ? values[k] : -1;
      const colour = plain ? theme.grey : this.shades.colour(value);
      const opacity = 0.14 + (0.86 * Math.log1p(n[k])) / top;
      draw(left, low - tall, wide, tall, colour, opacity, this.shades.faded(value));
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
    pen.strokeStyle = `rgb(${this.map.theme.paper})`;
    pen.stroke();
    return canvas;
  }

  pickColour(rank) {
    const { shades } = this;
    if (this.look.kind !== "rank" || !shades.scale) return shades.accent;
    const last = Math.max(1, this.picks.x.length - 1);
    return shades.onScale(255 - Math.round((240 * rank) / last));
  }

  // Draw picks `from` to `until` of the ranking; from 0 the layer is cleared first.
  drawPicks(from, until) {
    const pen = this.picked.getContext("2d");
    if (from === 0) pen.clearRect(0, 0, this.picked.width, this.picked.height);
    const { picks, map } = this;
    if (!picks) return;
    const { width, height } = map.area;
    const radius = ((map.size + 3.2) / 2) * map.ratio * (picks.x.length > 20_000 ? 0.7 : 1);
    const sprites = new Map();
    for (let rank = from; rank < until; rank++) {
      const [x, y] = map.camera.toPixels(picks.x[rank], picks.y[rank]);
      if (x < -BEYOND || y < -BEYOND || x > width + BEYOND || y > height + BEYOND) continue;
      const colour = this.pickColour(rank);
      const key = colour.join();
      if (!sprites.has(key)) sprites.set(key, this.sprite(colour, radius));
      const sprite = sprites.get(key);
      pen.drawImage(sprite, x * map.ratio - sprite.width / 2, y * map.ratio - sprite.height / 2);
    }
  }

  // What changes with the pointer and with time: rings of picks that land, the labels, the region.
  drawOver(now = 0) {
    const { map } = this;
    const pen = this.over.getContext("2d");
    pen.setTransform(map.ratio, 0, 0, map.ratio, 0, 0);
    pen.clearRect(0, 0, map.area.width, map.area.height);
    this.drawLanding(pen, now);
    this.drawLabels(pen);
    const shapes = map.polygons.map((polygon) => polygon.map(([x, y]) => map.camera.toPixels(x, y)));
    if (this.sketched) shapes.push(this.sketched);
    pen.fillStyle = `rgba(${map.theme.accent},0.07)`;
    pen.strokeStyle = `rgb(${map.theme.accent})`;
    pen.lineWidth = 1.5;
    for (const shape of shapes) {
      pen.beginPath();
      for (const [x, y] of shape) pen.lineTo(x, y);
      pen.closePath();
      pen.fill();
      pen.stroke();
    }
    for (const at of [this.pointed, map.row?.at]) {
      if (at) drawRing(pen, map.camera.toPixels(...at), map.size / 2 + 4, map.theme.ink);
    }
  }

  drawLanding(pen, now) {
    const { map, picks } = this;
    pen.strokeStyle = pen.fillStyle = `rgb(${map.theme.accent})`;
    pen.lineWidth = 2;
    for (const [rank, since] of map.landing) {
      const age = (now - since) / LANDING;
      if (!picks || rank >= picks.x.length || age < 0 || age > 1) continue;
      const [x, y] = map.camera.toPixels(picks.x[rank], picks.y[rank]);
      pen.globalAlpha = 0.9 * (1 - age);
      pen.beginPath();
      pen.arc(x, y, 3 + 17 * Math.sqrt(age), 0, 7);
      pen.stroke();
      pen.beginPath();
      pen.arc(x, y, 7 * (1 - age), 0, 7);
      pen.fill();
    }
    pen.globalAlpha = 1;
  }

  drawLabels(pen) {
    const { area, camera, spec, theme } = this.map;
    const placed = [];
    pen.font = `600 12px ${theme.font}`;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.lineJoin = "round";
    for (const [left, top, text] of spec.labels) {
      const [x, middle] = camera.toPixels(left, top);
      const y = middle - 13; // above the middle, so that a small cluster is not hidden by its name
      const wide = pen.measureText(text).width / 2 + 6;
      if (x < wide || y < 14 || x > area.width - wide || y > area.height - 14) continue;
      if (placed.some(([a, b, w]) => Math.abs(a - x) < w + wide && Math.abs(b - y) < 18)) continue;
      placed.push([x, y, wide]);
      pen.lineWidth = 4;
      pen.strokeStyle = `rgba(${theme.paper},0.88)`;
      pen.strokeText(text, x, y);
      pen.fillStyle = `rgb(${theme.ink})`;
      pen.fillText(text, x, y);
    }
  }

  // What lies under a place in pixels: {at, id, words, line}, or null.
  under(px, py) {
    const { map } = this;
    const [x, y] = map.camera.toData(px, py);
    const reach = Math.max(6, map.size / 2 + 3) / map.camera.across;
    return this.pickUnder(x, y, reach) ?? this.pointUnder(x, y, reach) ?? this.binUnder(x, y);
  }

  pickUnder(x, y, reach) {
    const { picks } = this;
    const rank = this.nearestPick ? this.nearestPick.find(x, y, reach) : -1;
    if (rank < 0 || rank >= this.shown) return null;
    const line = `pick ${written(rank + 1)} of ${written(picks.x.length)}`;
    return { at: [picks.x[rank], picks.y[rank]], id: picks.id[rank], words: this.wordsOf(rank), line };
  }

  pointUnder(x, y, reach) {
    const { nearest, points } = this.map;
    const i = nearest ? nearest.find(x, y, reach) : -1;
    if (i < 0) return null;
    const line = this.shades.words(this.values ? this.values[i] : -1);
    return { at: [points.x[i], points.y[i]], id: points.id ? points.id[i] : i, words: points.words.get(i), line };
  }

  binUnder(x, y) {
    const { bins } = this.map;
    if (!bins) return null;
    const { grid } = bins;
    const column = Math.floor((x - grid.x0) / grid.dx);
    const row = Math.floor((y - grid.y0) / grid.dy);
    if (column < 0 || row < 0 || column >= grid.columns || row >= grid.rows) return null;
    const k = bins.index.indexOf(row * grid.columns + column);
    if (k < 0) return null;
    const values = bins.values[this.number];
    return {
      at: null,
      words: `${written(bins.n[k])} rows here`,
      line: values ? this.shades.words(values[k], true) : "",
    };
  }

  wordsOf(rank) {
    const { picks } = this;
    if (picks.words) return picks.words.get(rank);
    const { points } = this.map;
    return points && !points.id ? points.words.get(picks.id[rank]) : `row ${picks.id[rank]}`;
  }
}

// Whether each point lies in any of the polygons (even-odd rule, as the server counts: explorer/maps/polygon.py).
export function insideAny(x, y, polygons) {
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
