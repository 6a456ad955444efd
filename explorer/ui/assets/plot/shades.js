// What a value of a point looks like: its colour and shape, when it is drawn, its words on hover, and the legend.

const GREY = [138, 145, 156];

class Shades {
  // `kind`: category (codes, negative is none), magnitude, activation, selected, rank, or plain (all points alike).
  constructor(spec, dark) {
    this.spec = spec;
    this.colours = spec.kind === "category" ? spec.colours.map(rgb) : null;
    this.scale = spec.scales ? ramp(spec.scales[dark ? 1 : 0]) : null;
    this.accent = rgb(spec.accent);
    this.only = null; // the category shown alone
    this.unknown = 0; // points without a value: they come first in the order
  }

  known(value) {
    return this.spec.kind === "category" ? value >= 0 : this.spec.kind === "activation" ? value > 0 : value === value;
  }

  // Points in the order they are drawn: what has no value first, the strongest last, categories mixed.
  order(values) {
    const category = this.spec.kind === "category";
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
    if (this.colours) return value >= 0 ? this.colours[value % this.colours.length] : GREY;
    const { kind, low, high } = this.spec;
    if (!this.scale || kind === "selected" || kind === "rank" || !this.known(value)) return GREY;
    const at = 3 * Math.max(0, Math.min(255, Math.round((255 * (value - low)) / (high - low || 1))));
    return [this.scale[at], this.scale[at + 1], this.scale[at + 2]];
  }

  shape(value) {
    const { spec } = this;
    if (!this.colours || spec.names.length <= this.colours.length || value < 0) return "circle";
    return spec.symbols[Math.floor(value / this.colours.length) % spec.symbols.length];
  }

  // Whether a point stands back because another category is shown alone.
  faded(value) {
    return this.only !== null && value !== this.only;
  }

  said(value, many = false) {
    const { spec } = this;
    if (spec.kind === "plain") return "";
    if (spec.kind === "category") return value >= 0 ? `${many ? "mostly " : ""}${spec.names[value]}` : "";
    if (spec.kind === "selected" || spec.kind === "rank") return many ? "" : "not selected";
    if (value !== value) return `no ${spec.title}`;
    return `${many ? "mean " : ""}${spec.title} ${Number(value.toPrecision(4)).toLocaleString("en")}`;
  }

  // Fill the element `legend`; a click on a category shows it alone, and `changed` draws again.
  legend(legend, changed) {
    const { spec } = this;
    legend.replaceChildren();
    if (spec.kind === "plain") return;
    if (spec.kind === "category") {
      const entries = [];
      const add = (name, code) => {
        const item = element("button", "entry", legend);
        item.append(swatch(this.shape(code), `rgb(${this.colour(code)})`), name);
        item.title = "Show only these";
        item.onclick = () => {
          this.only = this.only === code ? null : code;
          for (const [other, its] of entries) other.classList.toggle("off", this.faded(its));
          changed();
        };
        entries.push([item, code]);
      };
      spec.names.slice(0, 40).forEach(add);
      if (spec.names.length > 40) legend.append(`and ${spec.names.length - 40} more`);
      if (spec.rest) add(spec.rest, -1);
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
  const made = svgNode(null, "svg", { viewBox: "-1.5 -1.5 3 3" });
  svgNode(made, "path", { d: PATHS[shape], fill: colour });
  return made;
}

// A step through 0..n-1 that has no factor in common with n and mixes neighbours.
function stride(n) {
  const common = (a, b) => (b ? common(b, a % b) : a);
  let step = Math.max(1, Math.floor(n * 0.618));
  while (n > 1 && common(step, n) !== 1) step++;
  return step;
}
