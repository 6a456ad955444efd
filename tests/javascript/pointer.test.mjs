import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { steer } from "../../explorer/ui/widgets/canvas/pointer.mjs";

let calls;
let node;
let plot;

beforeEach(() => {
  calls = [];
  node = Object.assign(new EventTarget(), {
    clientLeft: 1,
    clientTop: 1,
    focused: false,
    setAttribute() {},
    setPointerCapture() {},
    focus: () => {
      node.focused = true;
    },
    getBoundingClientRect: () => ({ left: 100, top: 200 }),
    getRootNode: () => ({ activeElement: node.focused ? node : null }),
  });
  const names = ["zoom", "pan", "fit", "clear", "hover", "leave", "click", "sketch", "finish"];
  plot = { tool: "lasso", under: () => null };
  for (const name of names) plot[name] = (...values) => calls.push([name, ...values]);
  steer(node, plot, "panel");
});

function send(name, x, y, more = {}) {
  const event = Object.assign(new Event(name, { cancelable: true }), { clientX: 101 + x, clientY: 201 + y }, more);
  node.dispatchEvent(event);
  return event;
}

const named = (name) => calls.filter(([called]) => called === name);

test("a stroke is told from its start to its end in pixels of the panel", () => {
  send("pointerdown", 10, 20, { button: 0, shiftKey: true });
  send("pointermove", 10.5, 20.5);
  send("pointermove", 40, 60);
  send("pointerup", 50, 70, { button: 0 });
  const [[, stroke, panel]] = named("finish");
  assert.deepEqual(stroke.start, [10, 20]);
  assert.deepEqual(stroke.end, [50, 70]);
  assert.deepEqual(stroke.path, [
    [10, 20],
    [40, 60],
    [50, 70],
  ]);
  assert.equal(stroke.add, true);
  assert.equal(panel, "panel");
  assert.deepEqual(named("sketch").at(-1), ["sketch", null, "panel"]);
  assert.equal(named("click").length, 0);
});

test("a stroke that goes nowhere is a click", () => {
  send("pointerdown", 10, 20, { button: 0 });
  send("pointermove", 12, 21);
  send("pointerup", 12, 21, { button: 0 });
  assert.deepEqual(named("click"), [["click", 10, 20, "panel"]]);
  assert.equal(named("finish").length, 0);
});

test("a lasso that returns to its start is no click", () => {
  send("pointerdown", 10, 20, { button: 0 });
  send("pointermove", 60, 70);
  send("pointerup", 11, 20, { button: 0 });
  assert.equal(named("finish").length, 1);
});

test("the other buttons and the tool pan move what is in view against the pointer", () => {
  for (const [tool, button] of [
    ["lasso", 2],
    ["pan", 0],
  ]) {
    calls = [];
    plot.tool = tool;
    send("pointerdown", 10, 20, { button });
    send("pointermove", 15, 18);
    send("pointermove", 15, 28);
    send("pointerup", 15, 28, { button });
    assert.deepEqual(named("pan"), [
      ["pan", -5, 2],
      ["pan", 0, -10],
    ]);
    assert.equal(named("finish").length + named("click").length, 0);
  }
});

test("a drag that is cancelled draws nothing", () => {
  send("pointerdown", 10, 20, { button: 0 });
  send("pointermove", 60, 70);
  send("pointercancel", 60, 70);
  send("pointerup", 60, 70, { button: 0 });
  assert.equal(named("finish").length + named("click").length, 0);
  assert.deepEqual(named("sketch").at(-1), ["sketch", null, "panel"]);
});

test("the wheel scrolls the page until the plot was clicked, then it zooms about the pointer", () => {
  const scrolled = send("wheel", 10, 20, { deltaY: -100 });
  assert.equal(scrolled.defaultPrevented, false);
  node.focused = true;
  const zoomed = send("wheel", 10, 20, { deltaY: -100 });
  assert.equal(zoomed.defaultPrevented, true);
  const [[, factor, x, y]] = named("zoom");
  assert.ok(factor > 1);
  assert.deepEqual([x, y], [10, 20]);
});

test("keys pan, zoom, show everything and clear; other keys are left alone", () => {
  for (const key of ["ArrowLeft", "+", "0", "Escape"])
    assert.equal(send("keydown", 0, 0, { key }).defaultPrevented, true);
  assert.equal(send("keydown", 0, 0, { key: "a" }).defaultPrevented, false);
  assert.deepEqual(
    calls.map(([name]) => name),
    ["pan", "zoom", "fit", "clear"],
  );
});

test("a double click shows everything where no point is", () => {
  send("dblclick", 10, 20);
  plot.under = () => ({ id: 1 });
  send("dblclick", 10, 20);
  assert.equal(named("fit").length, 1);
});

test("hover is told without a drag only", () => {
  send("pointermove", 10, 20);
  send("pointerdown", 10, 20, { button: 0 });
  send("pointermove", 30, 40);
  assert.deepEqual(named("hover"), [["hover", 10, 20, "panel"]]);
});
