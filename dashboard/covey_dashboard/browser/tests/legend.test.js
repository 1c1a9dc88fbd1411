import assert from "node:assert/strict";
import test from "node:test";

import { densityLines } from "../map/density.js";
import { hideOthers, rowsInView, toggleHidden } from "../map/legend.js";
import { colourSlot } from "../map/map_layout.js";
import { escapeXml, writeSvg } from "../map/map_picture.js";

test("a group is hidden and shown again", () => {
  assert.deepEqual(toggleHidden([], 3), [3]);
  assert.deepEqual(toggleHidden([3, 5], 3), [5]);
});

test("a group alone hides all others, and again shows them", () => {
  assert.deepEqual(hideOthers([0, 1, -1], [], 1), [0, -1]);
  assert.deepEqual(hideOthers([0, 1, -1], [0, -1], 1), []);
});

test("only rows in view are drawn", () => {
  assert.deepEqual(rowsInView(0, 380, 30000), [0, 11]);
  assert.deepEqual(rowsInView(380, 380, 12), [9, 12]);
});

test("a group has the colour that is said, or that of its number", () => {
  assert.equal(colourSlot(4, 21), 5);
  assert.equal(colourSlot(4, 21, new Uint8Array([1, 2, 3, 4, 9])), 9);
  assert.equal(colourSlot(7, 21, new Uint8Array([1])), 0);
  assert.equal(colourSlot(-1, 21, new Uint8Array([1])), 0);
});

test("density lines lie around where points are, and nowhere without points", () => {
  const places = Float32Array.from({ length: 2000 }, (_, index) => (index % 7) / 70);
  const lines = densityLines(places, new Uint8Array(1000).fill(3), { x: [-1, 1], y: [-1, 1] });
  assert.ok(lines.length > 10);
  for (const [x, y] of lines.flat()) assert.ok(Math.hypot(x, y) < 0.6);
  assert.deepEqual(densityLines(places, new Uint8Array(1000), { x: [-1, 1], y: [-1, 1] }), []);
});

test("an SVG has a circle for each point in view, and names as text", () => {
  const scene = {
    places: new Float32Array([0, 0, 1, 1, 90, 90]),
    states: new Uint8Array([3, 0, 3]),
    colour: () => "#123456",
    marks: [{ name: "<b>&", x: 0, y: 0 }],
  };
  const look = { point: 4, ground: "white", ink: "black", raster: () => "" };
  const svg = writeSvg(scene, { x: 0, y: 0, scale: 10 }, { width: 100, height: 80 }, look);
  assert.equal(svg.match(/<circle/g)?.length, 1);
  assert.ok(svg.includes("&lt;b&gt;&amp;</text>"));
  assert.equal(escapeXml('"'), "&quot;");
});
