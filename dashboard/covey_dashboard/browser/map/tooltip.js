import { writeFrequencies } from "../shared/axes.js";
import { button, element } from "../shared/elements.js";
import { fetchJson } from "../shared/fetch_json.js";
import { Player, asksForSound, readSettings } from "../shared/player.js";
import { formatSeconds, knowsFrequencies, placeOf, timeSpan, unitOf } from "../shared/spectrogram_axes.js";
import { describeCluster, encodeName } from "../shared/texts.js";
import { WHOLE } from "../shared/zoom_window.js";
import { placeTooltip } from "./map_layout.js";

/** @import { Axes, Span } from "../shared/spectrogram_axes.js" */
/** @import { Pixel, Size } from "./map_view.js" */
/** @import { MapContent, MapPoints } from "./map.js" */

/**
 * What image_facts.py sends of an image, as far as the tooltip says it: times in seconds.
 *
 * @typedef {{ start: number | null, duration: number, problem: string }} PointFacts
 *
 * @typedef {{ left: number, top: number, right: number, bottom: number }} Box
 */

const PATIENCE = 120; // milliseconds over a point until more is asked about it
const GRACE = 300; // milliseconds in which the pointer may reach the tooltip
const NEAR = 60; // pixels from the tooltip in which the pointer may be on its way to it
const TICKS = 4;

/** What is known of the image under the pointer, and its sound. */
export class Tooltip {
  described = -1; // the point of which it speaks
  name = "";
  hiding = 0;
  asking = 0;
  /** @type {Pixel} */
  pointer = [0, 0];
  /** @type {PointFacts | undefined} */
  facts;
  /** @type {MapContent | undefined} */
  content;

  /** @param {HTMLElement} parent */
  constructor(parent) {
    this.host = element(parent, "div", "tip");
    this.player = new Player(parent, {
      changed: (name) => this.showHeard(name),
      moved: (seconds) => this.moveCursor(seconds),
      silent: (_, reason) => this.showReason(reason),
    });
    this.host.onpointerenter = () => {
      clearTimeout(this.hiding);
    };
    this.host.onpointerleave = () => {
      this.hide();
    };
    this.pressAnywhere = (/** @type {KeyboardEvent} */ event) => {
      this.hear(event);
    };
    document.addEventListener("keydown", this.pressAnywhere);
    this.hideNow();
  }

  end() {
    document.removeEventListener("keydown", this.pressAnywhere);
    this.hideNow();
    this.player.end();
  }

  /** Hides it, unless the pointer reaches it first: so that its button can be pressed. */
  hide() {
    clearTimeout(this.hiding);
    this.hiding = window.setTimeout(() => this.hideNow(), GRACE);
  }

  hideNow() {
    clearTimeout(this.hiding);
    clearTimeout(this.asking);
    this.host.hidden = true;
  }

  /** Forgets the point of which it speaks: what is known of it may have changed. */
  reset() {
    this.hideNow();
    this.described = -1;
  }

  /**
   * @param {number} point
   * @param {MapPoints} points
   * @param {MapContent} content
   * @param {Pixel} pointer
   * @param {Size} size Of the map.
   */
  show(point, points, content, pointer, size) {
    const previous = this.pointer;
    this.pointer = pointer;
    if (!this.host.hidden && point !== this.described && approaches(this.box, previous, pointer)) return;
    clearTimeout(this.hiding);
    if (point !== this.described) this.describe(point, points, content);
    this.described = point;
    this.host.hidden = false;
    const { offsetWidth: width, offsetHeight: height } = this.host;
    const [left, top] = placeTooltip(pointer, size, { width, height });
    Object.assign(this.host.style, { left: `${left}px`, top: `${top}px` });
  }

  /** @returns {Box} */
  get box() {
    const { offsetLeft: left, offsetTop: top, offsetWidth, offsetHeight } = this.host;
    return { left, top, right: left + offsetWidth, bottom: top + offsetHeight };
  }

  /**
   * @param {number} point
   * @param {MapPoints} points
   * @param {MapContent} content
   */
  describe(point, points, content) {
    this.host.replaceChildren();
    this.name = points.names[point];
    this.content = content;
    this.facts = undefined;
    if (content.address) this.appendPicture(content.address + encodeName(this.name), content.axes);
    this.times = element(this.host, "div", "times");
    element(this.host, "bdi", "name", this.name);
    for (const line of describePoint(point, points, content)) element(this.host, "bdi", "", line);
    this.reason = element(this.host, "div", "reason");
    this.play = button(this.host, "▶ Play (P)", "▶ Play (P)", () => this.toggle());
    this.play.classList.add("play");
    this.play.hidden = !content.sound;
    clearTimeout(this.asking);
    if (content.facts) this.asking = window.setTimeout(() => void this.ask(), PATIENCE);
  }

