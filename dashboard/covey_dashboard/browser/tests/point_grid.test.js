import assert from "node:assert/strict";
import { test } from "node:test";

import { coreBox } from "../map/map_view.js";
import { indexPoints, nearestPoint } from "../map/point_grid.js";

/** @import { Place } from "../map/map_view.js" */

/** Numbers from 0 to 1 that are the same each time. */
function* numbers() {
  for (let state = 1; ; state = (state * 48271) % 2147483647) yield state / 2147483647;
}

const random = numbers();
const number = () => /** @type {number} */ (random.next().value);
const COUNT = 2000;
const PLACES = Float32Array.from({ length: 2 * COUNT }, () => 10 * number() - 5);
const FULL = new Uint8Array(COUNT).fill(3);

/**
 * @param {Float32Array} places
 * @param {Uint8Array} states
 */
function pointer(places, states) {
  const grid = indexPoints(places, coreBox(places));
  return (/** @type {Place} */ place, /** @type {number} */ reach) => nearestPoint(grid, states, place, reach);
}

/**
 * Looks at every point in turn.
 *
 * @param {Uint8Array} states
 * @param {Place} place
 * @param {number} reach
 */
function searchAll(states, [x, y], reach) {
  const distances = [...states].map((state, point) =>
    state ? Math.hypot(PLACES[2 * point] - x, PLACES[2 * point + 1] - y) : Infinity,
  );
  const least = Math.min(...distances);
  return least <= reach ? distances.indexOf(least) : -1;
}

test("the pointer means the nearest point, as a search of all points says", () => {
  const states = FULL.map((state, point) => (point % 3 ? state : 0));
  const pointAt = pointer(PLACES, states);
  let hits = 0;
  for (let trial = 0; trial < 500; trial++) {
    /** @type {Place} */
    const place = [12 * number() - 6, 12 * number() - 6];
    const reach = 0.3 * number();
    assert.equal(pointAt(place, reach), searchAll(states, place, reach));
    hits += pointAt(place, reach) >= 0 ? 1 : 0;
  }
  assert.ok(hits > 100 && hits < 500, `${hits} of 500 places are near a point`);
});

test("each point is in the grid once", () => {
  const { points, starts } = indexPoints(PLACES, coreBox(PLACES));
  assert.deepEqual(
    [...points].sort((first, second) => first - second),
    [...FULL.keys()],
  );
  assert.equal(starts.at(-1), COUNT);
});

test("a point is meant as far as the reach goes and no further", () => {
  const pointAt = pointer(Float32Array.of(1, 1), Uint8Array.of(3));
  assert.equal(pointAt([1, 1.5], 0.5), 0);
  assert.equal(pointAt([1, 1.5], 0.49), -1);
});

test("an outlier far beyond the first view is meant where it lies", () => {
  const places = PLACES.slice();
  places.set([1e6, -1e6], 0);
  const pointAt = pointer(places, FULL);
  assert.equal(pointAt([1e6 + 1, -1e6], 5), 0);
  assert.equal(pointAt([-1e6, 1e6], 5), -1);
});

test("a hidden point is never meant", () => {
  const pointAt = pointer(Float32Array.of(1, 1, 1.1, 1), Uint8Array.of(0, 1));
  assert.equal(pointAt([1, 1], 0.5), 1);
});

test("points that lie nowhere are never meant, and hide no others", () => {
  const pointAt = pointer(Float32Array.of(NaN, NaN, 0, 0, 10, 10), Uint8Array.of(3, 3, 3));
  assert.equal(pointAt([0, 0], 2), 1);
  assert.equal(pointAt([-1, -1], 0.5), -1);
});
