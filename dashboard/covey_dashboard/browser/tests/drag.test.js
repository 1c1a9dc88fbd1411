import assert from "node:assert/strict";
import { test } from "node:test";

import { continueDrag, startDrag } from "../map/drag.js";

/** @import { Tool } from "../map/drag.js" */
/** @import { Pixel } from "../map/map_view.js" */

/**
 * @param {Tool} tool
 * @param {Pixel[]} pixels
 */
const dragAlong = (tool, [first, ...others]) => others.reduce(continueDrag, startDrag(tool, first));

test("a hand that trembles clicks", () => {
  for (const tool of /** @type {Tool[]} */ (["pan", "box", "lasso"])) {
    const { moved, outline } = dragAlong(tool, [
      [10, 10],
      [12, 11],
      [8, 9],
      [10, 13],
    ]);
    assert.equal(moved, false);
    assert.deepEqual(outline, []);
  }
});

test("a drag that comes back to where it began is no click", () => {
  assert.equal(
    dragAlong("pan", [
      [10, 10],
      [20, 10],
      [10, 10],
    ]).moved,
    true,
  );
});

test("a rectangle has the first and the last place as corners", () => {
  const { outline } = dragAlong("box", [
    [10, 20],
    [90, 90],
    [30, 50],
  ]);
  assert.deepEqual(outline, [
    [10, 20],
    [30, 20],
    [30, 50],
    [10, 50],
  ]);
});

test("a lasso follows the pointer", () => {
  const { outline } = dragAlong("lasso", [
    [0, 0],
    [50, 0],
    [50, 1],
    [0, 50],
  ]);
  assert.deepEqual(outline, [
    [50, 0],
    [50, 1],
    [0, 50],
  ]);
});

test("moving the map draws no outline, and says where the pointer was last", () => {
  const { outline, last } = dragAlong("pan", [
    [0, 0],
    [50, 0],
    [70, 5],
  ]);
  assert.deepEqual(outline, []);
  assert.deepEqual(last, [70, 5]);
});
