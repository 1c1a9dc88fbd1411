import assert from "node:assert/strict";
import { test } from "node:test";

import { densityLines } from "../map/density.js";
import { hideOthers, rowsInView, toggleHidden } from "../map/legend.js";
import { arrangeNames, paintPoints, paletteIndex, parseColour, placeTooltip, colourSlot } from "../map/map_layout.js";
import { escapeXml, writeSvg } from "../map/map_picture.js";

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
