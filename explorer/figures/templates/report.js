// Draws the plots of a report with the copy of plotly.js in the file, in the reader's light or dark colours.

const ink = () => getComputedStyle(document.documentElement).getPropertyValue("--ink").trim();

function draw(plot) {
  const figure = plot.parentNode;
  const { name, data, layout } = JSON.parse(figure.querySelector('script[type="application/json"]').textContent);
  const font = { ...layout.font, family: "system-ui, sans-serif", size: 13, color: ink() };
  const buttons = [["zoom2d", "pan2d", "resetScale2d"]];
  const options = { displaylogo: false, responsive: true, modeBarButtons: buttons };
  Plotly.newPlot(plot, data, { ...layout, font, autosize: true }, options);
  for (const button of figure.querySelectorAll("button")) {
    const format = button.dataset.format;
    button.addEventListener("click", () => {
      const size = { width: plot.clientWidth, height: plot.clientHeight, scale: format === "png" ? 2 : 1 };
      Plotly.downloadImage(plot, { format, filename: name, ...size });
    });
  }
}

const plots = [...document.querySelectorAll(".plot")];
plots.forEach(draw);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  for (const plot of plots) Plotly.relayout(plot, { "font.color": ink() });
});
