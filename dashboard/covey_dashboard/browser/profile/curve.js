// Where the parts of a profile lie, in the units of its drawing.

export const WIDTH = 300;
export const TOP = 14;
export const HEIGHT = 88;
const EDGE = 12; // profile.css puts the ends of the slider over it

/**
 * Returns how far to the right a value lies.
 *
 * @param {number} index
 * @param {number} count How many values there are.
 */
export const curveX = (index, count) => EDGE + (index / Math.max(1, count - 1)) * (WIDTH - 2 * EDGE);

/**
 * Returns how far down a share between 0 and 1 lies.
 *
 * @param {number} share
 */
export const curveY = (share) => TOP + (1 - share) * HEIGHT;

/**
 * Returns the corners of a line, as the attribute `points` of a polyline has them.
 *
 * @param {number[]} shares
 */
export const linePoints = (shares) =>
  shares.map((share, index) => `${curveX(index, shares.length)},${curveY(share)}`).join(" ");

/**
 * Returns counts as shares of the greatest; without any above 0, all are 0.
 *
 * @param {number[]} counts
 */
export function scaleCounts(counts) {
  const most = Math.max(1, ...counts);
  return counts.map((count) => count / most);
}

/**
 * Returns which value lies nearest to the pointer.
 *
 * @param {number} fraction Where the pointer is, as a share of the drawing's width.
 * @param {number} count How many values there are.
 */
export function nearestIndex(fraction, count) {
  const share = (fraction * WIDTH - EDGE) / (WIDTH - 2 * EDGE);
  return Math.min(count - 1, Math.max(0, Math.round(share * (count - 1))));
}
