// The axes beside a spectrogram, as elements of the page.

import { element } from "./elements.js";
import { frequencyTicks, timeTicks } from "./spectrogram_axes.js";

/** @import { Axes, Span, Tick } from "./spectrogram_axes.js" */

/**
 * Writes frequencies beside a picture.
 *
 * @param {HTMLElement} host As high as the picture.
 * @param {Axes} axes
 * @param {Span} heights Between which the picture shows the image.
 * @param {number} most Ticks.
 */
export function writeFrequencies(host, axes, heights, most) {
  const ticks = frequencyTicks(axes, heights, most);
  const placed = ticks.map(({ at, text }) => ({ at: (at - heights[0]) / (heights[1] - heights[0]), text }));
  writeTicks(host, placed, "bottom");
}

/**
 * Writes times under a picture.
 *
 * @param {HTMLElement} host As wide as the picture.
 * @param {Span} span From when to when the picture shows the image, in seconds.
 * @param {number} most Ticks.
 */
export function writeTimes(host, span, most) {
  writeTicks(host, timeTicks(span, most), "left");
}

/**
 * @param {HTMLElement} host
 * @param {Tick[]} ticks
 * @param {"bottom" | "left"} side From which they are counted.
 */
function writeTicks(host, ticks, side) {
  host.replaceChildren();
  for (const { at, text } of ticks) {
    if (at < 0 || at > 1) continue;
    const tick = element(host, "span", "tick", text);
    tick.style[side] = `${100 * at}%`;
    if (at < 0.08) tick.classList.add("first");
    if (at > 0.92) tick.classList.add("last");
  }
}
