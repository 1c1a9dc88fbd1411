// Which images went from which group of one result to which of another: bands that select.

import { element, onceGone } from "../shared/elements.js";
import { countNoun } from "../shared/texts.js";
import { bandPath, layOutFlow } from "./flow_layout.js";

/** @import { FrontendRendererArgs } from "@streamlit/component-v2-lib" */
/** @import { FlowGroup, Stream } from "./flow_layout.js" */

/**
 * Images that a person picked: those of a group on the left, on the right, or of both.
 *
 * @typedef {{ left: number | null, right: number | null }} FlowPick
 * @typedef {{ left: FlowGroup[], right: FlowGroup[], streams: Stream[], chosen: FlowPick | null }} FlowContent
 * @typedef {{ shape: SVGElement, pick: FlowPick, words: string }} Part
 */

const HEIGHT = 420; // pixels for all images
const WIDTH = 1000; // units of the drawing, which fills the page
const BAR = { width: 14, left: 190, right: 796 };
const KEYS = "Groups to groups: arrow keys go through the bands, Enter selects their images";

/** @type {WeakMap<Node, FlowDiagram>} */
const diagrams = new WeakMap();

/** @param {FrontendRendererArgs<{ picked: FlowPick }, FlowContent>} component */
export default function ({ data, parentElement, setTriggerValue }) {
  const diagram = diagrams.get(parentElement) ?? new FlowDiagram(parentElement);
  diagrams.set(parentElement, diagram);
  diagram.report = (pick) => setTriggerValue("picked", pick);
  diagram.show(data);
  return onceGone(parentElement, () => {
    diagram.host.remove();
    diagrams.delete(parentElement);
  });
}

class FlowDiagram {
  /** @type {Part[]} */
  parts = [];
  current = -1;
  /** @type {(pick: FlowPick) => void} */
  report = () => {};

  /** @param {Node} root */
  constructor(root) {
    this.host = element(root, "div", "flow");
    this.scroller = element(this.host, "div", "scroller");
    Object.assign(this.scroller, { tabIndex: 0, role: "application", ariaLabel: KEYS });
    this.drawing = svg(this.scroller, "svg", {});
    this.said = element(this.host, "div", "said");
    this.said.role = "status";
    this.scroller.onkeydown = (event) => {
      this.pressKey(event);
    };
    this.scroller.onblur = () => {
      this.mark(-1);
    };
  }

  /** @param {FlowContent} content */
  show({ left, right, streams, chosen }) {
    const layout = layOutFlow(left, right, streams, HEIGHT);
    this.drawing.replaceChildren();
    this.drawing.setAttribute("viewBox", `0 0 ${WIDTH} ${Math.ceil(layout.height)}`);
    this.drawing.classList.toggle("choosing", chosen !== null);
    const groups = new Map(left.map((group) => [group.cluster, group]));
    const titles = new Map(right.map((group) => [group.cluster, group.title]));
    this.parts = layout.bands.map((band) => {
      const { left: from, right: to, count } = band.stream;
      const attributes = { d: bandPath(band, BAR.left + BAR.width, BAR.right), fill: groups.get(from)?.colour ?? "" };
      const words = `${countNoun(count, "image")} from ${groups.get(from)?.title} to ${titles.get(to)}`;
      return this.appendPart(
        svg(this.drawing, "path", { ...attributes, class: "band" }),
        { left: from, right: to },
        words,
      );
    });
    this.appendBars(layout.left, BAR.left, "left");
    this.appendBars(layout.right, BAR.right, "right");
    for (const { shape, pick } of this.parts) shape.classList.toggle("chosen", isSame(pick, chosen));
    this.current = Math.min(this.current, this.parts.length - 1);
  }

  /**
   * @param {import("./flow_layout.js").Bar[]} bars
   * @param {number} x
   * @param {"left" | "right"} side
   */
  appendBars(bars, x, side) {
    for (const { group, count, top, height } of bars) {
      const attributes = { x, y: top, width: BAR.width, height, fill: group.colour, class: "bar" };
      const pick = side === "left" ? { left: group.cluster, right: null } : { left: null, right: group.cluster };
      const words = `${group.title} on the ${side}: ${countNoun(count, "image")}`;
      this.parts.push(this.appendPart(svg(this.drawing, "rect", attributes), pick, words));
      /** @type {Record<string, string | number>} */
      const place = side === "left" ? { x: x - 6, "text-anchor": "end" } : { x: x + BAR.width + 6 };
      svg(this.drawing, "text", { ...place, y: top + height / 2 }).textContent =
        `${group.title} (${count.toLocaleString("en")})`;
    }
  }

  /**
   * @param {SVGElement} shape
   * @param {FlowPick} pick
   * @param {string} words
   * @returns {Part}
   */
  appendPart(shape, pick, words) {
    svg(shape, "title", {}).textContent = words;
    shape.onclick = () => {
      this.report(pick);
    };
    return { shape, pick, words };
  }

  /** @param {KeyboardEvent} event */
  pressKey(event) {
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (step) this.mark((this.current + step + this.parts.length) % this.parts.length);
    else if (event.key === "Enter" && this.parts[this.current]) this.report(this.parts[this.current].pick);
    else return;
    event.preventDefault();
  }

  /** @param {number} index The part where the keyboard is; -1 for none. */
  mark(index) {
    this.parts[this.current]?.shape.classList.remove("at");
    this.current = index;
    const part = this.parts[index];
    this.said.textContent = part ? part.words : "";
    part?.shape.classList.add("at");
    part?.shape.scrollIntoView({ block: "nearest" });
  }
}

/**
 * @param {FlowPick} pick
 * @param {FlowPick | null} other
 */
const isSame = (pick, other) => other !== null && pick.left === other.left && pick.right === other.right;

/**
 * Appends an element of a drawing.
 *
 * @template {keyof SVGElementTagNameMap} Tag
 * @param {Node} parent
 * @param {Tag} tag
 * @param {Record<string, string | number>} attributes
 * @returns {SVGElementTagNameMap[Tag]}
 */
function svg(parent, tag, attributes) {
  const child = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) child.setAttribute(name, String(value));
  parent.appendChild(child);
  return child;
}
