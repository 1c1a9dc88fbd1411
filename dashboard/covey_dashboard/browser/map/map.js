// The map: every image a point. Mounted twice: with the points, which are sent once, and with what is shown of them.
// What a person does goes back as the row of a point or as a polygon in the units of the map.

import { button, element, onceGone } from "../shared/elements.js";
import { unpack } from "../shared/payload.js";
import { densityLines } from "./density.js";
import { continueDrag, startDrag } from "./drag.js";
import { Legend, pictureAddress } from "./legend.js";
import { arrangeNames, colourSlot, paintPoints, parseColour } from "./map_layout.js";
import { joinLayers, saveFile, writeSvg } from "./map_picture.js";
import {
  ZOOM_STEP,
  coreBox,
  fitView,
  followMapKey,
  fullBox,
  listRowsInView,
  panView,
  pointSize,
  takePlaces,
  toPixel,
  toPlace,
  wheelFactor,
  zoomView,
} from "./map_view.js";
import { createPainter, flatContext } from "./painters.js";
import { indexPoints, nearestPoint } from "./point_grid.js";
import { Tooltip } from "./tooltip.js";

/** @import { IntArray } from "../shared/payload.js" */
/** @import { FrontendRendererArgs } from "@streamlit/component-v2-lib" */
/** @import { Axes } from "../shared/spectrogram_axes.js" */
/** @import { Drag, Tool } from "./drag.js" */
/** @import { LegendEntry } from "./legend.js" */
/** @import { Pixel, Place, View } from "./map_view.js" */

/**
 * What map_view.py sends once: where the points lie, and the recording of each, -1 for none.
 *
 * @typedef {object} MapPoints
 * @property {string} id
 * @property {string[]} names
 * @property {string[]} recordings
 * @property {Float32Array} places x and y of one point after another.
 * @property {IntArray} sources
 *
 * What it sends whenever that changes: `points` is the id of the points, `codes` the group of each, `classes` its
 * label as an index of `kinds`, `states` how it is drawn; -1 is none.
 *
 * @typedef {object} MapContent
 * @property {string} points
 * @property {string} link Maps with the same one move together; "" for a map that moves alone.
 * @property {string} space What the places are places in: linked maps of one space show the same part of it.
 * @property {number} height The least height, in pixels.
 * @property {string} title
 * @property {string} stale What is being computed; "" for nothing.
 * @property {number[]} hidden
 * @property {number | null} selected
 * @property {boolean} density
 * @property {string} file What the names of pictures begin with.
 * @property {Uint8Array} [slots] Where the colour of each group stands in the palette, if not one after another.
 * @property {string[]} palette
 * @property {string[]} values What the groups are called; empty where the tooltip need not say it.
 * @property {string} column What the groups are groups of; "" where the tooltip need not say it.
 * @property {string[]} kinds
 * @property {string} address What comes before a name in the address of its picture; "" for no pictures.
 * @property {string} [sound] The same for its sound, and for what is known of it.
 * @property {string} [facts]
 * @property {Axes} [axes] What rows and columns of the images show.
 * @property {{ name: string, code: number, x: number, y: number }[]} marks Names of groups, the largest first.
 * @property {LegendEntry[]} legend
 * @property {string} noun What the legend lists; "" for the steps of a scale.
 * @property {IntArray} clusters
 * @property {IntArray} [maybe] The cluster that noise may belong to, -1 for none.
 * @property {Float32Array} [confidence] How sure that is.
 * @property {IntArray} codes
 * @property {IntArray} classes
 * @property {Uint8Array} states
 *
 * @typedef {{ row: number } | { area: Place[] } | { group: number } | { hidden: number[] }} Pick
 */

const BELOW = 14; // pixels of the window below the map
const POINTER_REACH = 9; // pixels from the pointer to the point that it means
const CROSS = 7; // pixels from the middle of the cross to its ends
const KEYS =
  "Map: arrow keys move it, + and - zoom, 0 shows everything, N and B go to the next group and back, " +
  "Enter picks the point in the middle";
/** @type {Record<Tool, [words: string, title: string]>} */
const TOOLS = {
  pan: ["Move", "drag moves the map, a click selects a group"],
  box: ["Rectangle", "select a rectangle (also: Shift and drag)"],
  lasso: ["Area", "select an area: draw around it"],
};

/**
 * The points of each map of the page, by the element that brought them.
 *
 * @type {Map<Node, MapPoints & { grid: ReturnType<typeof indexPoints> }>}
 */
