// Points as pixels: shapes cut into masks once, then stamped into an image. 50,000 points take a few milliseconds on a
// processor alone, so a plot needs no WebGL and looks the same everywhere.

export const PATHS = {
  circle: "M1,0A1,1,0,1,1,-1,0A1,1,0,1,1,1,0Z",
  diamond: "M0,-1.3L1.3,0L0,1.3L-1.3,0Z",
  square: "M-0.9,-0.9H0.9V0.9H-0.9Z",
  "triangle-up": "M0,-1.25L1.15,0.8L-1.15,0.8Z",
  cross: "M-0.4,-1.2H0.4V-0.4H1.2V0.4H0.4V1.2H-0.4V0.4H-1.2V-0.4H-0.4Z",
  x: "M-1.1,-0.6L-0.6,-1.1L0,-0.5L0.6,-1.1L1.1,-0.6L0.5,0L1.1,0.6L0.6,1.1L0,0.5L-0.6,1.1L-1.1,0.6L-0.5,0Z",
  pentagon: "M0,-1.15L1.1,-0.35L0.68,0.93L-0.68,0.93L-1.1,-0.35Z",
  star: "M0,-1.4L0.4,-0.45L1.33,-0.43L0.6,0.2L0.82,1.13L0,0.6L-0.82,1.13L-0.6,0.2L-1.33,-0.43L-0.4,-0.45Z",
};

export class Raster {
  constructor(width, height) {
    this.width = width;
    this.height = height;
    this.image = new ImageData(width, height);
    this.bytes = this.image.data;
    this.words = new Uint32Array(this.bytes.buffer);
    this.masks = new Map();
  }

  fill([r, g, b]) {
    this.words.fill(((255 << 24) | (b << 16) | (g << 8) | r) >>> 0);
  }

  // The coverage of a shape of a diameter in pixels, as lists of places and of opacities 0 to 256.
  mask(shape, diameter) {
    const key = `${shape} ${diameter.toFixed(1)}`;
    if (this.masks.has(key)) return this.masks.get(key);
    const half = Math.ceil(diameter * 0.72) + 1;
    const side = 2 * half + 1;
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = side;
    const pen = canvas.getContext("2d");
    pen.translate(half + 0.5, half + 0.5);
    pen.scale(diameter / 2, diameter / 2);
    pen.fill(new Path2D(PATHS[shape] || PATHS.circle));
    const coverage = pen.getImageData(0, 0, side, side).data;
    const mask = { half, dx: [], dy: [], at: [], alpha: [] };
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        const alpha = coverage[4 * (y * side + x) + 3];
        if (alpha < 8) continue;
        mask.dx.push(x - half);
        mask.dy.push(y - half);
        mask.at.push(4 * ((y - half) * this.width + x - half));
        mask.alpha.push((alpha * 256) / 255);
      }
    }
    for (const name of ["dx", "dy", "at", "alpha"]) mask[name] = Int32Array.from(mask[name]);
    this.masks.set(key, mask);
    return mask;
  }

  stamp(mask, x, y, [r, g, b], opacity) {
    const { bytes, width, height } = this;
    const left = Math.round(x);
    const top = Math.round(y);
    const { half, at, alpha, dx, dy } = mask;
    if (left < -half || top < -half || left >= width + half || top >= height + half) return;
    const whole = left >= half && top >= half && left < width - half && top < height - half;
    const start = 4 * (top * width + left);
    for (let k = 0; k < at.length; k++) {
      if (!whole && (left + dx[k] < 0 || top + dy[k] < 0 || left + dx[k] >= width || top + dy[k] >= height)) continue;
      const o = start + at[k];
      const a = (alpha[k] * opacity) >> 8;
      bytes[o] += ((r - bytes[o]) * a) >> 8;
      bytes[o + 1] += ((g - bytes[o + 1]) * a) >> 8;
      bytes[o + 2] += ((b - bytes[o + 2]) * a) >> 8;
    }
  }

  box(x0, y0, x1, y1, [r, g, b], opacity) {
    const { bytes, width, height } = this;
    const right = Math.min(width, Math.max(Math.round(x1), Math.round(x0) + 1));
    const bottom = Math.min(height, Math.max(Math.round(y1), Math.round(y0) + 1));
    for (let y = Math.max(0, Math.round(y0)); y < bottom; y++) {
      for (let x = Math.max(0, Math.round(x0)), o = 4 * (y * width + x); x < right; x++, o += 4) {
        bytes[o] += ((r - bytes[o]) * opacity) >> 8;
        bytes[o + 1] += ((g - bytes[o + 1]) * opacity) >> 8;
        bytes[o + 2] += ((b - bytes[o + 2]) * opacity) >> 8;
      }
    }
  }
}
