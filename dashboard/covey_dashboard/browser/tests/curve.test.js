import assert from "node:assert/strict";
import { test } from "node:test";

import { HEIGHT, TOP, WIDTH, curveX, curveY, linePoints, nearestIndex, scaleCounts } from "../profile/curve.js";

test("values lie at equal distances, and the pointer finds each where it lies", () => {
  const count = 7;
  for (let index = 0; index < count; index++) {
    assert.equal(nearestIndex(curveX(index, count) / WIDTH, count), index);
  }
  assert.equal(curveX(1, count) - curveX(0, count), curveX(6, count) - curveX(5, count));
});

test("beside the curve the pointer means its first or last value", () => {
  assert.equal(nearestIndex(0, 5), 0);
  assert.equal(nearestIndex(-3, 5), 0);
  assert.equal(nearestIndex(1, 5), 4);
  assert.equal(nearestIndex(9, 5), 4);
});

test("a profile of a single value has one place", () => {
  assert.equal(curveX(0, 1), curveX(0, 2));
  assert.equal(nearestIndex(0.9, 1), 0);
});

test("all is at the top and nothing at the bottom", () => {
  assert.equal(curveY(1), TOP);
  assert.equal(curveY(0), TOP + HEIGHT);
});

test("the greatest count is all, and without clusters every share is 0", () => {
  assert.deepEqual(scaleCounts([1, 4, 2]), [0.25, 1, 0.5]);
  assert.deepEqual(scaleCounts([1, 0]), [1, 0]);
  assert.deepEqual(scaleCounts([0, 0]), [0, 0]);
});

test("a line has a corner at each value", () => {
  assert.equal(linePoints([1, 0]), `${curveX(0, 2)},${curveY(1)} ${curveX(1, 2)},${curveY(0)}`);
});
