import { button, element } from "../shared/elements.js";
import { fetchJson } from "../shared/fetch_json.js";
import { AROUND, asksForSound, isTyping } from "../shared/player.js";
import { NO_AXES, knowsFrequencies } from "../shared/spectrogram_axes.js";
import { describeCluster, encodeName, formatCount } from "../shared/texts.js";
import { ImageLabelling } from "./image_labelling.js";
import { Silence } from "./silence.js";
import { SoundControls } from "./sound_controls.js";
import { Spectrogram } from "./spectrogram.js";

/** @import { Axes } from "../shared/spectrogram_axes.js" */
/** @import { Gallery } from "./gallery.js" */

/**
 * What image_facts.py sends of an image: times in seconds, `problem` says why there is no sound, `whole` is the length of
 * the recording, `axes` those of a picture of what is around the clip.
 *
 * @typedef {object} ImageFacts
 * @property {string} recording
 * @property {number | null} start
 * @property {number} duration
 * @property {string} problem
 * @property {number} rate
 * @property {number} whole
 * @property {Axes | null} axes
 * @property {[column: string, text: string][]} metadata
 */

const ZOOM = 1.5;
const LIGHTS = { contrast: [0.4, 4], brightness: [0.3, 3] };

/**
 * Whether a key undoes, or does again, what was done last.
 *
 * @param {KeyboardEvent} event
 */
