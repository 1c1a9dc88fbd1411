import assert from "node:assert/strict";
import { test } from "node:test";

import { approaches, describePoint } from "../map/tooltip.js";

const POINTS = { recordings: ["XC1", "XC2"], sources: Int32Array.of(1, -1) };
const CONTENT = {
  clusters: Int32Array.of(4, -1),
  classes: Int32Array.of(0, -1),
  kinds: ["wren"],
  codes: Int32Array.of(1, -1),
};

test("the tooltip says cluster, label and recording", () => {
  const lines = describePoint(0, POINTS, { ...CONTENT, column: "", values: [] });
  assert.deepEqual(lines, ["group 4", "wren", "recording XC2"]);
});

test("what an image does not have is left out", () => {
  assert.deepEqual(describePoint(1, POINTS, { ...CONTENT, column: "", values: [] }), ["noise"]);
});

test("of noise the tooltip says which cluster it may belong to", () => {
  const maybe = { maybe: Int32Array.of(4, 7), confidence: Float32Array.of(1, 0.8) };
  const content = { ...CONTENT, ...maybe, column: "", values: [] };
  assert.deepEqual(describePoint(1, POINTS, content), ["noise, maybe group 7 (0.80)"]);
  assert.equal(describePoint(0, POINTS, content)[0], "group 4");
  const none = { ...content, maybe: Int32Array.of(4, -1) };
  assert.deepEqual(describePoint(1, POINTS, none), ["noise"]);
});

test("the tooltip says what the colours say, also that it is unknown", () => {
  const content = { ...CONTENT, column: "country", values: ["Norway", "Chile"] };
  assert.equal(describePoint(0, POINTS, content).at(-1), "country: Chile");
  assert.equal(describePoint(1, POINTS, content).at(-1), "country: unknown");
});

test("a pointer that comes nearer to the tooltip may be on its way to its button", () => {
  const box = { left: 100, top: 100, right: 200, bottom: 200 };
  assert.equal(approaches(box, [80, 150], [85, 150]), true);
  assert.equal(approaches(box, [85, 150], [80, 150]), false);
  assert.equal(approaches(box, [20, 150], [25, 150]), false); // far away
  assert.equal(approaches(box, [220, 220], [210, 215]), true);
});