const pointsByElement = new Map();

/**
 * Where a person has moved to, by what maps move together for, or else the id of the points.
 *
 * @type {Map<string, View>}
 */
const viewsByKey = new Map();

/** @type {Map<Node, PointMap>} */
const maps = new Map();

/** @param {FrontendRendererArgs<{ picked: Pick }, Uint8Array>} component */
export default function ({ data, parentElement, setTriggerValue }) {
  const payload = /** @type {MapPoints | MapContent} */ (unpack(data));
  if ("names" in payload) {
    const grid = indexPoints(payload.places, coreBox(payload.places));
    pointsByElement.set(parentElement, { ...payload, grid });
    maps.forEach((map) => map.show());
    return onceGone(parentElement, () => {
      pointsByElement.delete(parentElement);
    });
  }
  const map = maps.get(parentElement) ?? new PointMap(parentElement);
  maps.set(parentElement, map);
  map.report = (pick) => setTriggerValue("picked", pick);
  map.show(payload);
  return onceGone(parentElement, () => {
    map.end();
    maps.delete(parentElement);
  });
}

class PointMap {
  size = { width: 0, height: 0 };
  ratio = 1; // pixels of the canvas for one of the page
  frame = 0;
  version = 0;
  visited = -1; // the group to which the keyboard has moved the map
  /** @type {[from: Place, to: Place][]} */
  lines = []; // around where points are dense
  /** @type {Tool} */
  tool = "pan";
  /** @type {Drag | undefined} */
  drag;
  /** @type {MapContent | undefined} */
  content;
  /**
   * What is shown, once both parts have come.
   *
   * @type {{ content: MapContent, points: MapPoints & { grid: ReturnType<typeof indexPoints> } } | undefined}
   */
  scene;
  /** @type {(pick: Pick) => void} */
  report = () => {};

  /** @param {Node} root */
  constructor(root) {
    this.host = element(root, "div", "map");
    const bar = element(this.host, "div", "tools");
    this.body = element(this.host, "div", "body");
    this.stage = element(this.body, "div", "stage");
    this.dots = element(this.stage, "canvas", "points");
    this.over = element(this.stage, "canvas", "over");
    Object.assign(this.over, { tabIndex: 0, role: "application", ariaLabel: KEYS });
    this.waiting = element(this.stage, "div", "waiting");
    Object.assign(this.waiting, { role: "status", hidden: true });
    this.legend = new Legend(this.body, {
      select: (group) => this.report({ group }),
      hide: (hidden) => this.report({ hidden }),
    });
    this.tooltip = new Tooltip(this.stage);
    this.painter = createPainter(this.dots);
    this.pen = flatContext(this.over);
    this.outliers = this.appendButtons(bar);
    this.title = element(bar, "span", "title");
    this.listen();
    this.resizes = new ResizeObserver(() => this.resize());
    this.resizes.observe(this.stage);
    this.fitWindow = () => {
      this.fitHeight();
    };
    window.addEventListener("resize", this.fitWindow);
    this.shifts = new ResizeObserver(this.fitWindow); // what opens above the map moves it
    const page = document.querySelector("[data-testid=stMainBlockContainer]");
    if (page) this.shifts.observe(page);
  }

  /** @param {Node} bar */
  appendButtons(bar) {
    const toolButtons = /** @type {Tool[]} */ (Object.keys(TOOLS)).map((tool) => {
      const [words, title] = TOOLS[tool];
      const toolButton = button(bar, words, `${words}: ${title}`, () => {
        this.tool = tool;
        toolButtons.forEach((control) => (control.ariaPressed = String(control === toolButton)));
      });
      toolButton.ariaPressed = String(tool === this.tool);
      return toolButton;
    });
    button(bar, "+", "Zoom in", () => this.zoom(ZOOM_STEP));
    button(bar, "−", "Zoom out", () => this.zoom(1 / ZOOM_STEP));
    button(bar, "All", "All: show everything", () => this.showAll());
    const outliers = button(bar, "Far images", "Far images: all of them, also those far from all others", () =>
      this.showFar(),
    );
    button(bar, "PNG", "PNG: save the map as a picture", () => this.savePng());
    button(bar, "SVG", "SVG: save the map as a drawing", () => this.saveSvg());
    return outliers;
  }

