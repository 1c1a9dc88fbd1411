import assert from "node:assert/strict";
import { test } from "node:test";

import { classOfKey, listOptions } from "../shared/class_matches.js";
import { Outbox } from "../shared/outbox.js";

const CLASSES = ["great tit", "clicks", "buzz", "Titmouse"];

/** @param {string} text */
const titles = (text) => listOptions(CLASSES, text).map(({ name, isNew }) => (isNew ? `new ${name}` : name));

test("without a text all classes are offered as they were made, and no new one", () => {
  assert.deepEqual(titles("  "), CLASSES);
});

test("classes that exist come first, the best first, and a new one last", () => {
  assert.deepEqual(titles("click"), ["clicks", "new click"]);
  assert.deepEqual(titles("TIT"), ["Titmouse", "great tit", "new TIT"]);
  assert.deepEqual(titles("reat"), ["new reat"]);
  assert.deepEqual(titles(" wren "), ["new wren"]);
});

test("a name in another case is no new class", () => {
  assert.deepEqual(titles("BUZZ"), ["buzz"]);
});

test("requests are sent again until they are answered", () => {
  /** @type {Outbox<{ name: string }>} */
  const outbox = new Outbox();
  const [first] = outbox.add({ name: "robin" });
  const sent = outbox.add({ name: "wren" });
  assert.deepEqual(
    sent.map(({ name }) => name),
    ["robin", "wren"],
  );
  assert.ok(sent[1].id > first.id);
  outbox.settle(first.id);
  assert.deepEqual(
    outbox.add({ name: "tit" }).map(({ name }) => name),
    ["wren", "tit"],
  );
});

test("the keys 1 to 9 give the first nine classes, unless they are part of a shortcut or held", () => {
  const event = { key: "2", repeat: false, ctrlKey: false, metaKey: false, altKey: false };
  assert.equal(classOfKey(CLASSES, event), "clicks");
  for (const other of [{ key: "0" }, { key: "9" }, { key: "12" }, { key: "F1" }, { repeat: true }, { ctrlKey: true }]) {
    assert.equal(classOfKey(CLASSES, { ...event, ...other }), undefined);
  }
});
