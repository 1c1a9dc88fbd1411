// The gallery: every image of a selection, drawn only where a person looks. Which are removed goes back to Python as
// runs of indices.

import { button, element, nameControl, onceGone } from "../shared/elements.js";
import { Outbox } from "../shared/outbox.js";
import { unpack } from "../shared/payload.js";
import { Player, asksForSound, readSettings } from "../shared/player.js";
import { NO_AXES } from "../shared/spectrogram_axes.js";
import { countNoun, countRemaining, encodeName, formatCount } from "../shared/texts.js";
import {
  countByRecording,
  countRemoved,
  extendToImage,
  keepRemoved,
  removedRuns,
  swapImages,
  toggleImage,
} from "./removed_images.js";
import { appendTile, markHeard, moveCursor } from "./tile.js";
import { arrangeTiles, drawnTiles, fillHeight, followKey, gridHeight, scrollToTile, tileBox } from "./tile_grid.js";
import { Viewer } from "./viewer.js";

/** @import { IntArray } from "../shared/payload.js" */
/** @import { FrontendRendererArgs } from "@streamlit/component-v2-lib" */
/** @import { Axes } from "../shared/spectrogram_axes.js" */
/** @import { ClassEntry } from "../shared/class_input.js" */
/** @import { TileContent } from "./tile.js" */

/**
 * What gallery.py sends, in the order in which the images are shown. `view` changes with the selection or its order,
 * `version` with everything, `selection` whenever what was removed is forgotten; `out` has 1 for each removed image;
 * `sources` is the recording of each, -1 for none; `starts` and `lengths` are those of clips in milliseconds, -1 and 0
 * for unknown; `classes` is the label of each as an index of `kinds`, -1 for none.
 *
 * @typedef {object} GalleryContent
 * @property {string} view
 * @property {string} selection
 * @property {string} version
 * @property {string[]} names
 * @property {string[]} recordings
 * @property {string[]} kinds
 * @property {string} images What comes before a name in the address of its picture; "" for no pictures.
 * @property {string} sound The same for its sound; "" where there is none.
 * @property {string} soundless Why there is none.
 * @property {string} surroundings The same for a picture of what is around it.
 * @property {string} facts The same for what is known of it.
 * @property {Axes} axes
 * @property {string} unscaled Why their frequencies are not known.
 * @property {boolean} nameable Whether a person may say where the recordings are.
 * @property {string} notice What became of the folder that was named last.
 * @property {boolean} like Whether images near to others can be found.
 * @property {ClassEntry[] | null} choices The classes that the viewer can give to its image; null if it gives none.
 * @property {number} answered The number of the last request for a class that Python has answered.
 * @property {IntArray} sources
 * @property {IntArray} starts
 * @property {IntArray} lengths
 * @property {IntArray} classes
 * @property {Uint8Array} out
 * @property {IntArray} [clusters]
 * @property {IntArray} [maybe] The cluster that noise may belong to, -1 for none.
 * @property {Float32Array} [confidence] How sure that is.
 *
 * @typedef {{ name: string, label: string }} LabelRequest
 * @typedef {{ out: { version: string, runs: number[] }, like: string, recordings: string,
 *   requests: (LabelRequest & { id: number })[] }} GalleryState
 */

const REPORT_DELAY = 150; // milliseconds after the last click until Python is told
const MOST_LISTED = 200; // recordings
const TILE_WIDTHS = { min: 72, max: 320, first: 132 };
const WIDTH_KEY = "covey gallery size";

const NARROW = 104; // pixels of a tile's width below which it has no frequencies

/** @type {GalleryContent} */
const NO_CONTENT = {
  ...{ view: "", selection: "", version: "" },
  ...{ images: "", sound: "", soundless: "", surroundings: "", facts: "", like: false },
  ...{ axes: NO_AXES, unscaled: "", nameable: false, notice: "", names: [], recordings: [], kinds: [] },
  ...{ choices: null, answered: 0 },
  ...{ sources: new Int32Array(), starts: new Int32Array(), lengths: new Int32Array(), classes: new Int32Array() },
  out: new Uint8Array(),
};

