// Replay: the picks of one or two rankings land on the map in their order. Only the layer of picks changes.

import { element } from "../widgets/dom.mjs";

const LONGEST = 9_000; // milliseconds, of a whole ranking
const SHORTEST = 1_500;
const PER_PICK = 60; // milliseconds: a short ranking is not drawn out further
const LANDING = 650;

export class Replay {
  constructor(map, node) {
    this.map = map;
    this.node = node;
    this.most = 0; // picks
    this.at = 0; // picks that are shown
    this.button = element(node, "button", "play");
    this.button.setAttribute("aria-label", "Play the ranking");
    this.button.onclick = () => (this.frame ? this.stop() : this.start());
    this.slider = element(node, "input", "slide");
    this.slider.type = "range";
    this.slider.min = 0;
    this.slider.step = 1;
    this.slider.setAttribute("aria-label", "Picks shown");
    this.slider.oninput = () => {
      this.stop();
      this.show(Number(this.slider.value));
    };
    this.count = element(node, "span", "count");
    this.last = element(node, "span", "last");
    this.node.hidden = true;
    this.markButton();
  }

  // Take the rankings of the panels: other ones are shown whole, the same ones as far as they were.
  take() {
    const { panels } = this.map;
    const most = Math.max(0, ...panels.map((panel) => (panel.picks ? panel.picks.x.length : 0)));
    const runs = panels.map((panel) => panel.look.run || "").join();
    this.node.hidden = most === 0;
    if (runs !== this.runs || most !== this.most) {
      this.stop();
      this.at = most;
    }
    [this.runs, this.most] = [runs, most];
    this.slider.max = most;
    this.show(Math.min(this.at, most), false);
  }

  markButton() {
    this.button.textContent = this.frame ? "❚❚" : "▶";
    this.button.title = this.frame ? "Pause" : "Replay: watch the picks land in their order";
  }

  start() {
    if (this.at >= this.most) this.show(0);
    const { map } = this;
    const length = Math.min(LONGEST, Math.max(SHORTEST, PER_PICK * this.most));
    let before = null;
    let reached = this.at;
    const step = (now) => {
      reached = Math.min(this.most, reached + ((now - (before ?? now)) / length) * this.most);
      before = now;
      const until = Math.floor(reached);
      for (let rank = Math.max(this.at, until - 24); rank < until; rank++) map.landing.push([rank, now]);
      map.landing = map.landing.filter(([, since]) => now - since < LANDING).slice(-160);
      this.show(until);
      map.drawOver(now);
      if (until < this.most || map.landing.length) this.frame = requestAnimationFrame(step);
      else this.stop();
    };
    this.frame = requestAnimationFrame(step);
    this.markButton();
  }

  stop() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    if (this.map.landing.length) {
      this.map.landing = [];
      this.map.drawOver();
    }
    this.markButton();
  }

  show(until, draw = true) {
    this.at = until;
    this.slider.value = until;
    this.count.textContent = `${until.toLocaleString("en")} of ${this.most.toLocaleString("en")} picks`;
    const [first] = this.map.panels;
    const landed = first.picks && until > 0 && until <= first.picks.x.length;
    this.last.textContent = landed ? first.wordsOf(until - 1) : "";
    for (const panel of this.map.panels) {
      const from = panel.shown;
      panel.shown = Math.min(until, panel.picks ? panel.picks.x.length : 0);
      if (draw && panel.shown !== from) panel.drawPicks(panel.shown > from ? from : 0, panel.shown);
    }
  }
}
