import assert from "node:assert/strict";
import { test } from "node:test";

import {
  GAP,
  arrangeTiles,
  drawnTiles,
  fillHeight,
  followKey,
  gridHeight,
  scrollToTile,
  tileBox,
} from "../gallery/tile_grid.js";

const COUNT = 23;
const GRID = { columns: 5, stepX: 100, stepY: 90 };
const HEIGHT = 280; // three rows, and a part of the fourth

/** @param {string} key @param {number} index */
const pressed = (key, index) => followKey(GRID, key, index, COUNT, HEIGHT);

test("tiles fill the width, none narrower than asked for", () => {
  for (const width of [100, 333, 640, 1280, 2501]) {
    const grid = arrangeTiles(width, 132);
    const last = tileBox(grid, grid.columns - 1);
    assert.ok(Math.abs(last.left + last.width - width) < 1e-6, `${last.left + last.width} of ${width}`);
    assert.ok(grid.columns === 1 || last.width >= 132);
    assert.ok((grid.columns + 1) * (132 + GAP) > width + GAP, "one more tile would fit");
  }
});

test("a picture is half as high as wide, with room for two lines below it", () => {
  const { width, height } = tileBox(arrangeTiles(1280, 132), 0);
  assert.equal(height - width / 2, 34);
});

test("a gallery that is narrower than a tile has one column", () => {
  assert.equal(arrangeTiles(50, 132).columns, 1);
});

test("tiles stand in rows, without touching", () => {
  assert.deepEqual(tileBox(GRID, 0), { left: 0, top: 0, width: 100 - GAP, height: 90 - GAP });
  assert.deepEqual(tileBox(GRID, 13), { left: 300, top: 180, width: 100 - GAP, height: 90 - GAP });
});

test("the last row counts, also when it is not full", () => {
  assert.equal(gridHeight(GRID, 0), 0);
  assert.equal(gridHeight(GRID, 5), 90);
  assert.equal(gridHeight(GRID, 6), 180);
});

test("all tiles in view are drawn and few others", () => {
  for (let scrollTop = 0; scrollTop <= 9000; scrollTop += 37) {
    const [first, end] = drawnTiles(GRID, 500, scrollTop, HEIGHT);
    assert.equal(first % GRID.columns, 0);
    assert.ok(first === 0 || tileBox(GRID, first).top <= scrollTop);
    assert.ok(end === 500 || tileBox(GRID, end).top >= scrollTop + HEIGHT);
    assert.ok(end - first <= 9 * GRID.columns, `${end - first} tiles`);
  }
});

test("no tile is drawn that is not there", () => {
  assert.deepEqual(drawnTiles(GRID, COUNT, 0, 10_000), [0, COUNT]);
  assert.deepEqual(drawnTiles(GRID, 0, 0, HEIGHT), [0, 0]);
});

test("arrows lead to the neighbours", () => {
  assert.equal(pressed("ArrowLeft", 7), 6);
  assert.equal(pressed("ArrowRight", 7), 8);
  assert.equal(pressed("ArrowUp", 7), 2);
  assert.equal(pressed("ArrowDown", 7), 12);
});

test("a page is the rows that are in view as a whole, at least one", () => {
  assert.equal(pressed("PageDown", 1), 16);
  assert.equal(pressed("PageUp", 17), 2);
  assert.equal(followKey(GRID, "PageDown", 1, COUNT, 20), 6);
});

test("home and end lead to the first and the last image", () => {
  assert.equal(pressed("Home", 7), 0);
  assert.equal(pressed("End", 7), COUNT - 1);
});

test("no key leads beyond the first or last image", () => {
  for (const key of ["ArrowLeft", "ArrowUp", "PageUp", "Home"]) assert.equal(pressed(key, 0), 0);
  for (const key of ["ArrowRight", "ArrowDown", "PageDown", "End"]) assert.equal(pressed(key, COUNT - 1), COUNT - 1);
  assert.equal(pressed("ArrowDown", 20), COUNT - 1);
});

test("other keys lead nowhere, also those named like parts of an object", () => {
  for (const key of ["a", "Tab", "F5", "toString", "constructor"]) assert.equal(pressed(key, 7), undefined);
});

test("a tile that is in view stays where it is", () => {
  assert.equal(scrollToTile(GRID, 5, 50, HEIGHT), 50);
});

test("a tile above or below is scrolled just into view", () => {
  assert.equal(scrollToTile(GRID, 0, 50, HEIGHT), 0);
  assert.equal(scrollToTile(GRID, 22, 50, HEIGHT), 5 * 90 - HEIGHT);
});

test("a grid reaches to the end of the window, or as far as its tiles do", () => {
  assert.equal(fillHeight(300, 800, 5000), 480);
  assert.equal(fillHeight(300, 800, 200), 200);
  assert.equal(fillHeight(2000, 800, 5000), 600); // it begins below the window
});
