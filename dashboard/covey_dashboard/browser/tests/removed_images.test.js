import assert from "node:assert/strict";
import { test } from "node:test";

import {
  countByRecording,
  countRemoved,
  extendToImage,
  keepRemoved,
  removedRuns,
  swapImages,
  toggleImage,
} from "../gallery/removed_images.js";

test("toggling an image twice changes nothing", () => {
  const removed = Uint8Array.of(0, 1, 0);
  toggleImage(removed, 1);
  toggleImage(removed, 2);
  assert.deepEqual(removed, Uint8Array.of(0, 0, 1));
  toggleImage(removed, 1);
  toggleImage(removed, 2);
  assert.deepEqual(removed, Uint8Array.of(0, 1, 0));
});

test("swapping keeps what was removed and removes the others", () => {
  const removed = Uint8Array.of(0, 1, 0);
  swapImages(removed);
  assert.deepEqual(removed, Uint8Array.of(1, 0, 1));
});

test("a range gets what its anchor has, in both directions", () => {
  const removed = Uint8Array.of(0, 0, 1, 0, 0, 0);
  extendToImage(removed, 2, 4);
  assert.deepEqual(removed, Uint8Array.of(0, 0, 1, 1, 1, 0));
  extendToImage(removed, 5, 3);
  assert.deepEqual(removed, Uint8Array.of(0, 0, 1, 0, 0, 0));
  extendToImage(removed, 2, 2);
  assert.deepEqual(removed, Uint8Array.of(0, 0, 1, 0, 0, 0));
});

test("removed images are told as the ends of runs", () => {
  assert.deepEqual(removedRuns(Uint8Array.of()), []);
  assert.deepEqual(removedRuns(Uint8Array.of(0, 0)), []);
  assert.deepEqual(removedRuns(Uint8Array.of(1, 1, 1)), [0, 2]);
  assert.deepEqual(removedRuns(Uint8Array.of(0, 1, 0, 1, 1, 0, 0, 1)), [1, 1, 3, 4, 7, 7]);
});

test("the runs hold exactly the removed images", () => {
  for (let pattern = 0; pattern < 256; pattern++) {
    const removed = Uint8Array.from({ length: 8 }, (_, index) => (pattern >> index) & 1);
    const rebuilt = new Uint8Array(8);
    const runs = removedRuns(removed);
    for (let start = 0; start < runs.length; start += 2) rebuilt.fill(1, runs[start], runs[start + 1] + 1);
    assert.deepEqual(rebuilt, removed);
    assert.equal(countRemoved(removed), removed.filter((flag) => flag).length);
  }
});

test("many images are counted beyond the range of a byte", () => {
  assert.equal(countRemoved(new Uint8Array(1000).fill(1)), 1000);
});

test("recordings are counted by the images that remain, the largest first", () => {
  const recordings = Int32Array.of(0, 1, 1, 2, -1, 1, 2);
  assert.deepEqual(countByRecording(recordings, new Uint8Array(7), 3), [
    [1, 3],
    [2, 2],
    [0, 1],
  ]);
  assert.deepEqual(countByRecording(recordings, Uint8Array.of(1, 1, 1, 0, 0, 0, 0), 3), [
    [2, 2],
    [1, 1],
  ]);
  assert.deepEqual(countByRecording(Int32Array.of(-1), new Uint8Array(1), 0), []);
});

test("what was removed stays so in another order, and of new images Python says it", () => {
  const kept = keepRemoved(["a", "b", "c"], Uint8Array.of(1, 0, 0), ["d", "c", "a", "e"], Uint8Array.of(1, 1, 0, 0));
  assert.deepEqual(kept, Uint8Array.of(1, 0, 1, 0));
});
