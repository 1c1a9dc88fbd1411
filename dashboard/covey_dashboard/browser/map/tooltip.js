import { element } from "../shared/elements.js";
import { describeCluster, encodeName } from "../shared/texts.js";
import { placeTooltip } from "./map_layout.js";

/** @import { Pixel, Size } from "./map_view.js" */
/** @import { MapContent, MapPoints } from "./map.js" */

/** What is known of the image under the pointer. */
export class Tooltip {
  described = -1; // the point of which it speaks

  /** @param {Node} parent */
  constructor(parent) {
    this.host = element(parent, "div", "tip");
    this.hide();
  }

  hide() {
    this.host.hidden = true;
  }

  /** Forgets the point of which it speaks: what is known of it may have changed. */
  reset() {
    this.hide();
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
    if (point !== this.described) this.describe(point, points, content);
    this.described = point;
    this.host.hidden = false;
    const { offsetWidth: width, offsetHeight: height } = this.host;
    const [left, top] = placeTooltip(pointer, size, { width, height });
    Object.assign(this.host.style, { left: `${left}px`, top: `${top}px` });
  }

  /**
   * @param {number} point
   * @param {MapPoints} points
   * @param {MapContent} content
   */
  describe(point, points, content) {
    this.host.replaceChildren();
    if (content.address) this.appendPicture(content.address + encodeName(points.names[point]));
    element(this.host, "bdi", "name", points.names[point]);
    for (const line of describePoint(point, points, content)) element(this.host, "bdi", "", line);
  }

  /** @param {string} address */
  appendPicture(address) {
    const picture = element(this.host, "img", "");
    picture.onerror = () => {
      picture.remove();
    };
    picture.src = address;
  }
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