  /** @param {MapContent | undefined} content */
  show(content = this.content) {
    if (!content) return;
    this.content = content;
    const points = [...pointsByElement.values()].find(({ id }) => id === content.points);
    this.scene = points && { content, points };
    this.title.textContent = content.title;
    this.host.classList.toggle("stale", Boolean(content.stale));
    this.waiting.hidden = !content.stale;
    this.waiting.textContent = content.stale && `${content.stale} …`;
    this.fitHeight();
    this.tooltip.reset();
    if (!points) return;
    const { codes, states, palette, slots } = content;
    const paint = paintPoints(codes, states, palette.length, slots);
    this.painter.load(points.places, paint, palette.map(parseColour));
    this.lines = content.density ? densityLines(points.places, states, points.grid.box) : [];
    const { x, y } = fullBox(points.places);
    const { box } = points.grid;
    this.outliers.hidden = x[0] >= box.x[0] && x[1] <= box.x[1] && y[0] >= box.y[0] && y[1] <= box.y[1];
    this.listGroups(content, points);
    this.version = Number(this.host.dataset.drawn ?? 0) + 1;
    this.resize();
  }

  /** Lets the map reach to the lower end of the window. */
  fitHeight() {
    if (!this.content) return;
    const scrolled = document.querySelector("[data-testid=stMain]")?.scrollTop ?? 0;
    const room = window.innerHeight - this.body.getBoundingClientRect().top - scrolled - BELOW;
    this.body.style.height = `${Math.max(this.content.height, Math.round(room))}px`;
  }

  end() {
    window.removeEventListener("resize", this.fitWindow);
    this.resizes.disconnect();
    this.shifts.disconnect();
    this.painter.end();
    this.tooltip.end();
    this.host.remove();
  }

  /**
   * @param {MapContent} content
   * @param {MapPoints} points
   */
  listGroups({ legend, noun, hidden, selected, palette, slots, address }, { names }) {
    this.legend.show({
      entries: legend,
      noun,
      hidden,
      selected,
      colour: (code) => palette[colourSlot(code, palette.length, slots)],
      picture: (row) => pictureAddress(address, names[row]),
    });
  }

  resize() {
    const { clientWidth: width, clientHeight: height } = this.stage;
    if (!this.scene || !width) return;
    this.size = { width, height };
    this.ratio = window.devicePixelRatio || 1;
    for (const canvas of [this.dots, this.over]) {
      const [across, down] = [Math.round(width * this.ratio), Math.round(height * this.ratio)];
      if (canvas.width !== across || canvas.height !== down) Object.assign(canvas, { width: across, height: down });
    }
    this.draw();
  }

  /** Where a person has moved to; before that everything, in the size that the map has now. */
  get view() {
    const { scene, size } = this;
    if (!scene || !size.width) return undefined;
    return viewsByKey.get(this.viewKey) ?? fitView(scene.points.grid.box, size);
  }

  get viewKey() {
    if (!this.scene) return "";
    const { content, points } = this.scene;
    return content.link ? `${content.link} ${content.space}` : points.id;
  }

  /** @param {View} view */
  moveTo(view) {
    viewsByKey.set(this.viewKey, view);
    this.linkedMaps.forEach((map) => {
      if (map.viewKey === this.viewKey) map.draw();
      else map.showImages(this.listImages(view));
    });
  }

  /** This map and those that move together with it. */
  get linkedMaps() {
    const link = this.scene?.content.link;
    return [...maps.values()].filter((map) => map === this || (link && map.scene?.content.link === link));
  }

  /**
   * @param {View} view
   * @returns {Set<string>} The names of the images in a view.
   */
  listImages(view) {
    const { scene, size } = this;
    const rows = scene ? listRowsInView(scene.points.places, view, size) : [];
    return new Set(rows.map((row) => scene?.points.names[row] ?? ""));
  }

  /**
   * Moves the map to where some images lie, as far as it has them.
   *
   * @param {Set<string>} names
   */
  showImages(names) {
    const { scene, size } = this;
    if (!scene) return;
    const places = takePlaces(scene.points.places, (row) => names.has(scene.points.names[row]));
    if (places.length) viewsByKey.set(this.viewKey, fitView(coreBox(places), size));
    this.draw();
  }

  /** Shows all points, those too that lie far from all others. */
  showFar() {
    if (this.scene) this.moveTo(fitView(fullBox(this.scene.points.places), this.size));
  }

