// Sound: one clip at a time, however many galleries and maps there are on the page.

import { element } from "./elements.js";
import { encodeName } from "./texts.js";

/**
 * How a person wants to hear: how many times slower, over and over, and with so many seconds around the clip.
 *
 * @typedef {{ slow: number, loop: boolean, around: number }} SoundSettings
 *
 * What is played: the image `name`, whose clip begins `start` seconds into its recording.
 *
 * @typedef {{ address: string, name: string, start: number }} PlayedClip
 *
 * @typedef {object} SoundListener
 * @property {(name: string) => void} changed The image that is heard from now on, "" for none.
 * @property {(seconds: number) => void} moved Where in the clip the sound is, from its start on.
 * @property {(name: string, reason: string) => void} silent Why there is no sound.
 */

export const SPEEDS = [1, 2, 10]; // times slower
export const AROUND = 2; // seconds
const SETTINGS_KEY = "covey sound";
const STARTED = "covey-sound";

/**
 * Returns the settings that a person chose last, or else those that make the frequencies of images heard.
 *
 * @param {number} highest The highest frequency of the images in Hz, 0 for unknown.
 * @returns {SoundSettings}
 */
export function readSettings(highest) {
  const usual = { slow: highest > 24_000 ? 10 : 1, loop: false, around: 0 };
  return { ...usual, ...JSON.parse(localStorage.getItem(SETTINGS_KEY) ?? "{}") };
}

/** @param {Partial<SoundSettings>} changes */
export function writeSettings(changes) {
  const chosen = JSON.parse(localStorage.getItem(SETTINGS_KEY) ?? "{}");
  localStorage.setItem(SETTINGS_KEY, JSON.stringify({ ...chosen, ...changes }));
}

/**
 * Returns the address of the sound of an image.
 *
 * @param {PlayedClip} clip
 * @param {SoundSettings} settings
 */
export function soundAddress({ address, name }, { slow, around }) {
  return `${address}${encodeName(name)}${slow > 1 ? `&slow=${slow}` : ""}${around ? `&around=${around}` : ""}`;
}

/**
 * Returns how much of the recording is heard before the clip, in seconds.
 *
 * @param {PlayedClip} clip
 * @param {SoundSettings} settings
 */
export const leadOf = ({ start }, { around }) => Math.min(around, start);

export class Player {
  name = ""; // of the image that is heard
  lead = 0;
  slow = 1;
  frame = 0;

  /**
   * @param {Node} parent
   * @param {SoundListener} listener
   */
  constructor(parent, listener) {
    this.listener = listener;
    this.audio = element(parent, "audio", "");
    this.audio.onended = () => {
      this.stop();
    };
    this.audio.onerror = () => {
      void this.explain();
    };
    this.stopForOther = (/** @type {Event} */ event) => {
      if (event instanceof CustomEvent && event.detail !== this) this.stop();
    };
    document.addEventListener(STARTED, this.stopForOther);
  }

  end() {
    this.stop();
    document.removeEventListener(STARTED, this.stopForOther);
    this.audio.remove();
  }

  /**
   * Plays a clip, or ends it if it is heard already.
   *
   * @param {PlayedClip} clip
   * @param {SoundSettings} settings
   */
  toggle(clip, settings) {
    if (this.name === clip.name) this.stop();
    else this.play(clip, settings);
  }

  /**
   * @param {PlayedClip} clip
   * @param {SoundSettings} settings
   * @param {number} [from] Where in the clip the sound begins, in seconds.
   */
  play(clip, settings, from) {
    this.stop();
    document.dispatchEvent(new CustomEvent(STARTED, { detail: this }));
    this.lead = leadOf(clip, settings);
    this.slow = settings.slow;
    this.name = clip.name;
    this.audio.loop = settings.loop;
    this.audio.src = soundAddress(clip, settings);
    if (from !== undefined) this.audio.currentTime = Math.max(0, from + this.lead) * this.slow;
    this.audio.play().catch(() => {}); // an error of the sound is reported by its own event
    this.listener.changed(this.name);
    this.follow();
  }

  stop() {
    if (!this.name) return;
    cancelAnimationFrame(this.frame);
    this.name = "";
    this.audio.removeAttribute("src");
    this.audio.load();
    this.listener.changed("");
  }

  follow() {
    this.frame = requestAnimationFrame(() => {
      this.listener.moved(this.audio.currentTime / this.slow - this.lead);
      this.follow();
    });
  }

  /** Says why there is no sound, unless another one is wanted by then. */
  async explain() {
    const { name } = this;
    if (!name) return;
    const answer = await fetch(this.audio.src).catch(() => null);
    const reason = answer?.status === 404 ? await answer.text() : "No sound: this browser cannot play it.";
    if (name !== this.name) return;
    this.stop();
    this.listener.silent(name, reason);
  }
}

/**
 * Whether a key is meant for what a person writes in.
 *
 * @param {KeyboardEvent} event
 */
export const isTyping = (event) =>
  event
    .composedPath()
    .some(
      (target) =>
        target instanceof HTMLElement &&
        target.matches("input:not([type=range]), textarea, select, [contenteditable=true]"),
    );

/**
 * Whether a key asks for sound.
 *
 * @param {KeyboardEvent} event
 */
export const asksForSound = (event) =>
  event.key.toLowerCase() === "p" &&
  !event.altKey &&
  !event.ctrlKey &&
  !event.metaKey &&
  !event.defaultPrevented &&
  !isTyping(event);
