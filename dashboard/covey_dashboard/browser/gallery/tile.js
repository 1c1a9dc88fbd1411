// One tile of the gallery: picture with axes, class, recording and start, and the signs that play and enlarge.

import { writeFrequencies } from "../shared/axes.js";
import { element } from "../shared/elements.js";
import { formatSeconds, knowsFrequencies, placeOf, timeSpan, unitOf } from "../shared/spectrogram_axes.js";
import { fileName } from "../shared/texts.js";
import { WHOLE } from "../shared/zoom_window.js";
import { appendPicture } from "./picture.js";

/** @import { Axes } from "../shared/spectrogram_axes.js" */

/**
 * What a tile shows: `address` of the picture, "" for none; `start` and `duration` of the clip in seconds, undefined and
 * 0 for unknown.
 *
 * @typedef {object} TileContent
 * @property {string} name
 * @property {string} address
 * @property {string} recording
 * @property {string} label The classes of the image, "" for none.
 * @property {Axes} axes
 * @property {number | undefined} start
 * @property {number} duration
 *
 * @typedef {{ play?: () => void, enlarge: () => void, similar?: () => void }} TileActions
 */

const TICKS = 3;

/**
 * Appends a tile. Its signs are for the mouse alone: an option may hold no control, and the keys P, M and Enter do the
 * same.
 *
 * @param {Node} parent
 * @param {TileContent} content
 * @param {TileActions} actions
 */
export function appendTile(parent, content, { play, enlarge, similar }) {
  const { name, address, axes, label } = content;
  const tile = element(parent, "div", "tile");
  tile.title = describeTile(content);
  const picture = element(tile, "div", "picture");
  appendPicture(picture, address, name);
  if (address && knowsFrequencies(axes)) appendFrequencies(tile, axes);
  if (label) element(picture, "bdi", "class", label);
  element(picture, "div", "cursor").hidden = true;
  appendCaption(tile, content);
  if (play) appendSign(picture, "play", "▶", "Play (P)", play);
  if (similar) appendSign(picture, "similar", "≈", "More like this (M)", similar);
  appendSign(picture, "enlarge", "⤢", "Enlarge (Enter)", enlarge);
  return tile;
}

/**
 * Returns what the tooltip of a tile says.
 *
 * @param {TileContent} content
 */
export const describeTile = ({ name, label }) => (label ? `${name}: ${label}` : name);

/**
 * @param {HTMLElement} tile
 * @param {Axes} axes
 */
function appendFrequencies(tile, axes) {
  tile.classList.add("scaled");
  const frequencies = element(tile, "div", "frequencies");
  writeFrequencies(frequencies, axes, WHOLE, TICKS);
  const unit = element(tile, "div", "unit", unitOf(axes).name);
  frequencies.ariaHidden = unit.ariaHidden = "true"; // the same for all tiles
}

/**
 * Appends when the image begins and ends in its recording, and the name of that; of others the name of the file.
 *
 * @param {Node} tile
 * @param {TileContent} content
 */
function appendCaption(tile, { name, recording, axes, start, duration }) {
  const span = timeSpan(axes, duration, 0);
  if (start === undefined) {
    element(element(tile, "div", "caption"), "bdi", "", fileName(name));
    return;
  }
  const times = element(tile, "div", "times");
  element(times, "span", "", formatSeconds(start));
  if (span) element(times, "span", "", formatSeconds(start + span[1]));
  element(element(tile, "div", "caption line"), "bdi", "", fileName(recording));
  element(tile, "span", "spoken", name);
}

/**
 * @param {Node} parent
 * @param {string} className
 * @param {string} text
 * @param {string} title
 * @param {() => void} press
 */
function appendSign(parent, className, text, title, press) {
  const sign = element(parent, "span", `sign ${className}`, text);
  Object.assign(sign, { title, ariaHidden: "true" });
  sign.onclick = (event) => {
    event.stopPropagation();
    press();
  };
  sign.ondblclick = (event) => {
    event.stopPropagation();
  };
}

/**
 * Shows that a tile is heard, or that it is not.
 *
 * @param {HTMLElement} tile
 * @param {boolean} isHeard
 */
export function markHeard(tile, isHeard) {
  tile.classList.toggle("heard", isHeard);
  const sign = tile.querySelector(".play");
  if (sign) sign.textContent = isHeard ? "■" : "▶";
  const cursor = /** @type {HTMLElement | null} */ (tile.querySelector(".cursor"));
  if (cursor) cursor.hidden = !isHeard;
}

/**
 * Shows where the sound is.
 *
 * @param {HTMLElement} tile
 * @param {TileContent} content
 * @param {number} seconds From the start of the clip.
 */
export function moveCursor(tile, { axes, duration }, seconds) {
  const span = timeSpan(axes, duration, 0);
  const cursor = /** @type {HTMLElement | null} */ (tile.querySelector(".cursor"));
  if (cursor && span) cursor.style.left = `${100 * Math.min(1, Math.max(0, placeOf(span, seconds)))}%`;
}
