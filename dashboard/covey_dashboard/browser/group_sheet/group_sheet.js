// All groups on one sheet: typical images of each, and a field for the name of its class.

import { appendPicture } from "../gallery/picture.js";
import { ClassInput } from "../shared/class_input.js";
import { element, onceGone } from "../shared/elements.js";
import { Outbox } from "../shared/outbox.js";
import { encodeName } from "../shared/texts.js";

/** @import { FrontendRendererArgs } from "@streamlit/component-v2-lib" */
/** @import { ClassEntry } from "../shared/class_input.js" */

/**
 * One group: `facts` is what is known of it, `label` the class that it has, `note` what became of the last name.
 *
 * @typedef {{ number: number, title: string, colour: string, facts: string[], examples: string[], label: string,
 *   note: string }} Group
 *
 * What group_sheet.py sends. `view` changes with the groups.
 * @typedef {{ view: string, images: string, groups: Group[], classes: ClassEntry[], answered: number }} SheetContent
 *
 * @typedef {{ group: number, name: string }} NameRequest
 * @typedef {{ requests: (NameRequest & { id: number })[] }} SheetState
 *
 * A row of the sheet. `label` is the class that it showed last; `isAwaited` whether an answer to its name is.
 * @typedef {{ input: ClassInput, note: HTMLElement, label: string, isAwaited: boolean }} Row
 */

/** @type {WeakMap<Node, GroupSheet>} */
const sheets = new WeakMap();

/** @param {FrontendRendererArgs<SheetState, SheetContent>} component */
export default function ({ data, parentElement, setStateValue }) {
  const sheet = sheets.get(parentElement) ?? new GroupSheet(parentElement);
  sheets.set(parentElement, sheet);
  sheet.sendRequests = (requests) => setStateValue("requests", requests);
  sheet.show(data);
  return onceGone(parentElement, () => {
    sheet.host.remove();
    sheets.delete(parentElement);
  });
}

export class GroupSheet {
  view = "";
  /** @type {Row[]} */
  rows = [];
  /** @type {Outbox<NameRequest>} */
  outbox = new Outbox();
  /** @type {(requests: (NameRequest & { id: number })[]) => void} */
  sendRequests = () => {};

  /** @param {Node} root */
  constructor(root) {
    this.host = element(root, "ul", "group-sheet");
    this.host.ariaLabel = "Groups";
  }

  /** @param {SheetContent} content */
  show({ view, images, groups, classes, answered }) {
    this.outbox.settle(answered);
    if (view !== this.view) this.build(groups, images);
    this.view = view;
    groups.forEach((group, index) => this.update(this.rows[index], group, classes));
  }

  /**
   * @param {Group[]} groups
   * @param {string} images
   */
  build(groups, images) {
    this.host.replaceChildren();
    this.rows = groups.map((group, index) => this.appendRow(group, images, index));
  }

  /**
   * @param {Group} group
   * @param {string} images
   * @param {number} index
   * @returns {Row}
   */
  appendRow(group, images, index) {
    const item = element(this.host, "li", "group");
    const facts = element(item, "div", "");
    const title = element(facts, "div", "title");
    element(title, "i", "dot").style.background = group.colour;
    element(title, "span", "", group.title);
    group.facts.forEach((fact) => element(facts, "div", "fact", fact));
    const examples = element(item, "div", "examples");
    for (const name of group.examples) {
      const picture = element(examples, "div", "picture");
      picture.title = name;
      appendPicture(picture, images && images + encodeName(name), name);
    }
    const naming = element(item, "div", "naming");
    const input = new ClassInput(naming, `Class of ${group.title}`);
    input.choose = (name) => {
      row.isAwaited = true;
      this.sendRequests(this.outbox.add({ group: group.number, name }));
    };
    input.confirm = () => this.rows[index + 1]?.input.input.focus();
    const note = element(naming, "div", "note");
    note.role = "status";
    const row = { input, note, label: "", isAwaited: false };
    return row;
  }

  /**
   * Shows what a group is called, unless a person is naming it, or its name is on the way.
   *
   * @param {Row} row
   * @param {Group} group
   * @param {ClassEntry[]} classes
   */
  update(row, group, classes) {
    const isAwaited = this.outbox.requests.some((request) => request.group === group.number);
    const isBusy = isAwaited || row.input.isOpen;
    const isNews = row.label !== group.label || (row.isAwaited && !isAwaited);
    row.input.show(classes, isNews && !isBusy ? group.label : undefined);
    row.isAwaited = isAwaited;
    if (!isBusy) row.label = group.label;
    if (!isAwaited && row.note.textContent !== group.note) row.note.textContent = group.note;
  }
}
