import assert from "node:assert/strict";
import { test } from "node:test";

import {
  coreBox,
  fitView,
  followMapKey,
  listRowsInView,
  panView,
  pointSize,
  takePlaces,
  toPixel,
  toPlace,
  wheelFactor,
  zoomView,
} from "../map/map_view.js";

/** @import { Box, Pixel } from "../map/map_view.js" */

const SIZE = { width: 600, height: 400 };
const VIEW = { x: 3, y: -2, scale: 25 };
/** @type {Box} */
const BOX = { x: [0, 1], y: [0, 1] };
/** @type {Pixel[]} */
const PIXELS = [
  [0, 0],
  [300, 200],
  [599, 1],
  [-50, 700],
];

/** @param {number[]} actual @param {number[]} expected */
function assertNear(actual, expected) {
  actual.forEach((number, index) => assert.ok(Math.abs(number - expected[index]) < 1e-9, `${actual} is ${expected}`));
}

test("nearly all points are in the first view: single outliers do not shrink it", () => {
  const places = new Float32Array(2 * 1000);
  for (let point = 0; point < 1000; point++) places.set([point % 10, point % 7], 2 * point);
  places.set([1e6, -1e6], 0);
  const { x, y } = coreBox(places);
  assert.ok(x[0] < 0 && x[1] > 9 && x[1] < 11, `x from ${x}`);
  assert.ok(y[0] < 0 && y[0] > -1 && y[1] > 6, `y from ${y}`);
});

test("one outlier does not shrink a small map either, on any side", () => {
  for (const outlier of [-1000, 1000]) {
    const places = Float32Array.from({ length: 2 * 40 }, (_, index) => Math.floor(index / 2) % 10);
    places.set([outlier, outlier], 0);
    const { x, y } = coreBox(places);
    assert.ok(x[0] > -2 && x[1] < 11, `x from ${x}`);
    assert.ok(y[0] > -2 && y[1] < 11, `y from ${y}`);
  }
});

test("all points that are not far from the others are in the first view", () => {
  for (const count of [1, 2, 3, 5, 50, 1000]) {
    const places = Float32Array.from({ length: 2 * count }, (_, index) => Math.floor(index / 2));
    const { x } = coreBox(places);
    assert.ok(x[0] < 0 && x[1] > count - 1, `${count} points, x from ${x}`);
  }
});

test("points of which nearly all lie in one place are all in the first view", () => {
  const { x } = coreBox(new Float32Array(2 * 40).fill(5).fill(9, 0, 2));
  assert.ok(x[0] < 5 && x[1] > 9, `x from ${x}`);
});

test("points that lie nowhere are left aside, and a map without any has a view too", () => {
  assert.deepEqual(coreBox(Float32Array.of(NaN, Infinity, 2, 3)), { x: [1, 3], y: [2, 4] });
  assert.deepEqual(coreBox(new Float32Array()), { x: [-1, 1], y: [-1, 1] });
});

test("the first view fills the map with the whole box", () => {
  /** @type {Box[]} */
  const boxes = [
    { x: [0, 1], y: [40, 49] },
    { x: [-7, 50], y: [2, 3] },
  ];
  for (const { x, y } of boxes) {
    const view = fitView({ x, y }, SIZE);
    const [left, top] = toPixel(view, SIZE, [x[0], y[1]]);
    const [right, bottom] = toPixel(view, SIZE, [x[1], y[0]]);
    assertNear([left + right, top + bottom], [600, 400]);
    assertNear([Math.max((right - left) / 600, (bottom - top) / 400)], [1]);
  }
});

test("a pixel and its place are one and the same", () => {
  for (const pixel of PIXELS) assertNear(toPixel(VIEW, SIZE, toPlace(VIEW, SIZE, pixel)), pixel);
  assert.deepEqual(toPixel(VIEW, SIZE, [3, -2]), [300, 200]);
});

