// The gallery: every image of a selection, drawn only where a person looks. Which are removed goes back to Python as
// runs of indices.

import { button, element } from "../shared/elements.js";
import { unpack } from "../shared/payload.js";
import { countNoun, countRemaining, encodeName, fileName, formatCount } from "../shared/texts.js";
import { appendPicture } from "./picture.js";
import {
  countByRecording,
  countRemoved,
  extendToImage,
  removedRuns,
  swapImages,
  toggleImage,
} from "./removed_images.js";
import { arrangeTiles, drawnTiles, followKey, gridHeight, scrollToTile, tileBox } from "./tile_grid.js";
import { Viewer } from "./viewer.js";

/** @import { FrontendRendererArgs } from "@streamlit/component-v2-lib" */

/**
 * What gallery.py sends, in the order in which the images are shown. `view` changes with the selection or its order,
 * `version` with everything; `out` has 1 for each removed image; `sources` is the recording of each, -1 for none.
 *
 * @typedef {object} GalleryContent
 * @property {string} view
 * @property {string} version
 * @property {number} height
 * @property {string[]} names
 * @property {string[]} recordings
 * @property {string} images What comes before a name in the address of its picture; "" for no pictures.
 * @property {string} sound The same for its sound.
 * @property {string} soundless Why there is no sound.
 * @property {boolean} like Whether images near to others can be found.
 * @property {Int32Array} sources
 * @property {Uint8Array} out
 * @property {Int32Array} [clusters]
 * @property {Int32Array} [maybe] The cluster that noise may belong to, -1 for none.
 * @property {Float32Array} [confidence] How sure that is.
 *
 * @typedef {{ out: { version: string, runs: number[] }, like: number }} GalleryState
 */

const REPORT_DELAY = 150; // milliseconds after the last click until Python is told
const MOST_LISTED = 200; // recordings
const TILE_WIDTHS = { min: 72, max: 320, first: 132 };
const WIDTH_KEY = "covey gallery size";

/** @type {GalleryContent} */
const NO_CONTENT = {
  ...{ view: "", version: "", height: 0, images: "", sound: "", soundless: "", like: false },
  ...{ names: [], recordings: [], sources: new Int32Array(), out: new Uint8Array() },
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
  gallery.requestNeighbours = (index) => setTriggerValue("like", index);
  gallery.show(data);
  return () => {
    gallery.end();
    galleries.delete(parentElement);
  };
}

export class Gallery {
  content = NO_CONTENT;
  removed = NO_CONTENT.out;
  tileGrid = arrangeTiles(0, TILE_WIDTHS.first);
  current = 0; // the image where the keyboard is
  anchor = -1; // the image that was toggled last, from which a range begins
  reportTimer = 0;
  scrollFrame = 0;
  /** @type {Uint8Array | undefined} */
  bytes;
  /** @type {Map<number, HTMLElement>} */
  tiles = new Map();
  /** @type {(version: string, runs: number[]) => void} */
  reportRemoved = () => {};
  /** @type {(index: number) => void} */
  requestNeighbours = () => {};

  /** @param {Node} root */
  constructor(root) {
    this.host = element(root, "div", "gallery");
    const bar = element(this.host, "div", "bar");
    this.counter = element(bar, "span", "count");
    this.counter.role = "status";
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
    const ariaLabel = "Images";
    Object.assign(this.grid, { tabIndex: 0, role: "listbox", ariaMultiSelectable: "true", ariaLabel });
    this.space = element(this.grid, "div", "space");
    this.viewer = new Viewer(this);
    this.listen();
    this.resizes = new ResizeObserver(() => this.arrange());
    this.resizes.observe(this.grid);
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

  listen() {
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
    const { version, view, names, height, out, like, recordings } = this.content;
    this.removed = removedByVersion.get(version) ?? out;
    removedByVersion.set(version, this.removed);
    this.tiles.forEach((tile) => tile.remove());
    this.tiles.clear();
    this.grid.style.height = `${height}px`;
    this.neighbours.hidden = !like;
    this.unfold.hidden = !recordings.length;
    if (previous.view !== view) this.startAnew();
    this.current = Math.min(this.current, Math.max(0, names.length - 1));
    this.arrange();
    this.count();
  }

  startAnew() {
    this.current = this.grid.scrollTop = 0;
    this.anchor = -1;
    this.viewer.close();
  }

  end() {
    this.report();
    this.resizes.disconnect();
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
    this.space.style.height = `${gridHeight(this.tileGrid, this.content.names.length)}px`;
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
    const name = this.content.names[index];
    const tile = element(this.space, "div", "tile");
    Object.assign(tile, { id: `tile-${index}`, title: name, role: "option" });
    // Of all options only these are on the page.
    Object.assign(tile, { ariaSetSize: String(this.content.names.length), ariaPosInSet: String(index + 1) });
    appendPicture(element(tile, "div", "picture"), this.pictureAddress(index), name);
    element(element(tile, "div", "caption"), "bdi", "", fileName(name));
    this.appendEnlarger(tile, index);
    tile.onclick = (event) => {
      this.current = index;
      this.toggle(index, event.shiftKey);
    };
    tile.ondblclick = () => {
      this.viewer.open(index);
    };
    this.tiles.set(index, tile);
    this.place(tile, index);
  }

  /**
   * Appends a sign that opens the viewer. It is for the mouse alone: an option may hold no control, and Enter does it.
   *
   * @param {Node} tile
   * @param {number} index
   */
  appendEnlarger(tile, index) {
    const sign = element(tile, "span", "enlarge", "⤢");
    Object.assign(sign, { title: "Enlarge (Enter)", ariaHidden: "true" });
    sign.onclick = (event) => {
      event.stopPropagation();
      this.viewer.open(index);
    };
  }

  /** @param {number} index */
  pictureAddress(index) {
    const { images, names } = this.content;
    return images && images + encodeName(names[index]);
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

  /** @param {number} index The image whose neighbours are wanted; -1 for all that remain. */
  findNeighbours(index) {
    this.report();
    this.viewer.close();
    this.requestNeighbours(index);
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
    else return this.report(); // the key may mean something elsewhere
    event.preventDefault();
    event.stopPropagation();
  }

  /** @param {number} index */
  moveTo(index) {
    this.current = index;
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
