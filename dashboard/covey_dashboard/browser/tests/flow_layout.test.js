import assert from "node:assert/strict";
import { test } from "node:test";

import { bandPath, layOutFlow } from "../flow/flow_layout.js";

const group = (/** @type {number} */ cluster) => ({ cluster, title: `cluster ${cluster}`, colour: "#000000" });
const STREAMS = [
  { left: 0, right: 1, count: 30 },
  { left: 0, right: 0, count: 50 },
  { left: 1, right: 1, count: 20 },
];

test("bars are as high as they have images, and bands as thick", () => {
  const { left, right, bands } = layOutFlow([group(0), group(1)], [group(0), group(1)], STREAMS, 100);
  assert.deepEqual(
    left.map(({ count, height }) => [count, height]),
    [
      [80, 80],
      [20, 20],
    ],
  );
  assert.deepEqual(
    right.map(({ count }) => count),
    [50, 50],
  );
  assert.deepEqual(
    bands.map(({ from, to, thickness }) => [from, to, thickness]),
    [
      [0, 0, 50],
      [50, 56, 30],
      [86, 86, 20],
    ],
  );
});

test("a small group has a bar on which its name fits, and nothing has none", () => {
  assert.equal(layOutFlow([group(0)], [group(0)], [{ left: 0, right: 0, count: 1 }], 1).left[0].height, 16);
  assert.equal(layOutFlow([], [], [], 100).height, 0);
});

test("the outline of a band is closed", () => {
  assert.match(bandPath({ stream: STREAMS[0], from: 0, to: 10, thickness: 5 }, 100, 200), /^M 100 0 C .* Z$/);
});