/**
 * The removed images by the version of the content: newer than those that were sent with it.
 *
 * @type {Map<string, Uint8Array>}
 */
const removedByVersion = new Map();

/** @type {WeakMap<Node, Gallery>} */
const galleries = new WeakMap();

/** @param {FrontendRendererArgs<GalleryState, Uint8Array>} component */
export default function ({ data, parentElement, setStateValue, setTriggerValue }) {
  const gallery = galleries.get(parentElement) ?? new Gallery(parentElement);
  galleries.set(parentElement, gallery);
  gallery.reportRemoved = (version, runs) => setStateValue("out", { version, runs });
  gallery.requestNeighbours = (name) => setTriggerValue("like", name);
  gallery.nameRecordings = (folder) => setTriggerValue("recordings", folder);
  gallery.sendRequests = (requests) => setStateValue("requests", requests);
  gallery.show(data);
  return onceGone(parentElement, () => {
    gallery.end();
    galleries.delete(parentElement);
  });
}

export class Gallery {
  content = NO_CONTENT;
  removed = NO_CONTENT.out;
  tileGrid = arrangeTiles(0, TILE_WIDTHS.first);
  current = 0; // the image where the keyboard is
  anchor = -1; // the image that was toggled last, from which a range begins
  hovered = -1; // the image under the pointer, unless the keyboard has moved since
  reportTimer = 0;
  scrollFrame = 0;
  /** @type {Uint8Array | undefined} */
  bytes;
  /** @type {Map<number, HTMLElement>} */
  tiles = new Map();
  /** @type {(version: string, runs: number[]) => void} */
  reportRemoved = () => {};
  /** @type {(name: string) => void} */
  requestNeighbours = () => {};
  /** @type {(folder: string) => void} */
  nameRecordings = () => {};
  /** @type {Outbox<LabelRequest>} */
  outbox = new Outbox();
  /** @type {(requests: (LabelRequest & { id: number })[]) => void} */
  sendRequests = () => {};

  /** @param {Node} root */
  constructor(root) {
    this.host = element(root, "div", "gallery");
    const bar = element(this.host, "div", "bar");
    this.counter = element(bar, "span", "count");
    this.counter.role = "status";
    this.message = element(bar, "span", "message");
    this.message.role = "status";
    button(bar, "Keep all", "Keep all images, also those that were removed", () => this.setAll(0));
    button(bar, "Remove all", "Remove all images, to keep only those that you click then", () => this.setAll(1));
    button(bar, "Swap", "Keep those that were removed, and remove the others", () => this.swap());
    const neighbours = "Find the images nearest to those that are kept";
    this.neighbours = button(bar, "More like these", neighbours, () => this.findNeighbours(-1));
    const recordings = "The recordings that the images come from";
    this.unfold = button(bar, "", recordings, () => this.toggleRecordings());
    this.unfold.ariaExpanded = "false";
    this.slider = this.appendSlider(bar);
    this.recordings = element(this.host, "div", "sources");
    this.recordings.hidden = true;
    this.grid = element(this.host, "div", "grid");
    const ariaLabel = "Images: Space removes, Enter enlarges, P plays";
    Object.assign(this.grid, { tabIndex: 0, role: "listbox", ariaMultiSelectable: "true", ariaLabel });
    this.space = element(this.grid, "div", "space");
    this.player = this.createPlayer();
    this.viewer = new Viewer(this);
    this.listen();
    this.resizes = new ResizeObserver(() => this.arrange());
    this.resizes.observe(this.grid);
    this.fitHeight = () => this.arrange();
    window.addEventListener("resize", this.fitHeight);
  }

  /** @param {Node} bar */
  appendSlider(bar) {
    const slider = element(element(bar, "label", "size", "Size"), "input", "");
    const { min, max, first } = TILE_WIDTHS;
    Object.assign(slider, { type: "range", min, max, step: 4, value: localStorage.getItem(WIDTH_KEY) ?? first });
    slider.oninput = () => {
      localStorage.setItem(WIDTH_KEY, slider.value);
      this.arrange(this.current);
    };
    return slider;
  }

