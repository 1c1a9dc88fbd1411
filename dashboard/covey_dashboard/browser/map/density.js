// Lines around where points are dense: a smoothed grid of counts, and the lines along which it has one height.

/** @import { Box, Place } from "./map_view.js" */

const DENSITY_CELLS = 96; // along each side
const BLUR = 3; // cells by which counts are smoothed, three times
const LEVELS = [0.06, 0.15, 0.3, 0.5, 0.75]; // heights of the lines, as shares of the 99th percentile of filled cells
const TOP_SHARE = 0.99;

/**
 * Returns the lines as pairs of places, one piece after another.
 *
 * @param {Float32Array} places x and y of one point after another.
 * @param {Uint8Array} states One that is 0 is hidden and not counted.
 * @param {Box} box
 * @returns {[from: Place, to: Place][]}
 */
export function densityLines(places, states, box) {
  let grid = countPoints(places, states, box);
  for (let pass = 0; pass < 3; pass++) grid = blurAcross(transpose(blurAcross(transpose(grid))));
  const filled = grid.filter((height) => height > 0).sort();
  if (!filled.length) return [];
  const top = filled[Math.floor(TOP_SHARE * (filled.length - 1))];
  return LEVELS.flatMap((level) => linesAt(grid, level * top)).map(([from, to]) => [
    cellPlace(from, box),
    cellPlace(to, box),
  ]);
}

/**
 * @param {Float32Array} places
 * @param {Uint8Array} states
 * @param {Box} box
 */
function countPoints(places, states, { x, y }) {
  const grid = new Float32Array(DENSITY_CELLS * DENSITY_CELLS);
  states.forEach((state, point) => {
    const column = Math.floor(((places[2 * point] - x[0]) / (x[1] - x[0])) * DENSITY_CELLS);
    const row = Math.floor(((places[2 * point + 1] - y[0]) / (y[1] - y[0])) * DENSITY_CELLS);
    if (state && column >= 0 && column < DENSITY_CELLS && row >= 0 && row < DENSITY_CELLS)
      grid[row * DENSITY_CELLS + column]++;
  });
  return grid;
}

/** @param {Float32Array} grid */
const transpose = (grid) =>
  grid.map((_, index) => grid[(index % DENSITY_CELLS) * DENSITY_CELLS + Math.floor(index / DENSITY_CELLS)]);

/** @param {Float32Array} grid */
const blurAcross = (grid) =>
  grid.map((_, index) => {
    const column = index % DENSITY_CELLS;
    let sum = 0;
    for (let step = -BLUR; step <= BLUR; step++) {
      if (column + step >= 0 && column + step < DENSITY_CELLS) sum += grid[index + step];
    }
    return sum / (2 * BLUR + 1);
  });

/**
 * Returns where the edges between cells are crossed (marching squares), in cells.
 *
 * @param {Float32Array} grid
 * @param {number} level
 * @returns {[from: Place, to: Place][]}
 */
export function linesAt(grid, level) {
  /** @type {[Place, Place][]} */
  const lines = [];
  for (let row = 0; row < DENSITY_CELLS - 1; row++) {
    for (let column = 0; column < DENSITY_CELLS - 1; column++) {
      const crossings = cellCrossings(grid, level, row, column);
      for (let index = 0; index + 1 < crossings.length; index += 2)
        lines.push([crossings[index], crossings[index + 1]]);
    }
  }
  return lines;
}

/**
 * @param {Float32Array} grid
 * @param {number} level
 * @param {number} row
 * @param {number} column
 * @returns {Place[]}
 */
function cellCrossings(grid, level, row, column) {
  const corners = /** @type {Place[]} */ ([
    [column, row],
    [column + 1, row],
    [column + 1, row + 1],
    [column, row + 1],
  ]);
  return corners.flatMap((corner, index) => {
    const other = corners[(index + 1) % 4];
    const height = grid[corner[1] * DENSITY_CELLS + corner[0]];
    const otherHeight = grid[other[1] * DENSITY_CELLS + other[0]];
    if (height > level === otherHeight > level) return [];
    const share = (level - height) / (otherHeight - height);
    return [
      /** @type {Place} */ ([corner[0] + share * (other[0] - corner[0]), corner[1] + share * (other[1] - corner[1])]),
    ];
  });
}

/**
 * @param {Place} cell
 * @param {Box} box
 * @returns {Place}
 */
const cellPlace = ([column, row], { x, y }) => [
  x[0] + ((column + 0.5) / DENSITY_CELLS) * (x[1] - x[0]),
  y[0] + ((row + 0.5) / DENSITY_CELLS) * (y[1] - y[0]),
];
