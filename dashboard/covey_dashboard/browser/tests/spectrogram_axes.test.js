import assert from "node:assert/strict";
import { test } from "node:test";

import {
  NO_AXES,
  formatFrequency,
  frequencyAt,
  frequencyTicks,
  heightOf,
  knowsFrequencies,
  roundNumbers,
  timeSpan,
  timeTicks,
} from "../shared/spectrogram_axes.js";

const LINEAR = { scale: "linear", low: 0, high: 11_906.25, rows: 128, first: 0.0053, step: 0.0015 };
const MEL = { ...LINEAR, scale: "mel", low: 26, high: 11_500 };
const LOG = { ...LINEAR, scale: "log", low: 476, high: 11_906 };

/** @param {number} row From the bottom. @param {number} rows */
const middleOf = (row, rows) => (row + 0.5) / rows;

test("the middle of the lowest and the highest row have the frequencies that the recipe says", () => {
  for (const axes of [LINEAR, MEL, LOG]) {
    assert.ok(Math.abs(frequencyAt(axes, middleOf(0, 128)) - axes.low) < 1e-6, axes.scale);
    assert.ok(Math.abs(frequencyAt(axes, middleOf(127, 128)) - axes.high) < 1e-6, axes.scale);
  }
});

test("the rows between are evenly spaced on the scale", () => {
  assert.ok(Math.abs(frequencyAt(LINEAR, middleOf(64, 128)) - 6000) < 1e-6);
  const mel = frequencyAt(MEL, middleOf(63.5, 128));
  const [low, high] = [Math.log1p(26 / 700), Math.log1p(11_500 / 700)];
  assert.ok(Math.abs(Math.log1p(mel / 700) - (low + high) / 2) < 1e-9);
  assert.ok(Math.abs(frequencyAt(LOG, middleOf(63.5, 128)) - Math.sqrt(476 * 11_906)) < 1e-6);
});

test("the height of a frequency is where that frequency is", () => {
  for (const axes of [LINEAR, MEL, LOG])
    for (const hz of [500, 3000, 9000]) assert.ok(Math.abs(frequencyAt(axes, heightOf(axes, hz)) - hz) < 1e-6);
});

test("ticks are round, within what is seen, and not too many", () => {
  const linear = frequencyTicks(LINEAR, [0, 1], 3).map(({ text }) => text);
  assert.deepEqual(linear, ["10", "5", "0"]);
  const mel = frequencyTicks(MEL, [0, 1], 6).map(({ text }) => text);
  assert.deepEqual(mel.slice(0, 2), ["10", "5"]);
  assert.ok(mel.length <= 7);
  const part = frequencyTicks(LINEAR, [0.5, 0.6], 4);
  assert.ok(part.length > 1 && part.every(({ at }) => at >= 0.5 && at <= 0.6));
});

test("nothing is said of frequencies that are not known", () => {
  assert.equal(knowsFrequencies(NO_AXES), false);
  assert.deepEqual(frequencyTicks(NO_AXES, [0, 1], 3), []);
});

test("low sounds are marked in Hz, others in kHz", () => {
  assert.equal(formatFrequency(LINEAR, 3417), "3.42 kHz");
  assert.equal(formatFrequency({ ...LINEAR, high: 1000 }, 341.7), "342 Hz");
});

test("an image lasts from the start of its first column to the end of its last", () => {
  const [start, end] = timeSpan(LINEAR, 0.394, 256) ?? [NaN, NaN];
  assert.ok(Math.abs(start - (0.0053 - 0.00075)) < 1e-9);
  assert.ok(Math.abs(end - start - 256 * 0.0015) < 1e-9);
  assert.deepEqual(timeSpan(NO_AXES, 2, 0), [0, 2]);
  assert.equal(timeSpan(NO_AXES, 0, 256), undefined);
  assert.equal(timeSpan(LINEAR, 0, 0), undefined);
});

test("times are round numbers too", () => {
  assert.deepEqual(roundNumbers([0.1, 1], 3), [0.5, 1]);
  assert.deepEqual(roundNumbers([3, 3], 3), []);
  const ticks = timeTicks([12.1, 12.55], 4);
  assert.deepEqual(
    ticks.map(({ text }) => text),
    ["12.2", "12.4"],
  );
  assert.ok(Math.abs(ticks[0].at - 0.1 / 0.45) < 1e-9);
});
