import assert from "node:assert/strict";
import { test } from "node:test";

import { WHOLE, panSpan, zoomSpan } from "../shared/zoom_window.js";

test("what is under the pointer stays there when the view comes closer", () => {
  const [start, end] = zoomSpan(WHOLE, 2, 0.25);
  assert.deepEqual([start, end], [0.125, 0.625]);
  const [nearer, further] = zoomSpan([start, end], 2, 0.25);
  assert.ok(Math.abs((0.25 - nearer) / (further - nearer) - 0.25) < 1e-9);
});

test("nothing beyond the image is shown", () => {
  assert.deepEqual(zoomSpan([0.5, 1], 0.5, 0.9), WHOLE);
  assert.deepEqual(panSpan([0.5, 0.75], 1), [0.75, 1]);
  assert.deepEqual(panSpan([0.5, 0.75], -1), [0, 0.25]);
});

test("a part is never too small to be seen", () => {
  const [start, end] = zoomSpan(WHOLE, 1e9, 0.5);
  assert.equal(end - start, 1 / 32);
});
