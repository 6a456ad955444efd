// What a value of a point looks like: its colour and shape, when it is drawn, its words on hover, and the legend.

import { element, svgElement } from "../dom.mjs";
import { ramp, rgb } from "./colours.mjs";
import { PATHS } from "./raster.mjs";

const NAMED = 40; // categories in the legend

const number = (value, digits) => Number(value.toPrecision(digits)).toLocaleString("en");

export class Shades {
  // `look.kind`: category (codes, negative is none), magnitude, activation, selected, rank, or plain (all points alike).
  constructor(look, { accent, grey, dark }) {
    this.look = look;
    this.colours = look.kind === "category" ? look.colours.map(rgb) : null;
    this.scale = look.scales ? ramp(look.scales[dark ? 1 : 0]) : null;
    this.accent = accent;
    this.grey = grey;
    this.picks = look.kind === "selected" || look.kind === "rank"; // a selection over points that are all grey
    this.only = null; // the category shown alone
    this.unknown = 0; // points without a value: they come first in the order
  }

  known(value) {
    if (this.look.kind === "category") return value >= 0;
    return this.look.kind === "activation" ? value > 0 : !Number.isNaN(value);
  }

  // Points in the order they are drawn: what has no value first, the strongest last, categories mixed.
  order(values) {
    const category = this.look.kind === "category";
    const n = values.length;
    const order = new Uint32Array(n);
    let known = 0;
    for (let i = 0; i < n; i++) if (this.known(values[i])) known++;
    let low = 0;
    let high = n - known;
    const step = category ? stride(n) : 1;
    for (let k = 0, i = 0; k < n; k++, i = (i + step) % n) order[this.known(values[i]) ? high++ : low++] = i;
    if (!category) order.subarray(n - known).sort((a, b) => values[a] - values[b]);
    this.unknown = n - known;
    return order;
  }

  colour(value) {
    if (this.colours) return value >= 0 ? this.colours[value % this.colours.length] : this.grey;
    if (!this.scale || this.picks || !this.known(value)) return this.grey;
    const { low, high } = this.look;
    return this.onScale(Math.round((255 * (value - low)) / (high - low || 1)));
  }

  // The colour at a place of the scale, 0 to 255.
  onScale(place) {
    const at = 3 * Math.max(0, Math.min(255, place));
    return [this.scale[at], this.scale[at + 1], this.scale[at + 2]];
  }

  shape(value) {
    const { look } = this;
    if (!this.colours || look.names.length <= this.colours.length || value < 0) return "circle";
    return look.symbols[Math.floor(value / this.colours.length) % look.symbols.length];
  }

  // Whether a point stands back because another category is shown alone.
  faded(value) {
    return this.only !== null && value !== this.only;
  }

  // A value in words; `many` where it stands for several points.
  words(value, many = false) {
    const { look } = this;
    if (look.kind === "plain") return "";
    if (look.kind === "category") return value >= 0 ? `${many ? "mostly " : ""}${look.names[value]}` : "";
    if (this.picks) return many ? "" : "not selected";
    if (Number.isNaN(value)) return `no ${look.title}`;
    return `${many ? "mean " : ""}${look.title} ${number(value, 4)}`;
  }

  // Fill the element `legend`; a click on a category shows it alone, and `changed` draws again.
  legend(legend, changed) {
    legend.replaceChildren();
    if (this.look.kind === "category") this.categoryLegend(legend, changed);
    else if (this.scale && this.look.kind !== "selected") this.scaleLegend(legend);
    else if (this.look.kind !== "plain") {
      const meanings = [
        [this.accent, "selected"],
        [this.grey, "not selected"],
      ];
      for (const [colour, text] of meanings) element(legend, "span", "entry").append(swatch("circle", colour), text);
    }
  }

  categoryLegend(legend, changed) {
    const { names, rest } = this.look;
    const entries = [];
    const add = (name, code) => {
      const entry = element(legend, "button", "entry");
      entry.append(swatch(this.shape(code), this.colour(code)), name);
      entry.title = "Show only these";
      entry.onclick = () => {
        this.only = this.only === code ? null : code;
        for (const [other, its] of entries) other.classList.toggle("off", this.faded(its));
        changed();
      };
      entries.push([entry, code]);
    };
    names.slice(0, NAMED).forEach(add);
    if (names.length > NAMED) legend.append(`and ${names.length - NAMED} more`);
    if (rest) add(rest, -1);
  }

  scaleLegend(legend) {
    const { kind, title, low, high, open } = this.look;
    const colours = Array.from({ length: 9 }, (_, k) => `rgb(${this.onScale(Math.round((k * 255) / 8))})`);
    const bar = element(legend, "span", "bar");
    bar.style.background = `linear-gradient(90deg,${(kind === "rank" ? colours.reverse() : colours).join()})`;
    bar.before(kind === "rank" ? "first pick" : `${title}: ${number(low, 3)}`);
    bar.after(kind === "rank" ? "last pick" : `${number(high, 3)}${open ? " and more" : ""}`);
  }
}

function swatch(shape, colour) {
  const svg = svgElement(null, "svg", { viewBox: "-1.5 -1.5 3 3" });
  svgElement(svg, "path", { d: PATHS[shape], fill: `rgb(${colour})` });
  return svg;
}

// A step through 0..n-1 that has no factor in common with n and mixes neighbours.
function stride(n) {
  const common = (a, b) => (b ? common(b, a % b) : a);
  let step = Math.max(1, Math.floor(n * 0.618));
  while (n > 1 && common(step, n) !== 1) step++;
  return step;
}
