import assert from "node:assert/strict";
import { test } from "node:test";
import { logTicks, roundTicks } from "../../explorer/ui/length/axes.mjs";
import { insideAny } from "../../explorer/ui/map/panel.mjs";
import { ramp } from "../../explorer/ui/widgets/canvas/colours.mjs";
import { Nearest } from "../../explorer/ui/widgets/canvas/nearest.mjs";
import { Shades } from "../../explorer/ui/widgets/canvas/shades.mjs";

const THEME = { accent: [1, 2, 3], grey: [9, 9, 9], dark: false };

function random(seed) {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

test("the grid finds the same point as a search of all", () => {
  const next = random(7);
  const x = Float32Array.from({ length: 500 }, () => 20 * next() - 10);
  const y = Float32Array.from({ length: 500 }, () => next());
  const nearest = new Nearest(x, y, [-10, 10, 0, 1], 16);
  for (let k = 0; k < 300; k++) {
    const [px, py, radius] = [24 * next() - 12, 1.4 * next() - 0.2, 0.5 * next()];
    let best = -1;
    x.forEach((_, i) => {
      const apart = (i) => (x[i] - px) ** 2 + (y[i] - py) ** 2;
      if (apart(i) < radius ** 2 && (best < 0 || apart(i) < apart(best))) best = i;
    });
    assert.equal(nearest.find(px, py, radius), best);
  }
});

test("points are inside a polygon by the even-odd rule", () => {
  const star = [
    [0, 3],
    [2, -3],
    [-3, 1],
    [3, 1],
    [-2, -3],
  ];
  const inside = insideAny(Float32Array.of(0, 0, 5, -2), Float32Array.of(0, 2, 0, 0.9), [star]);
  assert.deepEqual([...inside], [0, 1, 0, 1]); // the middle of a five-pointed star is crossed twice
});

test("points are drawn once each: without a value first, the strongest last", () => {
  const shades = new Shades({ kind: "magnitude", title: "t", low: 0, high: 1 }, THEME);
  const values = Float32Array.of(0.5, Number.NaN, 0.1, 0.9, Number.NaN);
  const order = [...shades.order(values)];
  assert.deepEqual(order.slice(2), [2, 0, 3]);
  assert.deepEqual(order.slice(0, 2).sort(), [1, 4]);
  const codes = Int16Array.from({ length: 97 }, (_, i) => (i % 5) - 1);
  const look = { kind: "category", title: "t", names: ["a", "b", "c", "d"], colours: ["#000000"], symbols: ["x"] };
  assert.deepEqual(
    [...new Shades(look, THEME).order(codes)].sort((a, b) => a - b),
    [...codes.keys()],
  );
});

test("a colour scale begins and ends at its ends", () => {
  const scale = ramp(["#000000", "#ff0000", "#ffffff"]);
  assert.deepEqual([...scale.slice(0, 3), ...scale.slice(-3)], [0, 0, 0, 255, 255, 255]);
});

test("ticks are round, ascend, and lie inside the axis", () => {
  const next = random(3);
  for (let k = 0; k < 200; k++) {
    const low = 100 * next();
    const high = low + 10 ** (4 * next());
    const ticks = roundTicks(low, high, 8);
    assert.ok(ticks.length <= 21 && ticks.every((tick) => tick >= low && tick <= high));
    assert.ok(ticks.every((tick, i) => i === 0 || tick > ticks[i - 1]));
  }
  assert.deepEqual(logTicks(0, 3, 4), [1, 10, 100, 1000]);
  assert.deepEqual(logTicks(0, 2, 10), [1, 2, 5, 10, 20, 50, 100]);
});
