import { writeFrequencies, writeTimes } from "../shared/axes.js";
import { element } from "../shared/elements.js";
import {
  formatFrequency,
  frequencyAt,
  knowsFrequencies,
  numberAt,
  placeOf,
  timeSpan,
  unitOf,
} from "../shared/spectrogram_axes.js";
import { WHOLE, panSpan, zoomSpan } from "../shared/zoom_window.js";
import { appendPicture } from "./picture.js";

/** @import { Axes, Span } from "../shared/spectrogram_axes.js" */

/**
 * What a spectrogram shows: `duration` is that of the sound, `start` when it begins in the recording, undefined for
 * unknown, `from` when it begins if its clip begins at 0; all in seconds.
 *
 * @typedef {object} SpectrogramContent
 * @property {string} name
 * @property {string} address
 * @property {Axes} axes
 * @property {number} duration
 * @property {number | undefined} start
 * @property {number} from
 */

const WHEEL = 1.2; // how much closer one step of the wheel comes
const TICK_GAPS = { across: 90, down: 34 }; // pixels between two ticks, at least

/** A picture of sound with its axes, of which a part can be enlarged; it reads what is under the pointer. */
export class Spectrogram {
  /** @type {SpectrogramContent | undefined} */
  content;
  across = WHOLE; // what is seen of the width
  up = WHOLE; // and of the height
  /** @type {Span | undefined} From when to when the image is, in seconds of the clip. */
  span;
  mark = /** @type {Span | undefined} */ (undefined);
  cursorTime = NaN;
  dragged = 0;

  /**
   * @param {Node} parent
   * @param {string} className
   * @param {(seconds: number) => void} pick Called with the time in the clip that a person clicks.
   * @param {HTMLElement} readout Where what is under the pointer is written.
   */
  constructor(parent, className, pick, readout) {
    this.host = element(parent, "div", `spectrogram ${className}`);
    this.frequencies = element(this.host, "div", "frequencies");
    this.window = element(this.host, "div", "window");
    this.picture = element(this.window, "div", "moved");
    this.marked = element(this.window, "div", "marked");
    this.cursor = element(this.window, "div", "cursor");
    this.crossAcross = element(this.window, "div", "cross across");
    this.crossDown = element(this.window, "div", "cross down");
    this.unit = element(this.host, "div", "unit");
    this.second = element(this.host, "div", "second", "s");
    this.times = element(this.host, "div", "times");
    this.readout = readout;
    this.pick = pick;
    this.hideCross();
    this.listen();
    this.resizes = new ResizeObserver(() => this.draw());
    this.resizes.observe(this.window);
  }

  listen() {
    this.window.onpointermove = (event) => {
      if (event.buttons) this.drag(event);
      this.read(event);
    };
    this.window.onpointerdown = () => {
      this.dragged = 0;
    };
    this.window.onpointerleave = () => {
      this.hideCross();
    };
    this.window.onclick = (event) => {
      if (this.span && this.dragged < 4) this.pick(this.timeAt(this.placeUnder(event)[0]));
    };
    this.window.addEventListener("wheel", (event) => this.turnWheel(event), { passive: false });
  }

  /**
   * Shows an image, whole; or more that is known of the image that is shown, which stays as the user zoomed it.
   *
   * @param {SpectrogramContent} content
   */
  show(content) {
    const isShown = content.address === this.content?.address && content.name === this.content.name;
    this.content = content;
    if (!isShown) this.replacePicture(content);
    this.span = this.spanOf(this.picture.querySelector("img")?.naturalWidth ?? 0);
    this.draw();
  }

  /** @param {SpectrogramContent} content */
  replacePicture({ address, name }) {
    this.cursorTime = NaN;
    this.across = this.up = WHOLE;
    this.picture.replaceChildren();
    appendPicture(this.picture, address, name);
    const image = this.picture.querySelector("img");
    if (!image) return;
    image.onload = () => {
      this.span = this.spanOf(image.naturalWidth);
      this.draw();
    };
  }

  clear() {
    this.content = undefined;
    this.picture.replaceChildren();
  }

  /**
   * @param {number} columns Of the image, 0 for unknown.
   * @returns {Span | undefined}
   */
  spanOf(columns) {
    if (!this.content) return undefined;
    const { axes, duration, from } = this.content;
    const span = timeSpan(axes, duration, duration ? 0 : columns);
    return span && [span[0] + from, span[1] + from];
  }

  /**
   * @param {number} factor
   * @param {[number, number]} [place] What stays where it is, as parts of the whole image; the middle of what is seen.
   */
  zoom(factor, place = [numberAt(this.across, 0.5), numberAt(this.up, 0.5)]) {
    this.across = zoomSpan(this.across, factor, place[0]);
    this.up = zoomSpan(this.up, factor, place[1]);
    this.draw();
  }