  /**
   * @param {string} address
   * @param {Axes | undefined} axes
   */
  appendPicture(address, axes) {
    const frame = element(this.host, "div", "frame");
    const picture = element(frame, "img", "");
    picture.onerror = () => {
      frame.remove();
    };
    picture.alt = "";
    picture.src = address;
    this.cursor = element(frame, "div", "cursor");
    this.cursor.hidden = true;
    if (!axes || !knowsFrequencies(axes)) return;
    frame.classList.add("scaled");
    writeFrequencies(element(frame, "div", "frequencies"), axes, WHOLE, TICKS);
    element(frame, "div", "unit", unitOf(axes).name);
  }

  /** Asks when the image is in its recording, and why it has no sound. */
  async ask() {
    const { name, content } = this;
    const facts = /** @type {PointFacts | undefined} */ (await fetchJson(content?.facts + encodeName(name)));
    if (!facts || name !== this.name) return;
    this.facts = facts;
    if (this.times && facts.start !== null) writeStretch(this.times, facts.start, this.span);
    if (facts.problem) this.showReason(facts.problem);
  }

  /** @returns {Span | undefined} */
  get span() {
    return this.facts && this.content?.axes ? timeSpan(this.content.axes, this.facts.duration, 0) : undefined;
  }

  /** @param {string} reason Why there is no sound. */
  showReason(reason) {
    if (this.reason) this.reason.textContent = reason;
    if (this.play) this.play.hidden = true;
  }

  /**
   * Plays the image of which it speaks.
   *
   * @param {KeyboardEvent} event
   */
  hear(event) {
    if (this.host.hidden || !asksForSound(event)) return;
    this.toggle();
    event.preventDefault();
  }

  toggle() {
    const { name, content, facts } = this;
    if (!content?.sound) return;
    const settings = { ...readSettings(content.axes?.high ?? 0), around: 0, loop: false };
    this.player.toggle({ address: content.sound, name, start: facts?.start ?? 0 }, settings);
  }

  /** @param {string} name Of the image that is heard, "" for none. */
  showHeard(name) {
    if (this.play) this.play.textContent = this.play.title = this.play.ariaLabel = name ? "■ Stop (P)" : "▶ Play (P)";
    if (this.cursor && !name) this.cursor.hidden = true;
  }

  /** @param {number} seconds From the start of the clip. */
  moveCursor(seconds) {
    const { cursor, span } = this;
    if (!cursor || !span || this.player.name !== this.name) return;
    cursor.hidden = false;
    cursor.style.setProperty("--place", String(Math.min(1, Math.max(0, placeOf(span, seconds)))));
  }
}

/**
 * Writes from when to when an image is in its recording.
 *
 * @param {Node} host
 * @param {number} start
 * @param {Span | undefined} span
 */
function writeStretch(host, start, span) {
  element(host, "span", "", formatSeconds(start));
  if (span) element(host, "span", "", formatSeconds(start + span[1]));
}

/**
 * Whether a pointer that moves comes nearer to a box that is near.
 *
 * @param {Box} box
 * @param {Pixel} before
 * @param {Pixel} now
 */
export function approaches(box, before, now) {
  const distance = distanceTo(box, now);
  return distance < NEAR && distance < distanceTo(box, before);
}

/**
 * @param {Box} box
 * @param {Pixel} pixel
 */
function distanceTo({ left, top, right, bottom }, [across, down]) {
  return Math.hypot(Math.max(left - across, 0, across - right), Math.max(top - down, 0, down - bottom));
}

/**
 * Returns the lines under the name of an image: its cluster, its label, its recording and what the colours say.
 *
 * @param {number} point
 * @param {Pick<MapPoints, "recordings" | "sources">} points
 * @param {Pick<MapContent, "clusters" | "maybe" | "confidence" | "classes" | "kinds" | "column" | "values" | "codes">} content
 */
export function describePoint(point, { recordings, sources }, content) {
  const { classes, kinds, column, values, codes } = content;
  const lines = [describeCluster(point, content)];
  if (classes[point] >= 0) lines.push(kinds[classes[point]]);
  const recording = recordings[sources[point]];
  if (recording) lines.push(`recording ${recording}`);
  if (column) lines.push(`${column}: ${values[codes[point]] ?? "unknown"}`);
  return lines;
}
