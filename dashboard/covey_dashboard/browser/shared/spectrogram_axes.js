// What a place in a spectrogram means: the frequency of a height, the time of a place along it, and where ticks go.
// Heights count from the bottom, 0 to 1, places along it from the left.

/**
 * What image_facts.py sends of rows and columns: rows are evenly spaced between the frequencies `low` and `high` (Hz) on
 * a scale, "" for unknown; the first column is at `first` seconds, the next ones `step` seconds later, 0 for unknown.
 *
 * @typedef {{ scale: string, low: number, high: number, rows: number, first: number, step: number }} Axes
 *
 * @typedef {[start: number, end: number]} Span
 *
 * @typedef {{ at: number, text: string }} Tick
 */

/** @type {Axes} */
export const NO_AXES = { scale: "", low: 0, high: 0, rows: 0, first: 0, step: 0 };

const MEL_HZ = 700;
const KILOHERTZ_FROM = 2000; // Hz: images that reach further up are marked in kHz

/** @type {Record<string, { warp: (hz: number) => number, unwarp: (warped: number) => number }>} */
const SCALES = {
  linear: { warp: (hz) => hz, unwarp: (warped) => warped },
  mel: { warp: (hz) => Math.log1p(hz / MEL_HZ), unwarp: (warped) => MEL_HZ * Math.expm1(warped) },
  log: { warp: Math.log, unwarp: Math.exp },
};

/** @param {Axes} axes */
export const knowsFrequencies = ({ scale }) => scale in SCALES;

/**
 * Returns the frequency in Hz at a height.
 *
 * @param {Axes} axes Whose frequencies are known.
 * @param {number} height
 */
export function frequencyAt({ scale, low, high, rows }, height) {
  const { warp, unwarp } = SCALES[scale];
  const part = (height * rows - 0.5) / (rows - 1);
  return Math.max(0, unwarp(warp(low) + part * (warp(high) - warp(low))));
}

/**
 * Returns the height of a frequency.
 *
 * @param {Axes} axes Whose frequencies are known.
 * @param {number} hz
 */
export function heightOf({ scale, low, high, rows }, hz) {
  const { warp } = SCALES[scale];
  const part = (warp(hz) - warp(low)) / (warp(high) - warp(low));
  return (part * (rows - 1) + 0.5) / rows;
}

/**
 * Returns when an image begins and ends, in seconds from the start of its clip; undefined where nothing tells it.
 *
 * @param {Axes} axes
 * @param {number} duration Of the clip in seconds, 0 for unknown.
 * @param {number} columns Of the image, 0 for unknown.
 * @returns {Span | undefined}
 */
export function timeSpan({ first, step }, duration, columns) {
  if (!step || !(duration || columns)) return duration ? [0, duration] : undefined;
  const start = first - step / 2;
  return [start, columns ? start + columns * step : duration - start];
}

/**
 * Returns round numbers within a span, evenly spaced.
 *
 * @param {Span} span
 * @param {number} most How many there are at most.
 */
export function roundNumbers([start, end], most) {
  const least = (end - start) / Math.max(1, most);
  if (!(least > 0)) return [];
  const decade = 10 ** Math.floor(Math.log10(least));
  const step = decade * ([1, 2, 5].find((factor) => factor * decade >= least * (1 - 1e-9)) ?? 10);
  const count = Math.floor(end / step + 1e-9) - Math.ceil(start / step - 1e-9) + 1;
  return Array.from({ length: Math.max(0, count) }, (_, index) => (Math.ceil(start / step - 1e-9) + index) * step);
}

/**
 * Returns the ticks of the frequencies between two heights, in kHz or Hz, the highest first.
 *
 * @param {Axes} axes
 * @param {Span} heights
 * @param {number} most How many there are at most.
 * @returns {Tick[]}
 */
export function frequencyTicks(axes, heights, most) {
  if (!knowsFrequencies(axes)) return [];
  const [bottom, top] = heights.map((height) => frequencyAt(axes, height));
  const candidates = axes.scale === "linear" ? roundNumbers([bottom, top], most) : roundDecades(bottom, top);
  const gap = (heights[1] - heights[0]) / (most + 1);
  /** @type {Tick[]} */
  const ticks = [];
  for (const hz of candidates.reverse()) {
    const at = heightOf(axes, hz);
    if (ticks.length && ticks[ticks.length - 1].at - at < gap) continue;
    ticks.push({ at, text: formatNumber(hz / unitOf(axes).hertz) });
  }
  return ticks;
}

/**
 * @param {number} least
 * @param {number} greatest
 */
function roundDecades(least, greatest) {
  const decades = [10, 100, 1000, 10_000, 100_000].flatMap((decade) => [decade, 2 * decade, 5 * decade]);
  const within = decades.filter((hz) => hz >= least && hz <= greatest);
  return within.length > 1 ? within : roundNumbers([least, greatest], 4);
}

/**
 * Returns the unit in which frequencies are marked.
 *
 * @param {Axes} axes
 */
export const unitOf = ({ high }) => (high > KILOHERTZ_FROM ? { name: "kHz", hertz: 1000 } : { name: "Hz", hertz: 1 });

/**
 * Returns the ticks of a span of time in seconds.
 *
 * @param {Span} span
 * @param {number} most
 * @returns {Tick[]}
 */
export const timeTicks = (span, most) =>
  roundNumbers(span, most).map((seconds) => ({ at: placeOf(span, seconds), text: formatNumber(seconds) }));

/**
 * Returns where a number lies in a span, 0 to 1 within it.
 *
 * @param {Span} span
 * @param {number} number
 */
export const placeOf = ([start, end], number) => (number - start) / (end - start);

/**
 * Returns the number at a place of a span.
 *
 * @param {Span} span
 * @param {number} place
 */
export const numberAt = ([start, end], place) => start + place * (end - start);

/**
 * Returns a number with at most four digits after the point.
 *
 * @param {number} number
 */
const formatNumber = (number) => String(Number(number.toFixed(4)));

/**
 * Returns a frequency as a person reads it.
 *
 * @param {Axes} axes
 * @param {number} hz
 */
export const formatFrequency = (axes, hz) =>
  unitOf(axes).hertz === 1 ? `${hz.toFixed(0)} Hz` : `${(hz / 1000).toFixed(2)} kHz`;

/**
 * Returns seconds as a person reads them: short for a caption.
 *
 * @param {number} seconds
 */
export const formatSeconds = (seconds) => `${seconds.toFixed(seconds < 100 ? 2 : 1)} s`;
