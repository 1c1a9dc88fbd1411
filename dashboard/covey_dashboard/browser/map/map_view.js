// Which part of a map is in view, and how pixels of the screen and units of the map become each other.

const OUTLIERS = 0.005; // share of the points at each end of an axis that may lie outside the first view, at least one
const FEW = 20; // points of which none is an outlier
const FAR = 0.25; // how far from the others an outlier lies, as a share of their range
const MARGIN = 0.06;
const KEY_STEP = 60; // pixels by which an arrow key moves the map

/**
 * A place on the map in its own units; y points up.
 *
 * @typedef {[x: number, y: number]} Place
 *
 * A place on the screen, from the upper left corner of the map.
 *
 * @typedef {[across: number, down: number]} Pixel
 *
 * @typedef {{ width: number, height: number }} Size In pixels.
 *
 * @typedef {{ x: [low: number, high: number], y: [low: number, high: number] }} Box
 *
 * The place in the middle, and how many pixels a unit has.
 *
 * @typedef {{ x: number, y: number, scale: number }} View
 */

export const ZOOM_STEP = 1.5;

/**
 * How far each arrow key moves over the map.
 *
 * @type {Map<string, Pixel>}
 */
const ARROWS = new Map([
  ["ArrowLeft", [-KEY_STEP, 0]],
  ["ArrowRight", [KEY_STEP, 0]],
  ["ArrowUp", [0, -KEY_STEP]],
  ["ArrowDown", [0, KEY_STEP]],
]);

/**
 * Returns what a map shows at first: nearly all points, with a margin, so that single outliers do not shrink it.
 *
 * @param {Float32Array} places x and y of one point after another.
 * @returns {Box}
 */
export const coreBox = (places) => ({ x: coreRange(places, 0), y: coreRange(places, 1) });

/**
 * Returns the box that holds all points, with a margin.
 *
 * @param {Float32Array} places
 * @returns {Box}
 */
export const fullBox = (places) => ({ x: fullRange(places, 0), y: fullRange(places, 1) });

/**
 * @param {Float32Array} places
 * @param {0 | 1} axis
 * @returns {[low: number, high: number]}
 */
function fullRange(places, axis) {
  let [low, high] = [Infinity, -Infinity];
  for (let index = axis; index < places.length; index += 2) {
    if (!Number.isFinite(places[index])) continue;
    low = Math.min(low, places[index]);
    high = Math.max(high, places[index]);
  }
  if (low > high) return [-1, 1];
  const margin = MARGIN * (high - low) || 1;
  return [low - margin, high + margin];
}

/**
 * @param {Float32Array} places
 * @param {0 | 1} axis
 * @returns {[low: number, high: number]}
 */
function coreRange(places, axis) {
  const sorted = places.filter((value, index) => index % 2 === axis && Number.isFinite(value)).sort();
  if (!sorted.length) return [-1, 1];
  const last = sorted.length - 1;
  const cut = last < FEW ? 0 : Math.max(1, Math.floor(OUTLIERS * last));
  const [coreLow, coreHigh] = [sorted[cut], sorted[last - cut]];
  const far = FAR * (coreHigh - coreLow) || Infinity; // where all but a few lie in one place, these are the map
  const low = coreLow - sorted[0] > far ? coreLow : sorted[0];
  const high = sorted[last] - coreHigh > far ? coreHigh : sorted[last];
  const margin = MARGIN * (high - low) || 1;
  return [low - margin, high + margin];
}

/**
 * Returns the view in which a box fills the map.
 *
 * @param {Box} box
 * @param {Size} size
 * @returns {View}
 */
export function fitView({ x, y }, { width, height }) {
  const scale = Math.min(width / (x[1] - x[0]), height / (y[1] - y[0]));
  return { x: (x[0] + x[1]) / 2, y: (y[0] + y[1]) / 2, scale };
}