const asksForHistory = (event) =>
  (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z" && !isTyping(event);

/** One image large, with its axes, its sound, and what is known of it. */
export class Viewer {
  index = 0;
  /** @type {ImageFacts | undefined} */
  facts;

  /** @param {Gallery} gallery */
  constructor(gallery) {
    this.gallery = gallery;
    this.dialog = element(gallery.host, "dialog", "viewer");
    this.dialog.tabIndex = -1; // so that its keys work where none of its controls has the focus
    const head = element(this.dialog, "div", "head");
    this.name = element(head, "bdi", "name");
    this.name.id = "viewer-name";
    this.dialog.setAttribute("aria-labelledby", this.name.id);
    button(head, "✕", "Close (Esc)", () => this.close());
    const readout = element(this.dialog, "div", "readout");
    this.picture = new Spectrogram(this.dialog, "whole", (seconds) => this.playFrom(seconds), readout);
    this.strip = new Spectrogram(this.dialog, "strip", (seconds) => this.playAround(seconds), readout);
    this.note = element(this.dialog, "div", "note");
    const tools = element(this.dialog, "div", "tools");
    this.sound = new SoundControls(
      tools,
      () => this.toggleSound(),
      () => this.restart(),
    );
    this.lights = this.appendLights(tools);
    this.silence = new Silence(this.dialog, (folder) => gallery.nameRecordings(folder));
    this.known = element(this.dialog, "div", "facts");
    this.metadata = element(this.dialog, "dl", "metadata");
    this.metadata.tabIndex = 0; // so that the keyboard scrolls it
    const bar = element(this.dialog, "div", "bar");
    button(bar, "‹", "The image before (←)", () => this.move(-1));
    button(bar, "›", "The next image (→)", () => this.move(1));
    this.remover = button(bar, "", "Remove (Space)", () => gallery.toggle(this.index));
    const neighbours = "Find the images nearest to this one (M)";
    this.neighbours = button(bar, "More like this", neighbours, () => gallery.findNeighbours(this.index));
    this.labelling = new ImageLabelling(bar, (label) => this.giveClass(label));
    this.listen();
  }

  /** @param {Node} tools */
  appendLights(tools) {
    const group = element(tools, "div", "lights");
    const lights = Object.entries(LIGHTS).map(([name, [min, max]]) => {
      const title = name[0].toUpperCase() + name.slice(1);
      const slider = element(element(group, "label", "light", title), "input", "");
      Object.assign(slider, { type: "range", min, max, step: 0.05, value: 1, name });
      slider.oninput = () => {
        this.lighten();
      };
      return slider;
    });
    button(group, "−", "Zoom out (-)", () => this.picture.zoom(1 / ZOOM));
    button(group, "+", "Zoom in (+)", () => this.picture.zoom(ZOOM));
    button(group, "Reset", "The whole image as it is (0)", () => this.resetPicture());
    return lights;
  }

  lighten() {
    const filter = this.lights.map(({ name, value }) => `${name}(${value})`).join(" ");
    this.picture.picture.style.filter = filter;
    this.strip.picture.style.filter = filter;
  }

  resetPicture() {
    this.lights.forEach((slider) => (slider.value = "1"));
    this.lighten();
    this.picture.showWhole();
  }

  listen() {
    this.dialog.onkeydown = (event) => {
      this.pressKey(event);
    };
    this.dialog.onclick = (event) => {
      if (event.target === this.dialog) this.close();
    };
    this.dialog.onclose = () => {
      this.picture.clear();
      this.strip.clear();
      this.gallery.player.stop();
      this.gallery.focusCurrent();
    };
  }

  get isOpen() {
    return this.dialog.open;
  }

  /** @param {number} index */
  open(index) {
    if (!this.isOpen) this.dialog.showModal();
    this.show(index);
    this.dialog.focus();
  }

  close() {
    this.dialog.close();
  }

  /** @param {number} index */
  show(index) {
    this.index = this.gallery.current = index;
    const { name, label } = this.gallery.tileContent(index);
    if (this.gallery.player.name !== name) this.gallery.player.stop();
    this.name.textContent = name;
    this.sound.highest = this.gallery.content.axes.high;
    this.sound.mark();
    this.neighbours.hidden = !this.gallery.content.like;
    this.labelling.show(this.gallery.content.choices);
    this.describe(label);
    this.mark();
    this.showPicture(undefined);
    this.strip.host.hidden = true;
    this.metadata.replaceChildren();
    this.sound.host.hidden = true;
    this.silence.hide();
    void this.loadFacts(name);
  }

  /** @param {ImageFacts | undefined} facts */
  showPicture(facts) {
    this.facts = facts;
    const { name, address, axes, start, duration } = this.gallery.tileContent(this.index);
    const clip = { start: facts?.start ?? start, duration: facts?.duration || duration };
    this.picture.show({ name, address: address && `${address}&whole`, axes, from: 0, ...clip });
    this.note.textContent = knowsFrequencies(axes)
      ? ""
      : `The frequencies are not known: ${this.gallery.content.unscaled}.`;
    this.note.hidden = knowsFrequencies(axes);
  }

  /** @param {string} label */
  describe(label) {
    const { names, clusters, maybe, confidence } = this.gallery.content;
    this.known.replaceChildren();
    element(this.known, "div", "", `${formatCount(this.index + 1)} of ${formatCount(names.length)}`);
    if (clusters) element(this.known, "div", "", describeCluster(this.index, { clusters, maybe, confidence }));
    const recording = this.gallery.tileContent(this.index).recording;
    if (recording) element(this.known, "bdi", "", `recording ${recording}`);
    if (label) element(this.known, "bdi", "class", label);
  }

  /** @param {string} name */
  async loadFacts(name) {
    const { facts } = this.gallery.content;
    const loaded = /** @type {ImageFacts | undefined} */ (await fetchJson(facts + encodeName(name)));
    if (!loaded || !this.isOpen || this.name.textContent !== name) return;
    this.showPicture(loaded);
    this.showMetadata(loaded);
    const problem = loaded.problem;
    this.sound.host.hidden = Boolean(problem);
    if (problem) this.showSilence(problem);
    else this.showStrip(name, loaded);
  }

  /** @param {string} reason */
  showSilence(reason) {
    const { names, nameable, notice } = this.gallery.content;
    this.silence.show(names[this.index], notice || reason, nameable);
  }

  /** @param {ImageFacts} facts */
  showMetadata({ metadata }) {
    this.metadata.replaceChildren();
    for (const [column, text] of metadata) {
      const pair = element(this.metadata, "div", "pair");
      element(pair, "dt", "", column);
      element(element(pair, "dd", ""), "bdi", "", text);
    }
  }

  /**
   * Shows what is around the clip.
   *
   * @param {string} name
   * @param {ImageFacts} facts
   */
  showStrip(name, { start, duration, whole, axes }) {
    const { surroundings } = this.gallery.content;
    if (start === null) return;
    const lead = Math.min(AROUND, start);
    const end = Math.min(whole || Infinity, start + duration + AROUND);
    this.strip.host.hidden = false;
    this.strip.mark = [0, duration];
    this.strip.show({
      ...{ name: "", address: `${surroundings}${encodeName(name)}&around=${AROUND}`, axes: axes ?? NO_AXES },
      ...{ start: start - lead, from: -lead, duration: end - start + lead },
    });
  }

  get clip() {
    const { name, start } = this.gallery.tileContent(this.index);
    return { address: this.gallery.content.sound, name, start: this.facts?.start ?? start ?? 0 };
  }

  /** Whether there may be sound: before more is known, where any image has it. */
  get canPlay() {
    return Boolean(this.gallery.content.sound) && !this.facts?.problem;
  }

  toggleSound() {
    if (this.canPlay) this.gallery.player.toggle(this.clip, this.sound.settings);
  }

  restart() {
    if (this.gallery.player.name) this.gallery.player.play(this.clip, this.sound.settings);
  }

  /** @param {number} seconds */
  playFrom(seconds) {
    if (this.canPlay) this.gallery.player.play(this.clip, this.sound.settings, seconds);
  }

  /** @param {number} seconds */
  playAround(seconds) {
    this.gallery.player.play(this.clip, { ...this.sound.settings, around: AROUND }, seconds);
  }

  /** @param {number} seconds */
  moveCursor(seconds) {
    this.picture.moveCursor(seconds);
    this.strip.moveCursor(seconds);
  }

  mark() {
    const removed = this.gallery.isRemoved(this.index);
    this.remover.textContent = removed ? "Put back" : "Remove";
    this.remover.title = this.remover.ariaLabel = `${this.remover.textContent} (Space)`;
    this.picture.host.classList.toggle("out", removed);
  }

  /** @param {string} label */
  giveClass(label) {
    this.gallery.giveClass(this.gallery.content.names[this.index], label);
    this.dialog.focus(); // so that the arrow keys lead on
  }

  /** @param {number} step */
  move(step) {
    const index = this.index + step;
    if (index >= 0 && index < this.gallery.content.names.length) this.show(index);
  }

  /** @param {KeyboardEvent} event */
  pressKey(event) {
    if (asksForHistory(event)) return; // the page undoes
    event.stopPropagation();
    if (isTyping(event) || event.altKey || event.ctrlKey || event.metaKey) return;
    const isSlider = event.target instanceof HTMLInputElement;
    if (asksForSound(event)) this.toggleSound();
    else if (isSlider)
      return; // it has keys of its own
    else if (!this.labelling.followKey(event) && !this.followKey(event.key)) return;
    event.preventDefault();
  }

  /**
   * @param {string} key
   * @returns {boolean} Whether the key means something.
   */
  followKey(key) {
    const actions = new Map([
      ["ArrowLeft", () => this.move(-1)],
      ["ArrowRight", () => this.move(1)],
      [" ", () => this.gallery.toggle(this.index)],
      ["m", () => this.gallery.content.like && this.gallery.findNeighbours(this.index)],
      ["l", () => this.sound.toggleLoop()],
      ["a", () => this.sound.toggleAround()],
      ["+", () => this.picture.zoom(ZOOM)],
      ["-", () => this.picture.zoom(1 / ZOOM)],
      ["0", () => this.resetPicture()],
    ]);
    const action = actions.get(key.length === 1 ? key.toLowerCase() : key);
    action?.();
    return action !== undefined;
  }

  end() {
    this.picture.end();
    this.strip.end();
  }
}
