import assert from "node:assert/strict";
import test from "node:test";

import { load } from "./load.js";

function payload(fields, arrays) {
  const listed = arrays.map(([name, type, values]) => [name, type, values.length]);
  let text = JSON.stringify({ ...fields, arrays: listed });
  text += " ".repeat((8 - ((text.length + 4) % 8)) % 8);
  const sizes = arrays.map(([, type, values]) => Math.ceil((values.length * Number(type[1])) / 8) * 8);
  const bytes = new Uint8Array(4 + text.length + sizes.reduce((sum, size) => sum + size, 0));
  new DataView(bytes.buffer).setUint32(0, text.length, true);
  bytes.set(new TextEncoder().encode(text), 4);
  let start = 4 + text.length;
  arrays.forEach(([, , values], index) => {
    bytes.set(new Uint8Array(values.buffer), start);
    start += sizes[index];
  });
  return bytes;
}

test("a payload gives its fields and arrays", () => {
  const { unpack } = load("map.js", ["unpack"]);
  const places = Float32Array.of(1.5, -2, 3);
  const codes = Int32Array.of(-1, 7);
  const unpacked = unpack(
    payload({ title: "map" }, [
      ["places", "f4", places],
      ["codes", "i4", codes],
    ]),
  );
  assert.deepEqual([...unpacked.places], [1.5, -2, 3]);
  assert.deepEqual([...unpacked.codes], [-1, 7]);
});

test("numbers of things read right", () => {
  const { counted } = load("gallery.js", ["counted"]);
  assert.equal(counted(1, "image"), "1 image");
  assert.equal(counted(1234, "image"), "1,234 images");
});

test("the last part of a path is its name", () => {
  const { base } = load("gallery.js", ["base"]);
  assert.equal(base("a/b/call.png"), "call.png");
  assert.equal(base("call.png"), "call.png");
});

test("the map shows nearly all points: single outliers do not shrink it", () => {
  const { extent } = load("map.js", ["extent"]);
  const places = new Float32Array(2 * 1000);
  for (let point = 0; point < 1000; point++) places.set([point % 10, point % 7], 2 * point);
  places.set([1e6, -1e6], 0);
  const box = Object.values(extent(places)).flat(Infinity).filter(Number.isFinite);
  assert.ok(Math.max(...box.map(Math.abs)) < 100, `one far point widened the map to ${box}`);
});
