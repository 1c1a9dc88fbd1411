// Where the tiles of a gallery lie, which of them are drawn, and where the keys lead. All lengths are in pixels.

export const GAP = 8; // between two tiles
const CAPTION = 34;
const MARGIN = 20; // below the grid
const LEAST_PART = 0.35; // of the window's height
const MOST_PART = 0.75;
const ROWS_AHEAD = 2; // rows that are drawn above and below those in view

/**
 * How many tiles stand in a row, and how far apart tiles begin: `stepX` to the right, `stepY` down.
 *
 * @typedef {{ columns: number, stepX: number, stepY: number }} TileGrid
 */

/**
 * Returns the grid that fills a width with tiles of at least the least width; a picture is half as high as wide.
 *
 * @param {number} width
 * @param {number} leastWidth
 * @returns {TileGrid}
 */
export function arrangeTiles(width, leastWidth) {
  const columns = Math.max(1, Math.floor((width + GAP) / (leastWidth + GAP)));
  const stepX = (width + GAP) / columns;
  return { columns, stepX, stepY: (stepX - GAP) / 2 + CAPTION + GAP };
}

/**
 * Returns where a tile lies in its gallery.
 *
 * @param {TileGrid} grid
 * @param {number} index
 */
export function tileBox({ columns, stepX, stepY }, index) {
  const left = (index % columns) * stepX;
  return { left, top: Math.floor(index / columns) * stepY, width: stepX - GAP, height: stepY - GAP };
}

/**
 * Returns the height of all rows together.
 *
 * @param {TileGrid} grid
 * @param {number} count
 */
export const gridHeight = ({ columns, stepY }, count) => Math.ceil(count / columns) * stepY;

/**
 * Returns how high a grid is that uses the window down to its end: no higher than its tiles, and, where it begins too
 * far down, most of a window.
 *
 * @param {number} top Of the grid, in the page.
 * @param {number} windowHeight
 * @param {number} needed By all tiles.
 */
export function fillHeight(top, windowHeight, needed) {
  const left = windowHeight - top - MARGIN;
  const height = left < LEAST_PART * windowHeight ? MOST_PART * windowHeight : left;
  return Math.max(1, Math.min(height, needed));
}

/**
 * Returns which tiles are drawn: the first, and the one after the last.
 *
 * @param {TileGrid} grid
 * @param {number} count
 * @param {number} scrollTop
 * @param {number} height Of the part that is in view.
 * @returns {[first: number, end: number]}
 */
export function drawnTiles({ columns, stepY }, count, scrollTop, height) {
  const first = Math.max(0, Math.floor(scrollTop / stepY) - ROWS_AHEAD) * columns;
  const rows = Math.ceil((scrollTop + height) / stepY) + ROWS_AHEAD;
  return [first, Math.min(count, rows * columns)];
}

/**
 * Returns the tile to which a key leads, or undefined for a key that leads nowhere.
 *
 * @param {TileGrid} grid
 * @param {string} key
 * @param {number} index The tile where the keyboard is.
 * @param {number} count At least 1.
 * @param {number} height Of the part that is in view.
 * @returns {number | undefined}
 */
export function followKey({ columns, stepY }, key, index, count, height) {
  const page = columns * Math.max(1, Math.floor(height / stepY));
  const steps = new Map([
    ["ArrowLeft", -1],
    ["ArrowRight", 1],
    ["ArrowUp", -columns],
    ["ArrowDown", columns],
    ["PageUp", -page],
    ["PageDown", page],
    ["Home", -count],
    ["End", count],
  ]);
  const step = steps.get(key);
  return step === undefined ? undefined : Math.min(count - 1, Math.max(0, index + step));
}

/**
 * Returns how far to scroll, and no further, for all of a tile's row to be in view.
 *
 * @param {TileGrid} grid
 * @param {number} index
 * @param {number} scrollTop
 * @param {number} height Of the part that is in view.
 */
export function scrollToTile(grid, index, scrollTop, height) {
  const { top } = tileBox(grid, index);
  return Math.max(top + grid.stepY - height, Math.min(top, scrollTop));
}
