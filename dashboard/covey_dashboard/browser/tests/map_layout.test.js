import assert from "node:assert/strict";
import { test } from "node:test";

import { arrangeNames, paintPoints, paletteIndex, parseColour, placeTooltip } from "../map/map_layout.js";

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
  const tooltip = { width: 200, height: 120 };
  assert.deepEqual(placeTooltip([100, 50], SIZE, tooltip), [114, 64]);
  assert.deepEqual(placeTooltip([100, 350], SIZE, tooltip), [114, 350 - 14 - 120]);
});

test("the tooltip never leaves the map, wherever the pointer is", () => {
  for (const tooltip of [
    { width: 200, height: 120 },
    { width: 238, height: 390 },
  ]) {
    for (let across = 0; across <= SIZE.width; across += 50) {
      for (let down = 0; down <= SIZE.height; down += 50) {
        const [left, top] = placeTooltip([across, down], SIZE, tooltip);
        assert.ok(left >= 0 && left + tooltip.width <= SIZE.width, `left ${left}`);
        assert.ok(top >= 0 && top + tooltip.height <= SIZE.height, `top ${top}`);
      }
    }
  }
});

test("a tooltip that is larger than the map begins with the map", () => {
  assert.deepEqual(placeTooltip([50, 50], SIZE, { width: 700, height: 500 }), [0, 0]);
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