  /**
   * Moves the map to a group: the next one, or the one before.
   *
   * @param {1 | -1} step
   */
  visitGroup(step) {
    const { scene, view } = this;
    if (!scene || !view || !scene.content.marks.length) return;
    const { marks } = scene.content;
    this.visited = (this.visited + step + marks.length) % marks.length;
    const { x, y } = marks[this.visited];
    this.moveTo({ ...view, x, y });
    this.hover(this.middle);
  }

  savePng() {
    const ground = getComputedStyle(this.host).backgroundColor;
    joinLayers([this.dots, this.over], ground).toBlob((content) => {
      if (content) saveFile(`${this.content?.file ?? "map"}.png`, content);
    });
  }

  saveSvg() {
    const { scene, view, size, dots } = this;
    if (!scene || !view) return;
    const { content, points } = scene;
    const { codes, states, marks, palette, slots } = content;
    const style = getComputedStyle(this.host);
    const colour = (/** @type {number} */ point) => palette[colourSlot(codes[point], palette.length, slots)];
    const look = {
      point: pointSize(states.length, this.closeness),
      ground: style.backgroundColor,
      ink: style.color,
      raster: () => dots.toDataURL(),
    };
    const svg = writeSvg({ places: points.places, states, colour, marks }, view, size, look);
    saveFile(`${content.file}.svg`, new Blob([svg], { type: "image/svg+xml" }));
  }

  /** The scale as a multiple of that of the first view. */
  get closeness() {
    const { scene, view, size } = this;
    return scene && view ? view.scale / fitView(scene.points.grid.box, size).scale : 1;
  }

  showAll() {
    this.linkedMaps.forEach((map) => {
      viewsByKey.delete(map.viewKey);
      map.draw();
    });
  }

  /**
   * @param {number} factor
   * @param {Pixel} pixel What stays where it is: the middle, if nothing else.
   */
  zoom(factor, pixel = this.middle) {
    if (this.view) this.moveTo(zoomView(this.view, this.size, factor, pixel));
  }

  draw() {
    cancelAnimationFrame(this.frame);
    const { scene, view, ratio } = this;
    if (!scene || !view) return;
    this.host.dataset.view = [view.x, view.y, view.scale].join(" ");
    this.frame = requestAnimationFrame(() => {
      this.painter.draw(view, pointSize(scene.content.states.length, this.closeness) * ratio, ratio);
      this.annotate(scene.content, view);
      this.host.dataset.drawn = String(this.version);
    });
  }

