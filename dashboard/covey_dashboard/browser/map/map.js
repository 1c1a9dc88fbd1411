// The map: every image a point. Mounted twice: with the points, which are sent once, and with what is shown of them.
// What a person does goes back as the row of a point or as a polygon in the units of the map.

import { button, element } from "../shared/elements.js";
import { unpack } from "../shared/payload.js";
import { continueDrag, startDrag } from "./drag.js";
import { arrangeNames, paintPoints, paletteIndex, parseColour } from "./map_layout.js";
import {
  ZOOM_STEP,
  coreBox,
  fitView,
  followMapKey,
  panView,
  pointSize,
  toPixel,
  toPlace,
  wheelFactor,
  zoomView,
} from "./map_view.js";
import { createPainter, flatContext } from "./painters.js";
import { indexPoints, nearestPoint } from "./point_grid.js";
import { Tooltip } from "./tooltip.js";

/** @import { FrontendRendererArgs } from "@streamlit/component-v2-lib" */
/** @import { Axes } from "../shared/spectrogram_axes.js" */
/** @import { Drag, Tool } from "./drag.js" */
/** @import { Pixel, Place, View } from "./map_view.js" */

/**
 * What map_view.py sends once: where the points lie, and the recording of each, -1 for none.
 *
 * @typedef {object} MapPoints
 * @property {string} id
 * @property {string[]} names
 * @property {string[]} recordings
 * @property {Float32Array} places x and y of one point after another.
 * @property {Int32Array} sources
 *
 * What it sends whenever that changes: `points` is the id of the points, `codes` the group of each, `classes` its
 * label as an index of `kinds`, `states` how it is drawn; -1 is none.
 *
 * @typedef {object} MapContent
 * @property {string} points
 * @property {number} height
 * @property {string} title
 * @property {string[]} palette
 * @property {string[]} values What the groups are called; empty where the tooltip need not say it.
 * @property {string} column What the groups are groups of; "" where the tooltip need not say it.
 * @property {string[]} kinds
 * @property {string} address What comes before a name in the address of its picture; "" for no pictures.
 * @property {string} [sound] The same for its sound, and for what is known of it.
 * @property {string} [facts]
 * @property {Axes} [axes] What rows and columns of the images show.
 * @property {{ name: string, x: number, y: number }[]} marks Names of groups, the largest first.
 * @property {{ name: string, code: number, count: string }[]} legend
 * @property {string} more What the legend leaves out.
 * @property {Int32Array} clusters
 * @property {Int32Array} [maybe] The cluster that noise may belong to, -1 for none.
 * @property {Float32Array} [confidence] How sure that is.
 * @property {Int32Array} codes
 * @property {Int32Array} classes
 * @property {Uint8Array} states
 *
 * @typedef {{ row: number } | { area: Place[] }} Pick
 */

const PAGE_AROUND = 320; // pixels of a page that are above and below the map
const POINTER_REACH = 9; // pixels from the pointer to the point that it means
const CROSS = 7; // pixels from the middle of the cross to its ends
const KEYS = "Map: arrow keys move it, + and - zoom, 0 shows everything, Enter picks the point in the middle";
/** @type {Record<Tool, [title: string, sign: string]>} */
const TOOLS = { pan: ["Move", "✥"], box: ["Select a rectangle (Shift and drag)", "▭"], lasso: ["Select an area", "◌"] };

/**
 * The points of each map of the page, by the element that brought them.
 *
 * @type {Map<Node, MapPoints & { grid: ReturnType<typeof indexPoints> }>}
 */
const pointsByElement = new Map();

/**
 * Where a person has moved to, by the id of the points.
 *
 * @type {Map<string, View>}
 */
const viewsByPoints = new Map();

/** @type {Map<Node, PointMap>} */
const maps = new Map();

/** @param {FrontendRendererArgs<{ picked: Pick }, Uint8Array>} component */
export default function ({ data, parentElement, setTriggerValue }) {
  const payload = /** @type {MapPoints | MapContent} */ (unpack(data));
  if ("names" in payload) {
    const grid = indexPoints(payload.places, coreBox(payload.places));
    pointsByElement.set(parentElement, { ...payload, grid });
    maps.forEach((map) => map.show());
    return () => {
      pointsByElement.delete(parentElement);
    };
  }
  const map = maps.get(parentElement) ?? new PointMap(parentElement);
  maps.set(parentElement, map);
  map.report = (pick) => setTriggerValue("picked", pick);
  map.show(payload);
  return () => {
    map.end();
    maps.delete(parentElement);
  };
}

