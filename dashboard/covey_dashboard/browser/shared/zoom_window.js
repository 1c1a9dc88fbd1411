// The part of something that is shown: a span within 0 to 1.

/** @import { Span } from "./spectrogram_axes.js" */

/** @type {Span} */
export const WHOLE = [0, 1];

const CLOSEST = 1 / 32; // the least part that is shown

/**
 * Returns a span made larger or smaller around a place in it, which stays where it is.
 *
 * @param {Span} span
 * @param {number} factor Greater than 1 to come closer.
 * @param {number} at A place within 0 to 1.
 * @returns {Span}
 */
export function zoomSpan([start, end], factor, at) {
  const width = Math.min(1, Math.max(CLOSEST, (end - start) / factor));
  return shiftInside(at - ((at - start) / (end - start)) * width, width);
}

/**
 * Returns a span moved, no further than to an end.
 *
 * @param {Span} span
 * @param {number} shift
 * @returns {Span}
 */
export const panSpan = ([start, end], shift) => shiftInside(start + shift, end - start);

/**
 * @param {number} start
 * @param {number} width
 * @returns {Span}
 */
function shiftInside(start, width) {
  const inside = Math.min(1 - width, Math.max(0, start));
  return [inside, inside + width];
}