  createPlayer() {
    return new Player(this.host, {
      changed: (name) => this.showHeard(name),
      moved: (seconds) => this.followSound(seconds),
      silent: (name, reason) => this.showSilence(name, reason),
    });
  }

  listen() {
    this.pressAnywhere = (/** @type {KeyboardEvent} */ event) => {
      this.hear(event);
    };
    // The document's listeners hear first: the image under the pointer on the map goes before the focused tile.
    window.addEventListener("keydown", this.pressAnywhere);
    this.grid.onpointermove = (event) => {
      this.hovered = this.indexOf(event.composedPath());
    };
    this.grid.onpointerleave = () => {
      this.hovered = -1;
    };
    this.grid.onscroll = () => {
      cancelAnimationFrame(this.scrollFrame);
      this.scrollFrame = requestAnimationFrame(() => this.draw());
    };
    this.grid.onkeydown = (event) => {
      this.pressKey(event);
    };
    this.host.onpointerleave = () => {
      this.report();
    };
  }

  /** @param {Uint8Array} bytes */
  show(bytes) {
    if (bytes === this.bytes) return;
    this.bytes = bytes;
    const previous = this.content;
    removedByVersion.delete(previous.version);
    this.content = /** @type {GalleryContent} */ (unpack(bytes));
    const { version, view, selection, names, out, like, recordings, answered } = this.content;
    this.outbox.settle(answered);
    // Python may not have known of the last click when it sent this.
    const kept = previous.selection === selection ? keepRemoved(previous.names, this.removed, names, out) : out;
    this.removed = removedByVersion.get(version) ?? kept;
    removedByVersion.set(version, this.removed);
    if (!names.includes(this.player.name)) this.player.stop();
    this.tiles.forEach((tile) => tile.remove());
    this.tiles.clear();
    this.neighbours.hidden = !like;
    this.unfold.hidden = !recordings.length;
    if (previous.view !== view) this.startAnew();
    this.current = Math.min(this.current, Math.max(0, names.length - 1));
    this.arrange();
    this.count();
    if (this.viewer.isOpen) this.viewer.open(Math.min(this.viewer.index, names.length - 1));
  }

  startAnew() {
    this.current = this.grid.scrollTop = 0;
    this.anchor = -1;
    this.message.textContent = "";
    this.viewer.close();
  }

  end() {
    this.report();
    this.resizes.disconnect();
    if (this.fitHeight) window.removeEventListener("resize", this.fitHeight);
    if (this.pressAnywhere) window.removeEventListener("keydown", this.pressAnywhere);
    this.player.end();
    this.viewer.end();
    this.host.remove();
  }

  /**
   * Lays the tiles out for the width that there is.
   *
   * @param {number} visible The tile that stays in view; -1 for none.
   */
  arrange(visible = -1) {
    const width = this.grid.clientWidth;
    if (!width) return;
    this.tileGrid = arrangeTiles(width, this.slider.valueAsNumber);
    const needed = gridHeight(this.tileGrid, this.content.names.length);
    this.space.style.height = `${needed}px`;
    this.grid.classList.toggle("narrow", tileBox(this.tileGrid, 0).width < NARROW);
    this.grid.style.height = `${fillHeight(topOnPage(this.grid), window.innerHeight, needed)}px`;
    this.tiles.forEach((tile, index) => this.place(tile, index));
    if (visible >= 0) this.scrollTo(visible);
    this.draw();
  }

  /**
   * @param {HTMLElement} tile
   * @param {number} index
   */
  place(tile, index) {
    const { left, top, width, height } = tileBox(this.tileGrid, index);
    tile.style.transform = `translate(${left}px, ${top}px)`;
    tile.style.width = `${width}px`;
    tile.style.height = `${height}px`;
  }

  draw() {
    const { scrollTop, clientHeight } = this.grid;
    const [first, end] = drawnTiles(this.tileGrid, this.content.names.length, scrollTop, clientHeight);
    this.tiles.forEach((tile, index) => {
      if (index < first || index >= end) this.removeTile(tile, index);
    });
    for (let index = first; index < end; index++) if (!this.tiles.has(index)) this.appendTile(index);
    this.mark();
  }

