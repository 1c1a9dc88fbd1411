import assert from "node:assert/strict";
import { test } from "node:test";

import { arrangeNames, paintPoints, paletteIndex, parseColour, tooltipEdges } from "../map/map_layout.js";

/** @import { Pixel } from "../map/map_view.js" */

const SIZE = { width: 600, height: 400 };

/**
 * @param {string} name
 * @param {Pixel} pixel
 */
const text = (name, pixel) => ({ name, pixel, width: 60 });

test("no name covers one before it", () => {
  const names = [text("first", [300, 100]), text("beside", [350, 105]), text("below", [300, 120])];
  const arranged = arrangeNames(names, SIZE.width).map(({ name }) => name);
  assert.deepEqual(arranged, ["first", "below"]);
});

test("a name at the edge is moved into the map, one outside is left out", () => {
  const names = [text("left", [2, 100]), text("right", [599, 200]), text("outside", [-1, 300])];
  const pixels = arrangeNames(names, SIZE.width).map(({ pixel }) => pixel);
  assert.deepEqual(pixels, [
    [30, 100],
    [570, 200],
  ]);
});

test("a name that is moved covers no other where it then stands", () => {
  const names = [text("left", [2, 100]), text("near", [70, 100])];
  assert.deepEqual(arrangeNames(names, SIZE.width).length, 1);
});

test("the tooltip stands beside the pointer, towards the middle of the map", () => {
  assert.deepEqual(tooltipEdges([100, 50], SIZE), { left: "114px", top: "64px", bottom: "auto" });
  assert.deepEqual(tooltipEdges([100, 350], SIZE), { left: "114px", top: "auto", bottom: "60px" });
});

test("the tooltip leaves the map neither to the left nor to the right", () => {
  assert.equal(tooltipEdges([590, 50], SIZE).left, "364px");
  assert.equal(tooltipEdges([50, 50], { width: 100, height: 400 }).left, "0px");
});

test("groups beyond the palette begin again, and none is always the first colour", () => {
  assert.deepEqual(
    [-1, 0, 1, 2, 3].map((code) => paletteIndex(code, 4)),
    [0, 1, 2, 3, 1],
  );
});

test("each point has the colour of its group and its state", () => {
  assert.deepEqual(paintPoints(Int32Array.of(0, -1, 5), Uint8Array.of(3, 0, 1), 4), Uint8Array.of(1, 3, 0, 0, 3, 1));
});

test("a colour has three parts", () => {
  assert.deepEqual(parseColour("#0f76ff"), [15, 118, 255]);
});
