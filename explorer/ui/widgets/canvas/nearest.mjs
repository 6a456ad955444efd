// The nearest of many points, through a grid of buckets.

const clamp = (value, last) => Math.max(0, Math.min(last, value));

export class Nearest {
  constructor(x, y, [x0, x1, y0, y1], side = 192) {
    Object.assign(this, { x, y, x0, y0, side, dx: (x1 - x0) / side || 1, dy: (y1 - y0) / side || 1 });
    const cell = new Uint32Array(x.length);
    this.starts = new Uint32Array(side * side + 1);
    for (let i = 0; i < x.length; i++) {
      cell[i] = this.column(x[i]) + side * this.row(y[i]);
      this.starts[cell[i] + 1]++;
    }
    for (let c = 0; c < side * side; c++) this.starts[c + 1] += this.starts[c];
    const next = this.starts.slice();
    this.items = new Uint32Array(x.length);
    for (let i = 0; i < x.length; i++) this.items[next[cell[i]]++] = i;
  }

  column(x) {
    return clamp(Math.floor((x - this.x0) / this.dx), this.side - 1);
  }

  row(y) {
    return clamp(Math.floor((y - this.y0) / this.dy), this.side - 1);
  }

  // The number of the nearest point within `radius`; -1 where there is none.
  find(x, y, radius) {
    let best = -1;
    let least = radius * radius;
    for (let row = this.row(y - radius); row <= this.row(y + radius); row++) {
      for (let column = this.column(x - radius); column <= this.column(x + radius); column++) {
        const c = column + this.side * row;
        for (let k = this.starts[c]; k < this.starts[c + 1]; k++) {
          const i = this.items[k];
          const d = (this.x[i] - x) ** 2 + (this.y[i] - y) ** 2;
          if (d < least) [best, least] = [i, d];
        }
      }
    }
    return best;
  }
}
