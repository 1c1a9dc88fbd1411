// Which point is meant by the pointer: a grid of cells finds those around it at once.

/** @import { Box, Place } from "./map_view.js" */

const CELLS = 256; // along each side

/**
 * The points of one cell after those of another: those of cell i are `points` from `starts[i]` up to `starts[i + 1]`.
 *
 * @typedef {{ box: Box, places: Float32Array, starts: Int32Array, points: Int32Array }} PointGrid
 */

/**
 * Sorts points into cells; what lies outside the box, or nowhere, is in a cell at its edge.
 *
 * @param {Float32Array} places x and y of one point after another.
 * @param {Box} box
 * @returns {PointGrid}
 */
export function indexPoints(places, box) {
  const cells = Int32Array.from(
    { length: places.length / 2 },
    (_, point) => cellIndex(places[2 * point + 1], box.y) * CELLS + cellIndex(places[2 * point], box.x),
  );
  const starts = new Int32Array(CELLS * CELLS + 1);
  for (const cell of cells) starts[cell + 1]++;
  for (let cell = 0; cell < CELLS * CELLS; cell++) starts[cell + 1] += starts[cell];
  const points = new Int32Array(cells.length);
  const next = starts.slice();
  cells.forEach((cell, point) => (points[next[cell]++] = point));
  return { box, places, starts, points };
}

/**
 * @param {number} coordinate
 * @param {[low: number, high: number]} range
 */
function cellIndex(coordinate, [low, high]) {
  return Math.min(CELLS - 1, Math.max(0, Math.floor(((coordinate - low) / (high - low)) * CELLS)));
}

/**
 * Returns the point nearest to a place, -1 if none is near.
 *
 * @param {PointGrid} grid
 * @param {Uint8Array} states The state of each point; one that is 0 is hidden and never meant.
 * @param {Place} place
 * @param {number} reach How far a point may lie, in the units of the map.
 */
export function nearestPoint({ box, places, starts, points }, states, [x, y], reach) {
  let nearest = -1;
  let least = reach ** 2;
  const [left, right] = [cellIndex(x - reach, box.x), cellIndex(x + reach, box.x)];
  for (let row = cellIndex(y - reach, box.y); row <= cellIndex(y + reach, box.y); row++) {
    for (const point of points.subarray(starts[row * CELLS + left], starts[row * CELLS + right + 1])) {
      const distance = (places[2 * point] - x) ** 2 + (places[2 * point + 1] - y) ** 2;
      if (states[point] && distance <= least) [nearest, least] = [point, distance];
    }
  }
  return nearest;
}