  /**
   * Draws the names of groups where they lie, and the area that is being drawn.
   *
   * @param {MapContent} content
   * @param {View} view
   */
  annotate({ marks, hidden }, view) {
    const { pen, size, ratio } = this;
    const style = getComputedStyle(this.host);
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, size.width, size.height);
    Object.assign(pen, { font: `600 12px ${style.fontFamily}`, textAlign: "center", textBaseline: "middle" });
    Object.assign(pen, { lineWidth: 3, lineJoin: "round", strokeStyle: style.backgroundColor, fillStyle: style.color });
    this.drawDensity(view, style.color);
    const shownMarks = marks.filter(({ code }) => !hidden.includes(code));
    const names = shownMarks.map(({ name, x, y }) => ({
      name,
      pixel: toPixel(view, size, [x, y]),
      width: pen.measureText(name).width + 6,
    }));
    for (const { name, pixel } of arrangeNames(names, size.width)) {
      pen.strokeText(name, ...pixel);
      pen.fillText(name, ...pixel);
    }
    if (this.drag) this.drawOutline(this.drag.outline, style.color);
    if (this.over.matches(":focus-visible")) this.drawCross(style.color);
  }

  /**
   * @param {View} view
   * @param {string} colour
   */
  drawDensity(view, colour) {
    const { pen, size } = this;
    pen.save();
    Object.assign(pen, { strokeStyle: colour, lineWidth: 1, globalAlpha: 0.45 });
    pen.beginPath();
    for (const [from, to] of this.lines) {
      pen.moveTo(...toPixel(view, size, from));
      pen.lineTo(...toPixel(view, size, to));
    }
    pen.stroke();
    pen.restore();
  }

  /**
   * @param {Pixel[]} outline
   * @param {string} colour
   */
  drawOutline(outline, colour) {
    const { pen } = this;
    if (outline.length < 2) return;
    pen.beginPath();
    outline.forEach((pixel) => pen.lineTo(...pixel));
    pen.closePath();
    Object.assign(pen, { strokeStyle: colour, lineWidth: 1.5 });
    pen.setLineDash([5, 4]);
    pen.stroke();
    pen.setLineDash([]);
  }

  /**
   * Draws a cross where the keyboard picks.
   *
   * @param {string} colour
   */
  drawCross(colour) {
    const { pen, middle } = this;
    const [across, down] = middle;
    pen.beginPath();
    pen.moveTo(across - CROSS, down);
    pen.lineTo(across + CROSS, down);
    pen.moveTo(across, down - CROSS);
    pen.lineTo(across, down + CROSS);
    Object.assign(pen, { strokeStyle: colour, lineWidth: 1.5 });
    pen.stroke();
  }

  listen() {
    this.over.addEventListener("wheel", (event) => this.turnWheel(event), { passive: false });
    this.over.onpointerdown = (event) => {
      if (event.button || !this.view) return;
      this.over.setPointerCapture(event.pointerId);
      this.drag = startDrag(event.shiftKey ? "box" : this.tool, this.pixelOf(event));
    };
    this.over.onpointermove = (event) => {
      if (this.drag) this.continueDrag(this.drag, this.pixelOf(event));
      else this.hover(this.pixelOf(event));
    };
    this.over.onpointerup = (event) => {
      if (this.drag) this.endDrag(this.drag, this.pixelOf(event));
    };
    this.over.onpointercancel = () => {
      this.cancelDrag();
    };
    this.over.onpointerleave = () => {
      this.tooltip.hide();
    };
    this.over.onkeydown = (event) => {
      this.pressKey(event);
    };
    this.over.onfocus = this.over.onblur = () => {
      this.draw();
    };
  }

  /**
   * @param {MouseEvent} event
   * @returns {Pixel}
   */
  pixelOf(event) {
    const box = this.over.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  /** @param {WheelEvent} event */
  turnWheel(event) {
    if (!this.view) return;
    event.preventDefault();
    this.zoom(wheelFactor(event.deltaY), this.pixelOf(event));
  }

  /**
   * Follows the keys of the map and leaves all others to the browser.
   *
   * @param {KeyboardEvent} event
   */
  pressKey(event) {
    const { scene, view, size, middle } = this;
    if (event.key === "Escape") this.cancelDrag();
    if (!scene || !view || event.altKey || event.ctrlKey || event.metaKey) return;
    const target = followMapKey(view, size, scene.points.grid.box, event.key);
    if (target) {
      this.moveTo(target);
      this.hover(middle);
    } else if (event.key === "Enter") {
      this.report({ row: this.pointAt(middle) });
    } else if (event.key === "n" || event.key === "b") {
      this.visitGroup(event.key === "n" ? 1 : -1);
    } else return;
    event.preventDefault();
  }

  /** @returns {Pixel} */
  get middle() {
    return [this.size.width / 2, this.size.height / 2];
  }

  /** @param {Pixel} pixel */
  hover(pixel) {
    if (!this.scene) return;
    const point = this.pointAt(pixel);
    if (point < 0) this.tooltip.hide();
    else this.tooltip.show(point, this.scene.points, this.scene.content, pixel, this.size);
  }

  /**
   * Returns the point that a pixel means, -1 for none.
   *
   * @param {Pixel} pixel
   */
  pointAt(pixel) {
    const { scene, view, size } = this;
    if (!scene || !view) return -1;
    const { grid } = scene.points;
    return nearestPoint(grid, scene.content.states, toPlace(view, size, pixel), POINTER_REACH / view.scale);
  }

  /**
   * @param {Drag} drag
   * @param {Pixel} pixel
   */
  continueDrag(drag, pixel) {
    this.drag = continueDrag(drag, pixel);
    if (!this.drag.moved || !this.view) return;
    this.tooltip.hide();
    if (drag.tool === "pan") this.moveTo(panView(this.view, drag.last, pixel));
    else this.draw();
  }

  /**
   * @param {Drag} drag
   * @param {Pixel} pixel
   */
  endDrag({ moved, outline }, pixel) {
    const { view, size } = this;
    this.cancelDrag();
    if (!view) return;
    if (!moved) this.report({ row: this.pointAt(pixel) });
    else if (outline.length > 2) this.report({ area: outline.map((corner) => toPlace(view, size, corner)) });
  }

  cancelDrag() {
    this.drag = undefined;
    this.draw();
  }
}