/**
 * @param {View} view
 * @param {Size} size
 * @param {Pixel} pixel
 * @returns {Place}
 */
export const toPlace = ({ x, y, scale }, { width, height }, [across, down]) => [
  x + (across - width / 2) / scale,
  y - (down - height / 2) / scale,
];

/**
 * @param {View} view
 * @param {Size} size
 * @param {Place} place
 * @returns {Pixel}
 */
export const toPixel = (view, { width, height }, [x, y]) => [
  width / 2 + (x - view.x) * view.scale,
  height / 2 - (y - view.y) * view.scale,
];

/**
 * Returns the rows of the points that are in view.
 *
 * @param {Float32Array} places x and y of one point after another.
 * @param {View} view
 * @param {Size} size
 * @returns {number[]}
 */
export function listRowsInView(places, view, { width, height }) {
  const [halfWidth, halfHeight] = [width / 2 / view.scale, height / 2 / view.scale];
  return Array.from({ length: places.length / 2 }, (_, row) => row).filter(
    (row) => Math.abs(places[2 * row] - view.x) <= halfWidth && Math.abs(places[2 * row + 1] - view.y) <= halfHeight,
  );
}

/**
 * Returns the places of some points.
 *
 * @param {Float32Array} places x and y of one point after another.
 * @param {(row: number) => boolean} isWanted
 */
export const takePlaces = (places, isWanted) => places.filter((_, index) => isWanted(index >> 1));

/**
 * Returns a view that is closer by a factor, in which the place at a pixel stays where it is.
 *
 * @param {View} view
 * @param {Size} size
 * @param {number} factor
 * @param {Pixel} pixel
 * @returns {View}
 */
export function zoomView(view, size, factor, pixel) {
  const zoomed = { ...view, scale: view.scale * factor };
  const [x, y] = toPlace(view, size, pixel);
  const [movedX, movedY] = toPlace(zoomed, size, pixel);
  return { ...zoomed, x: view.x + x - movedX, y: view.y + y - movedY };
}

/**
 * Returns the view after the map was dragged from one pixel to another.
 *
 * @param {View} view
 * @param {Pixel} from
 * @param {Pixel} to
 * @returns {View}
 */
export const panView = ({ x, y, scale }, from, to) => ({
  x: x - (to[0] - from[0]) / scale,
  y: y + (to[1] - from[1]) / scale,
  scale,
});

/**
 * Returns the view to which a key leads: arrows move over the map, plus and minus zoom, 0 shows everything. Other keys
 * lead nowhere.
 *
 * @param {View} view
 * @param {Size} size
 * @param {Box} box What "everything" is.
 * @param {string} key
 * @returns {View | undefined}
 */
export function followMapKey(view, size, box, key) {
  /** @type {Pixel} */
  const middle = [size.width / 2, size.height / 2];
  if (key === "+" || key === "=") return zoomView(view, size, ZOOM_STEP, middle);
  if (key === "-") return zoomView(view, size, 1 / ZOOM_STEP, middle);
  if (key === "0") return fitView(box, size);
  const step = ARROWS.get(key);
  return step && panView(view, step, [0, 0]);
}

/**
 * Returns by which factor a turn of the wheel zooms: a fast one counts as one of 120 units.
 *
 * @param {number} turn As `deltaY` of the event has it: below 0 is closer.
 */
export const wheelFactor = (turn) => Math.exp(-Math.sign(turn) * Math.min(120, Math.abs(turn)) * 0.002);

/**
 * Returns how many pixels wide a point is drawn: smaller on a full map, larger when a person goes closer.
 *
 * @param {number} count How many points the map has.
 * @param {number} closeness The scale as a multiple of that of the first view.
 */
export function pointSize(count, closeness) {
  const enlargement = Math.min(3, Math.max(1, closeness ** 0.4));
  return Math.min(8, Math.max(3, 60 / Math.sqrt(count) + 2.5)) * enlargement;
}
