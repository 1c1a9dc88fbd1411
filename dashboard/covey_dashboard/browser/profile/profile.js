// How clusters change along an option, under a slider: that and a click on the curve set the value.

import { element } from "../shared/elements.js";
import { countNoun } from "../shared/texts.js";
import { HEIGHT, TOP, WIDTH, curveX, linePoints, nearestIndex, scaleCounts } from "./curve.js";

/** @import { FrontendRendererArgs } from "@streamlit/component-v2-lib" */

/**
 * What profile_curve.py sends: for each value of an option the number of clusters and two shares of the images.
 * `current` is the index of the value that is set, `suggested` of the one that the data suggest, -1 for none; `plateaus`
 * holds the indices between which the number of groups stays the same.
 *
 * @typedef {object} Profile
 * @property {string} option
 * @property {number[]} values
 * @property {number} current
 * @property {number} suggested
 * @property {number[]} clusters
 * @property {number[]} noise
 * @property {number[]} largest
 * @property {[first: number, last: number][]} plateaus
 */

const SVG = "http://www.w3.org/2000/svg";
const EXPLANATION =
  "From left to right: smaller to larger values. The solid line is the number of groups, from 0 to the number given in " +
  "brackets; the others are shares of all images, from 0 to 100 %. In a shaded band the number of groups stays the " +
  "same; that says nothing of how good they are. The dotted upright line is the value that the data suggest.";

/**
 * The value to which each slider was moved last: a person may be further than the answer.
 *
 * @type {WeakMap<HTMLInputElement, number>}
 */
const movedValues = new WeakMap();

/** @param {FrontendRendererArgs<{ set: number }, Profile>} component */
export default function ({ data: profile, parentElement, setTriggerValue }) {
  const host = parentElement.querySelector(".profile") ?? element(parentElement, "div", "profile");
  const slider = host.querySelector("input") ?? element(host, "input", "");
  host.querySelectorAll("svg, .words").forEach((previous) => previous.remove());
  const curve = new Curve(host, profile);
  curve.onPick((index) => setTriggerValue("set", profile.values[index]));
  setUpSlider(slider, profile, curve, (value) => setTriggerValue("set", value));
}

/** The drawing, and under it in words what holds at the pointer. */
class Curve {
  /**
   * @param {Element} host
   * @param {Profile} profile
   */
  constructor(host, profile) {
    this.profile = profile;
    this.svg = draw(host, "svg", {
      viewBox: `0 0 ${WIDTH} ${TOP + HEIGHT + 4}`,
      preserveAspectRatio: "none",
      role: "img",
      "aria-label": `Groups along ${profile.option}`,
    });
    draw(this.svg, "title", {}).textContent = EXPLANATION;
    this.drawPlateaus();
    this.drawLines();
    const x = curveX(profile.current, profile.values.length);
    this.drawSuggestion();
    draw(this.svg, "line", { class: "now", x1: x, x2: x, y1: TOP - 4, y2: TOP + HEIGHT });
    this.marker = draw(this.svg, "line", { class: "under", y1: TOP, y2: TOP + HEIGHT, visibility: "hidden" });
    this.words = element(host, "div", "words");
    this.describe(profile.current);
  }

  drawPlateaus() {
    const { plateaus, values } = this.profile;
    for (const [first, last] of plateaus) {
      const x = curveX(first, values.length);
      const width = curveX(last, values.length) - x;
      draw(this.svg, "rect", { class: "plateau", x, y: TOP, width, height: HEIGHT });
    }
  }

  drawSuggestion() {
    const { suggested, values } = this.profile;
    if (suggested < 0) return;
    const x = curveX(suggested, values.length);
    draw(this.svg, "line", { class: "suggested", x1: x, x2: x, y1: TOP - 4, y2: TOP + HEIGHT });
  }

  drawLines() {
    const { clusters, largest, noise } = this.profile;
    const lines = { clusters: scaleCounts(clusters), largest, noise };
    Object.entries(lines).forEach(([name, shares]) =>
      draw(this.svg, "polyline", { class: `line ${name}`, points: linePoints(shares) }),
    );
  }

  /** @param {number} index */
  describe(index) {
    const { values, clusters, largest, noise, plateaus, suggested } = this.profile;
    const parts = {
      at: `at ${values[index]}:`,
      clusters: `${countNoun(clusters[index], "group")} (line up to ${Math.max(...clusters)})`,
      largest: `largest ${Math.round(100 * largest[index])} %`,
      noise: `left out ${Math.round(100 * noise[index])} %`,
      ...(plateaus.length ? { plateau: "same number of groups" } : {}),
      ...(suggested >= 0 ? { suggested: `suggested ${values[suggested]}` } : {}),
    };
    this.words.replaceChildren();
    Object.entries(parts).forEach(([name, text]) => element(this.words, "span", name, text));
    this.words.title = EXPLANATION;
  }

  /** @param {number} index */
  point(index) {
    const x = String(curveX(index, this.profile.values.length));
    this.marker.setAttribute("visibility", "visible");
    this.marker.setAttribute("x1", x);
    this.marker.setAttribute("x2", x);
    this.describe(index);
  }

  /** @param {(index: number) => void} pick */
  onPick(pick) {
    this.svg.onpointermove = (event) => {
      this.point(this.indexAt(event));
    };
    this.svg.onpointerleave = () => {
      this.marker.setAttribute("visibility", "hidden");
      this.describe(this.profile.current);
    };
    this.svg.onclick = (event) => {
      pick(this.indexAt(event));
    };
  }

  /** @param {MouseEvent} event */
  indexAt(event) {
    const box = this.svg.getBoundingClientRect();
    return nearestIndex((event.clientX - box.left) / box.width, this.profile.values.length);
  }
}

/**
 * @param {HTMLInputElement} slider
 * @param {Profile} profile
 * @param {Curve} curve
 * @param {(value: number) => void} setValue
 */
function setUpSlider(slider, { option, values, current }, curve, setValue) {
  Object.assign(slider, { type: "range", min: 0, max: values.length - 1, ariaLabel: option });
  const moved = slider.matches(":focus") ? movedValues.get(slider) : undefined;
  const index = moved === undefined ? -1 : values.indexOf(moved);
  slider.valueAsNumber = index < 0 ? current : index;
  slider.ariaValueText = String(values[slider.valueAsNumber]);
  slider.oninput = () => {
    const value = values[slider.valueAsNumber];
    movedValues.set(slider, value);
    slider.ariaValueText = String(value);
    curve.point(slider.valueAsNumber);
  };
  slider.onchange = () => {
    setValue(movedValues.get(slider) ?? values[slider.valueAsNumber]);
  };
}

/**
 * @template {keyof SVGElementTagNameMap} Tag
 * @param {Node} parent
 * @param {Tag} tag
 * @param {Record<string, string | number>} attributes
 * @returns {SVGElementTagNameMap[Tag]}
 */
function draw(parent, tag, attributes) {
  const child = document.createElementNS(SVG, tag);
  Object.entries(attributes).forEach(([name, value]) => child.setAttribute(name, String(value)));
  parent.appendChild(child);
  return child;
}
