// Replay: the picks of one or two rankings land on the map in their order. Only the layer of picks changes.

const LENGTH_MS = 9_000; // a whole ranking
const SHORT_MS = 60; // but no pick is given more than this many times its share

class Replay {
  constructor(map, node) {
    this.map = map;
    this.node = node;
    node.hidden = true;
    this.button = element("button", "play", node);
    this.button.setAttribute("aria-label", "Play the ranking");
    this.button.onclick = () => (this.frame ? this.stop() : this.start());
    this.slider = element("input", "slide", node);
    this.slider.type = "range";
    this.slider.min = 0;
    this.slider.step = 1;
    this.slider.setAttribute("aria-label", "Picks shown");
    this.slider.oninput = () => {
      this.stop();
      this.show(Number(this.slider.value));
    };
    this.count = element("span", "count", node);
    this.last = element("span", "last", node);
    this.face();
  }

  take() {
    const { panels } = this.map;
    const most = Math.max(0, ...panels.map((panel) => (panel.picks ? panel.picks.x.length : 0)));
    const name = panels.map((panel) => panel.spec.run || "").join();
    this.node.hidden = most === 0;
    const same = name === this.name && most === this.most;
    this.most = most;
    this.name = name;
    this.slider.max = most;
    if (!same) {
      this.stop();
      this.at = most;
    }
    this.show(Math.min(this.at ?? most, most), false);
  }

  face() {
    this.button.textContent = this.frame ? "❚❚" : "▶";
    this.button.title = this.frame ? "Pause" : "Replay: watch the picks land in their order";
  }

  start() {
    if (this.at >= this.most) this.show(0);
    const length = Math.min(LENGTH_MS, Math.max(1_500, SHORT_MS * this.most));
    let before = performance.now();
    let reached = this.at;
    const step = (now) => {
      reached = Math.min(this.most, reached + ((now - before) / length) * this.most);
      before = now;
      const until = Math.floor(reached);
      const first = Math.max(this.at, until - 24);
      for (let rank = first; rank < until; rank++) this.map.landing.push([rank, now]);
      this.map.landing = this.map.landing.filter(([, since]) => now - since < 650).slice(-160);
      this.show(until);
      this.map.draw_over(now);
      if (until < this.most || this.map.landing.length) this.frame = requestAnimationFrame(step);
      else this.stop();
    };
    this.frame = requestAnimationFrame((now) => {
      before = now;
      step(now);
    });
    this.face();
  }

  stop() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    if (this.map.landing.length) {
      this.map.landing = [];
      this.map.draw_over();
    }
    this.face();
  }

  show(until, draw = true) {
    this.at = until;
    this.slider.value = until;
    this.slider.style.setProperty("--done", `${(100 * until) / Math.max(1, this.most)}%`);
    this.count.textContent = `${until.toLocaleString("en")} of ${this.most.toLocaleString("en")} picks`;
    const [panel] = this.map.panels;
    const picks = panel && panel.picks;
    const has = picks && until > 0 && until <= picks.x.length;
    this.last.textContent = has ? panel.words_of(picks, until - 1) : "";
    for (const other of this.map.panels) {
      const wanted = Math.min(until, other.picks ? other.picks.x.length : 0);
      const from = other.shown;
      other.shown = wanted;
      if (draw && wanted !== from) other.draw_picks(wanted > from ? from : 0, wanted);
    }
  }
}