  showWhole() {
    this.across = this.up = WHOLE;
    this.draw();
  }

  /** @param {WheelEvent} event */
  turnWheel(event) {
    event.preventDefault();
    this.zoom(event.deltaY < 0 ? WHEEL : 1 / WHEEL, this.placeUnder(event));
  }

  /** @param {PointerEvent} event */
  drag(event) {
    const { clientWidth, clientHeight } = this.window;
    this.dragged += Math.abs(event.movementX) + Math.abs(event.movementY);
    this.across = panSpan(this.across, (-event.movementX / clientWidth) * (this.across[1] - this.across[0]));
    this.up = panSpan(this.up, (event.movementY / clientHeight) * (this.up[1] - this.up[0]));
    this.draw();
  }

  /**
   * Returns which part of the whole image is under the pointer, from its left and from its bottom.
   *
   * @param {MouseEvent} event
   * @returns {[number, number]}
   */
  placeUnder(event) {
    const box = this.window.getBoundingClientRect();
    const [right, down] = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    return [numberAt(this.across, right), numberAt(this.up, 1 - down)];
  }

  /** @param {number} place */
  timeAt(place) {
    return this.span ? numberAt(this.span, place) : 0;
  }

  draw() {
    const {
      content,
      across,
      up,
      span,
      window: { clientWidth, clientHeight },
    } = this;
    if (!content || !clientWidth) return;
    const { style } = this.picture;
    const [width, height] = [across[1] - across[0], up[1] - up[0]];
    Object.assign(style, { width: `${100 / width}%`, height: `${100 / height}%` });
    Object.assign(style, { left: `${(-100 * across[0]) / width}%`, bottom: `${(-100 * up[0]) / height}%` });
    writeFrequencies(this.frequencies, content.axes, up, Math.max(2, Math.floor(clientHeight / TICK_GAPS.down)));
    this.unit.textContent = knowsFrequencies(content.axes) ? unitOf(content.axes).name : "";
    this.second.hidden = !span;
    this.times.replaceChildren();
    if (span) {
      const seen = /** @type {Span} */ (across.map((place) => numberAt(span, place) + this.shift));
      writeTimes(this.times, seen, Math.max(2, Math.floor(clientWidth / TICK_GAPS.across)));
    }
    this.drawMark();
    this.moveCursor(this.cursorTime);
  }

  /** What is added to a time in the clip to make it one in the recording, where that is known. */
  get shift() {
    return this.content?.start === undefined ? 0 : this.content.start - this.content.from;
  }

  drawMark() {
    const place = this.mark && this.span && this.mark.map((time) => this.placeOf(time));
    this.marked.hidden = !place;
    if (!place) return;
    Object.assign(this.marked.style, { left: `${100 * place[0]}%`, width: `${100 * (place[1] - place[0])}%` });
  }

  /**
   * Returns where in the window a time lies, 0 to 1 within it.
   *
   * @param {number} seconds
   */
  placeOf(seconds) {
    return this.span ? placeOf(this.across, placeOf(this.span, seconds)) : NaN;
  }

  /** @param {number} seconds Where the sound is in the clip; NaN for nowhere. */
  moveCursor(seconds) {
    this.cursorTime = seconds;
    const place = this.placeOf(seconds);
    this.cursor.hidden = !(place >= 0 && place <= 1);
    this.cursor.style.left = `${100 * place}%`;
  }

  hideCross() {
    this.crossAcross.hidden = this.crossDown.hidden = true;
    this.readout.textContent = "";
  }

  /**
   * Writes what is under the pointer.
   *
   * @param {MouseEvent} event
   */
  read(event) {
    const box = this.window.getBoundingClientRect();
    this.crossAcross.hidden = this.crossDown.hidden = false;
    this.crossAcross.style.top = `${event.clientY - box.top}px`;
    this.crossDown.style.left = `${event.clientX - box.left}px`;
    this.readout.textContent = this.describePlace(this.placeUnder(event));
  }

  /** @param {[number, number]} place */
  describePlace([right, up]) {
    const { content, span } = this;
    if (!content) return "";
    const parts = [];
    if (knowsFrequencies(content.axes)) parts.push(formatFrequency(content.axes, frequencyAt(content.axes, up)));
    if (span) parts.push(`${numberAt(span, right).toFixed(3)} s`);
    if (span && content.start !== undefined)
      parts.push(`${(numberAt(span, right) + this.shift).toFixed(3)} s in the recording`);
    return parts.join(" · ");
  }

  end() {
    this.resizes.disconnect();
  }
}
