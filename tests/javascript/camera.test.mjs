import assert from "node:assert/strict";
import { test } from "node:test";
import { Camera } from "../../explorer/ui/widgets/canvas/camera.mjs";

const AREA = { left: 40, top: 8, width: 600, height: 300 };
const BOUNDS = [-2, 10, 100, 400];
const PLACES = [
  [40, 8],
  [340, 158],
  [123.4, 201.7],
  [640, 308],
];

function camera(options = {}, area = AREA) {
  const made = new Camera(options);
  made.setArea(area);
  made.setBounds(BOUNDS, options.equal ? 40 : 0);
  return made;
}

function near(actual, expected) {
  actual.forEach((value, k) => {
    assert.ok(Math.abs(value - expected[k]) < 1e-6, `${actual} is not ${expected}`);
  });
}

for (const options of [{ equal: false }, { equal: true }]) {
  const kind = options.equal ? "map" : "scatter";

  test(`${kind}: pixels and data are inverse to each other`, () => {
    const view = camera(options);
    view.zoom(3, 200, 100);
    for (const place of PLACES) near(view.toPixels(...view.toData(...place)), place);
  });

  test(`${kind}: zoom about a place keeps the data under it and changes the scale by the factor`, () => {
    for (const place of PLACES) {
      for (const factor of [0.7, 1.4, 25]) {
        const view = camera(options);
        const [data, across, up] = [view.toData(...place), view.across, view.up];
        view.zoom(factor, ...place);
        near(view.toData(...place), data);
        near([view.across, view.up], [across * factor, up * factor]);
      }
    }
  });

  test(`${kind}: pan brings into place what lay so many pixels to the right and below`, () => {
    const view = camera(options);
    view.zoom(2, 100, 50);
    const data = view.toData(200 + 30, 100 - 12);
    view.pan(30, -12);
    near(view.toData(200, 100), data);
  });

  test(`${kind}: zoom stops at half of everything and at the closest`, () => {
    const view = camera({ ...options, closest: 400 });
    view.zoom(1e9, 200, 100);
    near([view.nearness], [400]);
    view.zoom(1e-9, 50, 60);
    near([view.nearness], [0.5]);
  });

  test(`${kind}: fit shows everything again, whatever was done`, () => {
    const view = camera(options);
    const before = view.view;
    view.zoom(7, 90, 20);
    view.pan(1000, -3000);
    assert.notDeepEqual(view.view, before);
    view.fit();
    assert.deepEqual(view.view, before);
  });

  test(`${kind}: another size keeps what is in view across`, () => {
    const view = camera(options);
    view.zoom(5, 300, 100);
    const [x0, x1] = view.view;
    view.setArea({ left: 0, top: 0, width: 211, height: 333 });
    near(view.view.slice(0, 2), [x0, x1]);
  });
}

test("a map has one scale for both axes and leaves the strip under the tools free", () => {
  for (const area of [AREA, { left: 0, top: 0, width: 90, height: 700 }]) {
    const map = camera({ equal: true }, area);
    const [left, top] = map.toPixels(BOUNDS[0], BOUNDS[3]);
    const [right, bottom] = map.toPixels(BOUNDS[1], BOUNDS[2]);
    near([map.across], [map.up]);
    assert.ok(left > area.left - 1e-6 && right < area.left + area.width + 1e-6);
    assert.ok(top > area.top + 40 - 1e-6 && bottom < area.top + area.height + 1e-6);
    map.zoom(3, 10, 10);
    map.setArea({ left: 0, top: 0, width: 500, height: 100 });
    near([map.across], [map.up]);
  }
});

test("a scatter fills its area with the bounds", () => {
  const scatter = camera();
  near(scatter.toPixels(BOUNDS[0], BOUNDS[3]), [AREA.left, AREA.top]);
  near(scatter.toPixels(BOUNDS[1], BOUNDS[2]), [AREA.left + AREA.width, AREA.top + AREA.height]);
});

test("a box that was drawn fills the area, from whichever corner it was drawn", () => {
  const [a, b] = [
    [140, 50],
    [260, 200],
  ];
  const data = [camera().toData(...a), camera().toData(...b)];
  for (const corners of [
    [a, b],
    [b, a],
    [
      [a[0], b[1]],
      [b[0], a[1]],
    ],
  ]) {
    const scatter = camera({ closest: 2_000 });
    scatter.zoomInto(...corners);
    near(scatter.view, [data[0][0], data[1][0], data[1][1], data[0][1]]);
  }
});

test("bounds without an extent are a finite view", () => {
  const map = new Camera({ equal: true });
  map.setArea(AREA);
  map.setBounds([3, 3, 5, 5], 40);
  assert.ok(map.view.every(Number.isFinite) && Number.isFinite(map.across));
});
