// Where names and the tooltip stand on the map, and which colour a point has. All lengths are in pixels.

/** @import { IntArray } from "../shared/payload.js" */
/** @import { Pixel, Size } from "./map_view.js" */

const LINE_HEIGHT = 15;
const POINTER_GAP = 14; // between the pointer and the tooltip

/**
 * Returns those names that have room, with the pixel of each one's middle: the first first, none over another, none
 * beyond the left or right end.
 *
 * @template {{ pixel: Pixel, width: number }} Name
 * @param {Name[]} names Where each would stand, and how wide it is.
 * @param {number} mapWidth
 * @returns {Name[]}
 */
export function arrangeNames(names, mapWidth) {
  /** @type {Name[]} */
  const arranged = [];
  for (const name of names) {
    const [middle, down] = name.pixel;
    if (middle < 0 || middle > mapWidth) continue;
    const across = Math.max(name.width / 2, Math.min(middle, mapWidth - name.width / 2));
    const covers = (/** @type {Name} */ { pixel, width }) =>
      Math.abs(pixel[0] - across) < (width + name.width) / 2 && Math.abs(pixel[1] - down) < LINE_HEIGHT;
    if (!arranged.some(covers)) arranged.push({ ...name, pixel: [across, down] });
  }
  return arranged;
}

/**
 * Returns where the upper left corner of the tooltip stands: beside the pointer, towards the middle of the map, and
 * always within the map.
 *
 * @param {Pixel} pointer
 * @param {Size} mapSize
 * @param {Size} tooltipSize
 * @returns {Pixel}
 */
export function placeTooltip([across, down], mapSize, tooltipSize) {
  const isAbove = down >= mapSize.height / 2;
  const top = isAbove ? down - POINTER_GAP - tooltipSize.height : down + POINTER_GAP;
  return [
    Math.max(0, Math.min(across + POINTER_GAP, mapSize.width - tooltipSize.width)),
    Math.max(0, Math.min(top, mapSize.height - tooltipSize.height)),
  ];
}

/**
 * Returns where the colour of a group stands in a palette, whose first is that of none. Groups beyond the end begin
 * again with the second.
 *
 * @param {number} code -1 for none.
 * @param {number} paletteSize
 */
export const paletteIndex = (code, paletteSize) => (code < 0 ? 0 : (code % (paletteSize - 1)) + 1);

/**
 * Returns where the colour of a group stands in a palette: where it is said, or one group after another.
 *
 * @param {number} code -1 for none.
 * @param {number} paletteSize
 * @param {Uint8Array} [slots] For each code; 0 for codes beyond the end.
 */
export const colourSlot = (code, paletteSize, slots) =>
  slots ? (code < 0 ? 0 : (slots[code] ?? 0)) : paletteIndex(code, paletteSize);

/**
 * Returns where each point's colour stands in the palette, and the state of the point, one point after another.
 *
 * @param {IntArray} codes
 * @param {Uint8Array} states
 * @param {number} paletteSize
 * @param {Uint8Array} [slots]
 */
export function paintPoints(codes, states, paletteSize, slots) {
  const paint = new Uint8Array(2 * states.length);
  for (let point = 0; point < states.length; point++) {
    paint[2 * point] = colourSlot(codes[point], paletteSize, slots);
    paint[2 * point + 1] = states[point];
  }
  return paint;
}

/**
 * @param {string} colour Such as "#0f766e".
 * @returns {Colour}
 *
 * @typedef {[red: number, green: number, blue: number]} Colour Each from 0 to 255.
 */
export function parseColour(colour) {
  const part = (/** @type {number} */ start) => parseInt(colour.slice(start, start + 2), 16);
  return [part(1), part(3), part(5)];
}
