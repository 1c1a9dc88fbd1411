import assert from "node:assert/strict";
import { test } from "node:test";

import { clusterName, countNoun, countRemaining, encodeName, fileName, xenoCantoNumber } from "../shared/texts.js";

test("a count of one is singular and thousands have a comma", () => {
  assert.equal(countNoun(1, "image"), "1 image");
  assert.equal(countNoun(0, "image"), "0 images");
  assert.equal(countNoun(1234, "image"), "1,234 images");
});

test("the counter of a gallery says how many images remain, once any is removed", () => {
  assert.equal(countRemaining(40, 0), "40 images");
  assert.equal(countRemaining(1, 0), "1 image");
  assert.equal(countRemaining(20_000, 1), "19,999 of 20,000 images");
  assert.equal(countRemaining(40, 40), "0 of 40 images");
});

test("the last part of a path is its name", () => {
  assert.equal(fileName("a/b/call.png"), "call.png");
  assert.equal(fileName("call.png"), "call.png");
});

test("what is in no cluster is noise", () => {
  assert.equal(clusterName(-1), "noise");
  assert.equal(clusterName(0), "group 0");
});

test("a name that begins so says its number at xeno-canto, whatever its folder is called", () => {
  assert.equal(xenoCantoNumber("birds/XC12345_segm_0000.000.png"), "12345");
  assert.equal(xenoCantoNumber("XC1/call.png"), undefined);
  assert.equal(xenoCantoNumber("my XC12345.png"), undefined);
});

test("every name can be part of an address", () => {
  assert.equal(encodeName("a/b 100% #1?.png"), "a%2Fb%20100%25%20%231%3F.png");
  assert.equal(encodeName("\ud800.png"), "%EF%BF%BD.png");
});
