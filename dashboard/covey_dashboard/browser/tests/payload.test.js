import assert from "node:assert/strict";
import { test } from "node:test";

import { unpack } from "../shared/payload.js";

/** @typedef {Float32Array | Int8Array | Int16Array | Int32Array | Uint8Array} PackedArray */

/**
 * Packs fields and arrays as binary_payload.py does.
 *
 * @param {object} fields
 * @param {[name: string, type: "f4" | "i1" | "i2" | "i4" | "u1", array: PackedArray][]} arrays
 */
function pack(fields, arrays) {
  const listed = arrays.map(([name, type, array]) => [name, type, array.length]);
  let text = JSON.stringify({ ...fields, arrays: listed });
  text += " ".repeat((8 - ((text.length + 4) % 8)) % 8);
  const blocks = arrays.map(([, , array]) => [...new Uint8Array(array.buffer), ...fill(array.byteLength)]);
  const length = new Uint8Array(Uint32Array.of(text.length).buffer);
  return Uint8Array.from([...length, ...new TextEncoder().encode(text), ...blocks.flat()]);
}

/** @param {number} length */
const fill = (length) => Array((8 - (length % 8)) % 8).fill(0);

test("a payload gives its fields and arrays", () => {
  const bytes = pack({ title: "map" }, [
    ["places", "f4", Float32Array.of(1.5, -2, 3)],
    ["states", "u1", Uint8Array.of(3, 0, 255)],
    ["codes", "i4", Int32Array.of(-1, 7)],
  ]);
  const payload = /** @type {Record<string, unknown>} */ (unpack(bytes));
  assert.equal(payload.title, "map");
  assert.deepEqual(payload.places, Float32Array.of(1.5, -2, 3));
  assert.deepEqual(payload.states, Uint8Array.of(3, 0, 255));
  assert.deepEqual(payload.codes, Int32Array.of(-1, 7));
});

test("small whole numbers come in one or two bytes", () => {
  const bytes = pack({}, [
    ["classes", "i1", Int8Array.of(-1, 127)],
    ["codes", "i2", Int16Array.of(-1, 300)],
  ]);
  const payload = /** @type {Record<string, unknown>} */ (unpack(bytes));
  assert.deepEqual(payload.classes, Int8Array.of(-1, 127));
  assert.deepEqual(payload.codes, Int16Array.of(-1, 300));
});

test("a payload may begin anywhere in the memory that it came in", () => {
  const bytes = pack({ title: "map" }, [["places", "f4", Float32Array.of(1.5)]]);
  const shifted = new Uint8Array(bytes.length + 3);
  shifted.set(bytes, 3);
  const payload = /** @type {{ places: Float32Array }} */ (unpack(shifted.subarray(3)));
  assert.deepEqual(payload.places, Float32Array.of(1.5));
});

test("an array may be empty", () => {
  const payload = /** @type {Record<string, unknown>} */ (
    unpack(
      pack({}, [
        ["sources", "i4", new Int32Array()],
        ["codes", "i4", Int32Array.of(4)],
      ]),
    )
  );
  assert.deepEqual(payload.sources, new Int32Array());
  assert.deepEqual(payload.codes, Int32Array.of(4));
});
