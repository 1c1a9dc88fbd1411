// What a person draws on the map with the button of the mouse down.

/** @import { Pixel } from "./map_view.js" */

const CLICK_RADIUS = 4; // pixels that a click may move

/**
 * @typedef {"pan" | "box" | "lasso"} Tool
 *
 * `last` is where the pointer was seen last, `outline` the area that is being drawn.
 *
 * @typedef {{ tool: Tool, from: Pixel, last: Pixel, moved: boolean, outline: Pixel[] }} Drag
 */

/**
 * @param {Tool} tool
 * @param {Pixel} from
 * @returns {Drag}
 */
export const startDrag = (tool, from) => ({ tool, from, last: from, moved: false, outline: [] });

/**
 * Returns a drag that has gone on to a pixel. As long as it has not left the place where it began it is a click.
 *
 * @param {Drag} drag
 * @param {Pixel} to
 * @returns {Drag}
 */
export function continueDrag(drag, to) {
  const { from, moved } = drag;
  if (!moved && Math.hypot(to[0] - from[0], to[1] - from[1]) < CLICK_RADIUS) return drag;
  return { ...drag, moved: true, last: to, outline: extendOutline(drag, to) };
}

/**
 * @param {Drag} drag
 * @param {Pixel} to
 * @returns {Pixel[]}
 */
function extendOutline({ tool, from, outline }, to) {
  if (tool === "box") return [from, [to[0], from[1]], to, [from[0], to[1]]];
  return tool === "lasso" ? [...outline, to] : [];
}
