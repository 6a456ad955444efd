// Colours as [red, green, blue]. All of them come from the server: as data of a plot, or as variables of its style.

export const rgb = (hex) => [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));

// 256 colours between evenly spaced ones, three bytes each.
export function ramp(colours) {
  const stops = colours.map(rgb);
  const out = new Uint8Array(768);
  for (let i = 0; i < 256; i++) {
    const at = (i / 255) * (stops.length - 1);
    const low = Math.min(Math.floor(at), stops.length - 2);
    for (let c = 0; c < 3; c++) out[3 * i + c] = stops[low][c] + (at - low) * (stops[low + 1][c] - stops[low][c]);
  }
  return out;
}

// Colours and font around `root`: the theme of the app, and the palette of the figures.
export function themeOf(root) {
  const style = getComputedStyle(root);
  const colour = (name) => cssColour(style.getPropertyValue(name));
  const paper = colour("--st-background-color");
  return {
    paper,
    ink: colour("--st-text-color"),
    accent: colour("--accent"),
    grey: colour("--grey"),
    font: style.getPropertyValue("--st-font") || "sans-serif",
    dark: paper[0] + paper[1] + paper[2] < 382,
  };
}

// A colour given in any way CSS knows.
function cssColour(text) {
  const pen = document.createElement("canvas").getContext("2d");
  pen.fillStyle = text.trim();
  pen.fillRect(0, 0, 1, 1);
  return [...pen.getImageData(0, 0, 1, 1).data.slice(0, 3)];
}
