// The map as a picture to take home: PNG as it is seen, SVG with every point as a circle.

import { toPixel } from "./map_view.js";

/** @import { Size, View } from "./map_view.js" */

const MOST_CIRCLES = 50000; // points up to which an SVG has a circle for each; more are a picture in it

/**
 * Returns canvases one over another on a ground.
 *
 * @param {HTMLCanvasElement[]} layers
 * @param {string} ground
 */
export function joinLayers(layers, ground) {
  const picture = document.createElement("canvas");
  Object.assign(picture, { width: layers[0].width, height: layers[0].height });
  const pen = picture.getContext("2d");
  if (!pen) return picture;
  pen.fillStyle = ground;
  pen.fillRect(0, 0, picture.width, picture.height);
  for (const layer of layers) pen.drawImage(layer, 0, 0);
  return picture;
}

/**
 * Returns an SVG of what a map shows.
 *
 * @param {object} scene
 * @param {Float32Array} scene.places
 * @param {Uint8Array} scene.states One that is 0 is hidden.
 * @param {(point: number) => string} scene.colour
 * @param {{ name: string, x: number, y: number }[]} scene.marks
 * @param {View} view
 * @param {Size} size
 * @param {{ point: number, ground: string, ink: string, raster: () => string }} look
 */
export function writeSvg({ places, states, colour, marks }, view, size, look) {
  const { width, height } = size;
  const points = [];
  const opacity = ["0", "0.16", "0.5", "0.9"];
  if (states.length <= MOST_CIRCLES) {
    states.forEach((state, point) => {
      const [across, down] = toPixel(view, size, [places[2 * point], places[2 * point + 1]]);
      const isSeen = state && across >= 0 && across <= width && down >= 0 && down <= height;
      if (!isSeen) return;
      const place = `cx="${across.toFixed(1)}" cy="${down.toFixed(1)}" r="${(look.point / 2).toFixed(1)}"`;
      points.push(`<circle ${place} fill="${colour(point)}" opacity="${opacity[state]}"/>`);
    });
  } else points.push(`<image width="${width}" height="${height}" href="${look.raster()}"/>`);
  const names = marks.map((mark) => {
    const [across, down] = toPixel(view, size, [mark.x, mark.y]);
    return `<text x="${across.toFixed(1)}" y="${down.toFixed(1)}">${escapeXml(mark.name)}</text>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">`,
    `<rect width="100%" height="100%" fill="${look.ground}"/>`,
    ...points,
    `<g font-family="sans-serif" font-size="12" font-weight="600" text-anchor="middle" fill="${look.ink}"`,
    ` stroke="${look.ground}" stroke-width="3" paint-order="stroke" dominant-baseline="middle">`,
    ...names,
    "</g></svg>",
  ].join("\n");
}

/** @param {string} text */
export const escapeXml = (text) =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

/**
 * Has the browser save a file.
 *
 * @param {string} name
 * @param {Blob} content
 */
export function saveFile(name, content) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