class PointMap {
  size = { width: 0, height: 0 };
  ratio = 1; // pixels of the canvas for one of the page
  frame = 0;
  version = 0;
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
    this.title = element(this.host, "div", "title");
    this.stage = element(this.host, "div", "stage");
    this.dots = element(this.stage, "canvas", "points");
    this.over = element(this.stage, "canvas", "over");
    Object.assign(this.over, { tabIndex: 0, role: "application", ariaLabel: KEYS });
    this.legend = element(this.stage, "div", "legend");
    this.tooltip = new Tooltip(this.stage);
    this.painter = createPainter(this.dots);
    this.pen = flatContext(this.over);
    this.appendButtons(element(this.stage, "div", "tools"));
    this.listen();
    this.resizes = new ResizeObserver(() => this.resize());
    this.resizes.observe(this.stage);
  }

  /** @param {Node} bar */
  appendButtons(bar) {
    const toolButtons = /** @type {Tool[]} */ (Object.keys(TOOLS)).map((tool) => {
      const [title, sign] = TOOLS[tool];
      const toolButton = button(bar, sign, title, () => {
        this.tool = tool;
        toolButtons.forEach((control) => (control.ariaPressed = String(control === toolButton)));
      });
      toolButton.ariaPressed = String(tool === this.tool);
      return toolButton;
    });
    button(bar, "+", "Zoom in", () => this.zoom(ZOOM_STEP));
    button(bar, "−", "Zoom out", () => this.zoom(1 / ZOOM_STEP));
    button(bar, "⟲", "Show everything", () => this.showAll());
  }

  /** @param {MapContent | undefined} content */
  show(content = this.content) {
    if (!content) return;
    this.content = content;
    const points = [...pointsByElement.values()].find(({ id }) => id === content.points);
    this.scene = points && { content, points };
    this.stage.style.height = `max(${content.height}px, 100vh - ${PAGE_AROUND}px)`;
    this.title.textContent = content.title;
    this.tooltip.reset();
    if (!points) return;
    const { codes, states, palette } = content;
    this.painter.load(points.places, paintPoints(codes, states, palette.length), palette.map(parseColour));
    this.listGroups(content);
    this.version = Number(this.host.dataset.drawn ?? 0) + 1;
    this.resize();
  }

  end() {
    this.resizes.disconnect();
    this.painter.end();
    this.tooltip.end();
    this.host.remove();
  }

  /** @param {MapContent} content */
  listGroups({ legend, palette, more }) {
    this.legend.replaceChildren();
    for (const { name, code, count } of legend) {
      const row = element(this.legend, "div", "row");
      element(row, "span", "spot").style.background = palette[paletteIndex(code, palette.length)];
      element(row, "bdi", "name", name);
      element(row, "span", "count", count);
    }
    if (more) element(this.legend, "div", "row more", more);
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
    return viewsByPoints.get(scene.points.id) ?? fitView(scene.points.grid.box, size);
  }

  /** @param {View} view */
  moveTo(view) {
    if (this.scene) viewsByPoints.set(this.scene.points.id, view);
    this.draw();
  }

  showAll() {
    if (this.scene) viewsByPoints.delete(this.scene.points.id);
    this.draw();
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
    const { scene, view, size, ratio } = this;
    if (!scene || !view) return;
    this.host.dataset.view = [view.x, view.y, view.scale].join(" ");
    this.frame = requestAnimationFrame(() => {
      const closeness = view.scale / fitView(scene.points.grid.box, size).scale;
      this.painter.draw(view, pointSize(scene.content.states.length, closeness) * ratio, ratio);
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
  annotate({ marks }, view) {
    const { pen, size, ratio } = this;
    const style = getComputedStyle(this.host);
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, size.width, size.height);
    Object.assign(pen, { font: `600 12px ${style.fontFamily}`, textAlign: "center", textBaseline: "middle" });
    Object.assign(pen, { lineWidth: 3, lineJoin: "round", strokeStyle: style.backgroundColor, fillStyle: style.color });
    const names = marks.map(({ name, x, y }) => ({
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
