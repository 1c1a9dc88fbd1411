// Which images of a gallery are removed: one byte an image, 1 for removed.

/** @import { IntArray } from "../shared/payload.js" */

/**
 * Removes an image, or takes it back.
 *
 * @param {Uint8Array} removed
 * @param {number} index
 */
export function toggleImage(removed, index) {
  removed[index] = 1 - removed[index];
}

/**
 * Removes the images that are kept, and keeps those that are removed.
 *
 * @param {Uint8Array} removed
 */
export function swapImages(removed) {
  removed.forEach((flag, index) => {
    removed[index] = 1 - flag;
  });
}

/**
 * Gives all images between two what the first of them has.
 *
 * @param {Uint8Array} removed
 * @param {number} anchor
 * @param {number} index Before or after the anchor.
 */
export function extendToImage(removed, anchor, index) {
  removed.fill(removed[anchor], Math.min(anchor, index), Math.max(anchor, index) + 1);
}

/**
 * Returns which images of a selection are removed when it is shown anew: as before, or, for others, as Python says.
 *
 * @param {string[]} names What was shown before.
 * @param {Uint8Array} removed Of these.
 * @param {string[]} namesNow
 * @param {Uint8Array} out Of those that are shown now, as Python knew it when it sent them.
 */
export function keepRemoved(names, removed, namesNow, out) {
  const flags = new Map(names.map((name, index) => [name, removed[index]]));
  return Uint8Array.from(namesNow, (name, index) => flags.get(name) ?? out[index]);
}

/** @param {Uint8Array} removed */
export const countRemoved = (removed) => removed.reduce((sum, flag) => sum + flag, 0);

/**
 * Returns the removed images as gallery.py takes them: the first and the last of each run, one run after another.
 *
 * @param {Uint8Array} removed
 * @returns {number[]}
 */
export function removedRuns(removed) {
  /** @type {number[]} */
  const runs = [];
  removed.forEach((flag, index) => {
    if (!flag) return;
    if (removed[index - 1]) runs[runs.length - 1] = index;
    else runs.push(index, index);
  });
  return runs;
}

/**
 * Returns the recordings of the images that remain, with how many they have, the largest first.
 *
 * @param {IntArray} recordingIndices The recording of each image, -1 for none.
 * @param {Uint8Array} removed
 * @param {number} recordingCount
 * @returns {[recording: number, images: number][]}
 */
export function countByRecording(recordingIndices, removed, recordingCount) {
  const counts = new Uint32Array(recordingCount);
  recordingIndices.forEach((recording, index) => {
    if (recording >= 0 && !removed[index]) counts[recording]++;
  });
  return [...counts.entries()].filter(([, count]) => count > 0).sort((first, second) => second[1] - first[1]);
}