test("up on the screen is up on the map", () => {
  assert.ok(toPlace(VIEW, SIZE, [300, 100])[1] > toPlace(VIEW, SIZE, [300, 300])[1]);
});

test("zooming leaves the place under the pointer where it is", () => {
  for (const pixel of PIXELS) {
    const zoomed = zoomView(VIEW, SIZE, 1.5, pixel);
    assert.equal(zoomed.scale, 37.5);
    assertNear(toPlace(zoomed, SIZE, pixel), toPlace(VIEW, SIZE, pixel));
  }
});

test("zooming in and out again leads back", () => {
  const back = zoomView(zoomView(VIEW, SIZE, 4, [20, 30]), SIZE, 1 / 4, [20, 30]);
  assertNear([back.x, back.y, back.scale], [VIEW.x, VIEW.y, VIEW.scale]);
});

test("a dragged map takes the place under the pointer along", () => {
  const panned = panView(VIEW, [100, 50], [180, 20]);
  assert.equal(panned.scale, VIEW.scale);
  assertNear(toPlace(panned, SIZE, [180, 20]), toPlace(VIEW, SIZE, [100, 50]));
});

test("a view is not changed by what is computed from it", () => {
  const view = Object.freeze({ ...VIEW });
  zoomView(view, SIZE, 2, [0, 0]);
  panView(view, [0, 0], [1, 1]);
  assert.deepEqual(view, VIEW);
});

test("an arrow key moves over the map to where it points", () => {
  const leads = (/** @type {string} */ key) => followMapKey(VIEW, SIZE, BOX, key);
  assert.deepEqual(leads("ArrowRight"), { ...VIEW, x: VIEW.x + 60 / VIEW.scale });
  assert.deepEqual(leads("ArrowLeft"), { ...VIEW, x: VIEW.x - 60 / VIEW.scale });
  assert.deepEqual(leads("ArrowUp"), { ...VIEW, y: VIEW.y + 60 / VIEW.scale });
  assert.deepEqual(leads("ArrowDown"), { ...VIEW, y: VIEW.y - 60 / VIEW.scale });
});

test("plus and minus zoom at the middle, 0 shows everything, and no other key does anything", () => {
  const leads = (/** @type {string} */ key) => followMapKey(VIEW, SIZE, BOX, key);
  assert.deepEqual(leads("+"), { ...VIEW, scale: VIEW.scale * 1.5 });
  assert.deepEqual(leads("="), leads("+"));
  assert.deepEqual(leads("-"), zoomView(VIEW, SIZE, 1 / 1.5, [300, 200]));
  assert.deepEqual(leads("0"), fitView(BOX, SIZE));
  for (const key of ["a", "Tab", "PageDown", "F5", "constructor"]) assert.equal(leads(key), undefined);
});

test("the wheel zooms in and out alike, and one fast turn does not leap", () => {
  assert.equal(wheelFactor(0), 1);
  assert.ok(wheelFactor(-50) > 1);
  assertNear([wheelFactor(50) * wheelFactor(-50)], [1]);
  assert.equal(wheelFactor(100_000), wheelFactor(120));
});

test("points are smaller on a full map and grow with closeness up to a limit", () => {
  assert.ok(pointSize(30_000, 1) < pointSize(100, 1));
  assert.ok(pointSize(100, 4) > pointSize(100, 1));
  assert.equal(pointSize(1, 1), 8);
  assert.equal(pointSize(100, 0.1), pointSize(100, 1));
  assert.equal(pointSize(100, 1e6), 3 * pointSize(100, 1));
});

test("the points in view are those whose pixels lie on the map", () => {
  const places = new Float32Array([3, -2, 14.9, 5.9, 15.1, -2, 3, 6.1, NaN, 0]);
  assert.deepEqual(listRowsInView(places, VIEW, SIZE), [0, 1]);
  assert.deepEqual([...takePlaces(places, (row) => row === 3)], [3, Math.fround(6.1)]);
});
