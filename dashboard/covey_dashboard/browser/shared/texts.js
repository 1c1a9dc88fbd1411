// Names and numbers as a person reads them.

/** @import { IntArray } from "./payload.js" */

const XENO_CANTO = /^XC(\d+)/;

/** @param {number} count */
export const formatCount = (count) => count.toLocaleString("en");

/**
 * @param {number} count
 * @param {string} noun Whose plural ends in s.
 */
export const countNoun = (count, noun) => `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;

/**
 * Returns what the counter of a gallery says: all images, or how many of them remain.
 *
 * @param {number} total
 * @param {number} removed
 */
export const countRemaining = (total, removed) =>
  removed ? `${formatCount(total - removed)} of ${countNoun(total, "image")}` : countNoun(total, "image");

/**
 * Returns the last part of a path.
 *
 * @param {string} path
 */
export const fileName = (path) => path.slice(path.lastIndexOf("/") + 1);

/** @param {number} cluster */
export const clusterName = (cluster) => (cluster < 0 ? "noise" : `group ${cluster}`);

/**
 * Returns what an image is said to be in: its cluster, or, of noise, the one that it may belong to and how sure that is.
 *
 * @param {number} index
 * @param {{ clusters: IntArray, maybe?: IntArray, confidence?: Float32Array }} content
 */
export const describeCluster = (index, { clusters, maybe, confidence }) =>
  maybe && confidence && clusters[index] < 0 && maybe[index] >= 0
    ? `noise, maybe group ${maybe[index]} (${confidence[index].toFixed(2)})`
    : clusterName(clusters[index]);

/**
 * Returns the number of a recording at xeno-canto, if the name of an image begins with one.
 *
 * @param {string} name
 * @returns {string | undefined}
 */
export const xenoCantoNumber = (name) => XENO_CANTO.exec(fileName(name))?.[1];

/**
 * Returns an image's name as a part of an address. A name with half of a surrogate pair has no such form: its
 * replacement finds no file, where encodeURIComponent alone would throw.
 *
 * @param {string} name
 */
export const encodeName = (name) => encodeURIComponent(name.toWellFormed());
