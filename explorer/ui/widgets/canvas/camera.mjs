// What of the data is in view, and where it lies in pixels.

const FARTHEST = 0.5; // how near one may look at least; 1 shows everything

const clamp = (value, low, high) => Math.max(low, Math.min(high, value));

export class Camera {
  // `equal`: a unit is as long across as up (a map). `closest`: how many times nearer than everything one may look.
  constructor({ equal = false, closest = 400 } = {}) {
    this.equal = equal;
    this.closest = closest;
    this.area = { left: 0, top: 0, width: 1, height: 1 }; // pixels in which the view lies
    this.bounds = [0, 1, 0, 1]; // of everything: x from and to, y from and to
    this.free = 0; // pixels at the top of the area that the bounds leave free
    this.moved = null; // the view where the reader moved or zoomed; null shows everything
    this.update();
  }

  setBounds(bounds, free = 0) {
    this.bounds = bounds;
    this.free = free;
    this.update();
  }

  // Give the view other pixels: the same range across stays in view.
  setArea(area) {
    this.area = area;
    if (this.moved && this.equal) {
      const [x0, x1, y0, y1] = this.moved;
      const half = ((x1 - x0) * area.height) / area.width / 2;
      this.moved = [x0, x1, (y0 + y1) / 2 - half, (y0 + y1) / 2 + half];
    }
    this.update();
  }

  // The view of everything.
  get whole() {
    const [x0, x1, y0, y1] = this.bounds;
    if (!this.equal) return this.bounds;
    const { width, height } = this.area;
    const unit = Math.min(width / (x1 - x0 || 1), (height - this.free) / (y1 - y0 || 1));
    const [x, y] = [(x0 + x1) / 2, (y0 + y1) / 2 + this.free / 2 / unit];
    const [across, up] = [width / unit / 2, height / unit / 2];
    return [x - across, x + across, y - up, y + up];
  }

  // How many times nearer the view is than that of everything.
  get nearness() {
    const [a0, a1] = this.whole;
    const [x0, x1] = this.view;
    return (a1 - a0) / (x1 - x0);
  }

  update() {
    this.view = this.moved ?? this.whole;
    const [x0, x1, y0, y1] = this.view;
    this.across = this.area.width / (x1 - x0 || 1); // pixels per unit
    this.up = this.area.height / (y1 - y0 || 1);
  }

  toPixels(x, y) {
    const { area, view } = this;
    return [area.left + (x - view[0]) * this.across, area.top + (view[3] - y) * this.up];
  }

  toData(px, py) {
    const { area, view } = this;
    return [view[0] + (px - area.left) / this.across, view[3] - (py - area.top) / this.up];
  }

  fit() {
    this.moved = null;
    this.update();
  }

  look(view) {
    this.moved = view;
    this.update();
  }

  // Zoom about a place in pixels: the data under it stays there.
  zoom(factor, px = this.area.left + this.area.width / 2, py = this.area.top + this.area.height / 2) {
    const { nearness } = this;
    const by = clamp(factor, FARTHEST / nearness, this.closest / nearness);
    const [x0, x1, y0, y1] = this.view;
    const [x, y] = this.toData(px, py);
    this.look([x - (x - x0) / by, x + (x1 - x) / by, y - (y - y0) / by, y + (y1 - y) / by]);
  }

  // Zoom into a box with these corners, in pixels.
  zoomInto(start, end) {
    const corners = [this.toData(...start), this.toData(...end)];
    const ends = (axis) => corners.map((corner) => corner[axis]).sort((a, b) => a - b);
    this.look([...ends(0), ...ends(1)]);
    this.zoom(1); // keeps the nearness within its limits
  }

  // Move what is in view by pixels: to the right and down.
  pan(dx, dy) {
    const [x0, x1, y0, y1] = this.view;
    const [x, y] = [dx / this.across, dy / this.up];
    this.look([x0 + x, x1 + x, y0 - y, y1 - y]);
  }
}