  /**
   * Removes a tile together with the request for its picture, which would keep those in view waiting.
   *
   * @param {HTMLElement} tile
   * @param {number} index
   */
  removeTile(tile, index) {
    tile.querySelector("img")?.removeAttribute("src");
    tile.remove();
    this.tiles.delete(index);
  }

  /** @param {number} index */
  appendTile(index) {
    const content = this.tileContent(index);
    const play = this.content.sound ? () => this.playTile(index) : undefined;
    const similar = this.content.like ? () => this.findNeighbours(index) : undefined;
    const tile = appendTile(this.space, content, { play, similar, enlarge: () => this.viewer.open(index) });
    Object.assign(tile, { id: `tile-${index}`, role: "option" });
    // Of all options only these are on the page.
    Object.assign(tile, { ariaSetSize: String(this.content.names.length), ariaPosInSet: String(index + 1) });
    tile.onclick = (event) => {
      this.current = index;
      this.toggle(index, event.shiftKey);
    };
    tile.ondblclick = () => {
      this.viewer.open(index);
    };
    this.tiles.set(index, tile);
    this.place(tile, index);
    if (this.player.name === content.name) markHeard(tile, true);
  }

  /**
   * @param {number} index
   * @returns {TileContent}
   */
  tileContent(index) {
    const { names, images, recordings, sources, kinds, classes, axes, starts, lengths } = this.content;
    return {
      name: names[index],
      address: images && images + encodeName(names[index]),
      recording: recordings[sources[index]] ?? "",
      label: kinds[classes[index]] ?? "",
      axes,
      start: starts[index] >= 0 ? starts[index] / 1000 : undefined,
      duration: (lengths[index] ?? 0) / 1000,
    };
  }

  /** @param {number} index */
  playTile(index) {
    const { sound, axes } = this.content;
    const { name, start } = this.tileContent(index);
    this.message.textContent = "";
    if (!sound) this.showSilence(name, this.content.soundless);
    else this.player.toggle({ address: sound, name, start: start ?? 0 }, { ...readSettings(axes.high), around: 0 });
  }

  /** @param {string} name Of the image that is heard from now on. */
  showHeard(name) {
    this.tiles.forEach((tile, index) => markHeard(tile, this.content.names[index] === name));
    this.viewer.sound.show(Boolean(name));
    if (!name) this.viewer.moveCursor(NaN);
  }

  /** @param {number} seconds */
  followSound(seconds) {
    const index = this.content.names.indexOf(this.player.name);
    const tile = this.tiles.get(index);
    if (tile) moveCursor(tile, this.tileContent(index), seconds);
    if (this.viewer.isOpen) this.viewer.moveCursor(seconds);
  }

  /**
   * @param {string} name
   * @param {string} reason
   */
  showSilence(name, reason) {
    if (this.viewer.isOpen) this.viewer.showSilence(reason);
    else this.message.textContent = reason;
  }

  /** @param {EventTarget[]} path Of an event, from the innermost element on. */
  indexOf(path) {
    return [...this.tiles].find(([, tile]) => path.includes(tile))?.[0] ?? -1;
  }

  /**
   * Plays the image under the pointer, or the one where the keyboard is.
   *
   * @param {KeyboardEvent} event
   */
  hear(event) {
    const hasFocus = event.composedPath().includes(this.grid);
    if (this.viewer.isOpen || !asksForSound(event) || !this.content.names.length) return;
    if (!hasFocus && this.hovered < 0) return;
    this.playTile(this.hovered < 0 ? this.current : this.hovered);
    event.preventDefault();
  }

  /** @param {number} index */
  isRemoved(index) {
    return Boolean(this.removed[index]);
  }

  mark() {
    this.tiles.forEach((tile, index) => {
      const removed = this.isRemoved(index);
      tile.classList.toggle("out", removed);
      tile.classList.toggle("at", index === this.current);
      tile.ariaSelected = String(!removed);
    });
    this.grid.setAttribute("aria-activedescendant", `tile-${this.current}`);
  }

  /**
   * Removes an image or takes it back, or gives a range what the image has that was toggled before.
   *
   * @param {number} index
   * @param {boolean} ranged
   */
  toggle(index, ranged = false) {
    if (ranged && this.anchor >= 0) {
      extendToImage(this.removed, this.anchor, index);
    } else {
      toggleImage(this.removed, index);
      this.anchor = index;
    }
    this.showChange();
  }

  /** @param {0 | 1} flag */
  setAll(flag) {
    this.removed.fill(flag);
    this.anchor = -1;
    this.showChange();
  }

  swap() {
    swapImages(this.removed);
    this.anchor = -1;
    this.showChange();
  }

  /**
   * Gives a class to an image.
   *
   * @param {string} name
   * @param {string} label
   */
  giveClass(name, label) {
    this.sendRequests(this.outbox.add({ name, label }));
  }

  /** @param {number} index The image whose neighbours are wanted; -1 for all that remain. */
  findNeighbours(index) {
    this.report();
    this.viewer.close();
    this.requestNeighbours(index < 0 ? "" : this.content.names[index]);
  }

  showChange() {
    this.mark();
    this.count();
    this.viewer.mark();
    clearTimeout(this.reportTimer);
    this.reportTimer = window.setTimeout(() => this.report(), REPORT_DELAY);
  }

  /** Tells Python at once what it has not been told yet. */
  report() {
    if (!this.reportTimer) return;
    clearTimeout(this.reportTimer);
    this.reportTimer = 0;
    this.reportRemoved(this.content.version, removedRuns(this.removed));
  }

  count() {
    const { names, sources, recordings } = this.content;
    this.counter.textContent = countRemaining(names.length, countRemoved(this.removed));
    const counts = countByRecording(sources, this.removed, recordings.length);
    this.unfold.textContent = countNoun(counts.length, "recording");
    this.unfold.ariaLabel = nameControl(this.unfold.textContent, this.unfold.title);
    this.listRecordings(counts);
  }

  toggleRecordings() {
    this.recordings.hidden = !this.recordings.hidden;
    this.unfold.ariaExpanded = String(!this.recordings.hidden);
    this.count();
  }

  /** @param {[recording: number, images: number][]} counts The largest first. */
  listRecordings(counts) {
    this.recordings.replaceChildren();
    if (this.recordings.hidden) return;
    for (const [recording, images] of counts.slice(0, MOST_LISTED)) {
      const row = element(this.recordings, "div", "source");
      element(row, "bdi", "", this.content.recordings[recording]).title = this.content.recordings[recording];
      element(element(row, "span", ""), "span", "length").style.width = `${(100 * images) / counts[0][1]}%`;
      element(row, "span", "number", formatCount(images));
    }
    const more = counts.length - MOST_LISTED;
    if (more > 0) element(this.recordings, "div", "", `and ${countNoun(more, "more recording")}`);
  }

  /** @param {KeyboardEvent} event */
  pressKey(event) {
    const { length } = this.content.names;
    const modified = event.altKey || event.ctrlKey || event.metaKey;
    const index = followKey(this.tileGrid, event.key, this.current, length, this.grid.clientHeight);
    if (!length || modified) return this.report();
    if (index !== undefined) this.moveTo(index);
    else if (event.key === " ") this.toggle(this.current, event.shiftKey);
    else if (event.key === "Enter") this.viewer.open(this.current);
    else if (event.key.toLowerCase() === "m" && this.content.like) this.findNeighbours(this.current);
    else return this.report(); // the key may mean something elsewhere
    event.preventDefault();
    event.stopPropagation();
  }

  /** @param {number} index */
  moveTo(index) {
    this.current = index;
    this.hovered = -1;
    this.scrollTo(index);
    this.draw();
  }

  focusCurrent() {
    this.moveTo(this.current);
    this.grid.focus();
  }

  /** @param {number} index */
  scrollTo(index) {
    this.grid.scrollTop = scrollToTile(this.tileGrid, index, this.grid.scrollTop, this.grid.clientHeight);
  }
}

/**
 * Returns where an element begins, in pixels from the top of the window if nothing is scrolled.
 *
 * @param {Element} target
 */
function topOnPage(target) {
  const page = document.querySelector('[data-testid="stMain"]');
  return target.getBoundingClientRect().top + (page?.scrollTop ?? 0);
}
