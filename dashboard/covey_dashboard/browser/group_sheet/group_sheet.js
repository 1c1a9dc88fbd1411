// All groups on one sheet: typical images of each, and a field for the name of its class.

import { appendPicture } from "../gallery/picture.js";
import { ClassInput } from "../shared/class_input.js";
import { element, onceGone } from "../shared/elements.js";
import { encodeName } from "../shared/texts.js";
import { NameSender } from "./name_sender.js";

/** @import { FrontendRendererArgs } from "@streamlit/component-v2-lib" */
/** @import { ClassEntry } from "../shared/class_input.js" */
/** @import { Answer } from "./name_sender.js" */

/**
 * One group: `facts` is what is known of it, `label` the class that it has, `note` what became of the last name.
 *
 * @typedef {{ number: number, title: string, colour: string, facts: string[], examples: string[], label: string,
 *   note: string }} Group
 *
 * What page.py sends. `view` changes with the groups, `names` is where names are sent, and `answered` the number of
 * the last one that had arrived.
 * @typedef {{ view: string, images: string, groups: Group[], classes: ClassEntry[], names: string, answered: number }}
 *   SheetContent
 *
 * The number of the last name that was answered: Python then shows what surrounds the sheet anew.
 * @typedef {{ named: number }} SheetState
 *
 * A row of the sheet. `label` is the class that it showed last, `answered` the number of the last name that it got;
 * `isAwaited` whether an answer to a name is.
 * @typedef {{ input: ClassInput, note: HTMLElement, label: string, answered: number, isAwaited: boolean }} Row
 */

const LEAST_CALM_MS = 300;
const CALM_ANSWERS = 3; // what surrounds the sheet waits until nobody names anything for so many answers' time
const LONGEST_CALM_MS = 4000;
const NOT_SAVED = "Not saved yet: the server does not answer. It is asked again.";

/** @type {WeakMap<Node, GroupSheet>} */
const sheets = new WeakMap();

/** @param {FrontendRendererArgs<SheetState, SheetContent>} component */
export default function ({ data, parentElement, setStateValue }) {
  const sheet = sheets.get(parentElement) ?? new GroupSheet(parentElement);
  sheets.set(parentElement, sheet);
  sheet.follow = (number) => setStateValue("named", number);
  sheet.show(data);
  return onceGone(parentElement, () => {
    sheet.sender.leave();
    sheet.follow = () => {};
    sheet.host.remove();
    sheets.delete(parentElement);
  });
}

export class GroupSheet {
  view = "";
  /** @type {Row[]} */
  rows = [];
  /** @type {number[]} */
  numbers = []; // of the group of each row
  /** @type {NameSender<Group, ClassEntry>} */
  sender = new NameSender();
  /** @type {(number: number) => void} */
  follow = () => {};
  answeredMs = -Infinity;
  timer = 0;

  /** @param {Node} root */
  constructor(root) {
    this.host = element(root, "ul", "group-sheet");
    this.host.ariaLabel = "Groups";
  }

  /** @param {SheetContent} content */
  show({ view, images, groups, classes, names, answered }) {
    if (view !== this.view) this.build(groups, images);
    this.view = view;
    if (names !== this.sender.address) this.rows.forEach((row) => (row.answered = 0)); // a new session counts anew
    this.sender.address = names;
    groups.forEach((group, index) => this.update(this.rows[index], group, classes, answered));
  }

  /**
   * Shows what became of some names.
   *
   * @param {Answer<Group, ClassEntry>} answer
   * @param {number} tookMs
   */
  receive({ answered, groups, classes }, tookMs) {
    for (const row of this.rows) row.input.show(classes, undefined);
    for (const group of groups) {
      const row = this.rows[this.numbers.indexOf(group.number)];
      row.answered = answered;
      this.update(row, group, classes, answered);
    }
    this.followSoon(answered, tookMs);
  }

  /**
   * Has what surrounds the sheet shown anew: at once after a pause, else when nobody has named anything for a while.
   *
   * @param {number} answered
   * @param {number} tookMs
   */
  followSoon(answered, tookMs) {
    clearTimeout(this.timer);
    const calmMs = Math.min(Math.max(LEAST_CALM_MS, CALM_ANSWERS * tookMs), LONGEST_CALM_MS);
    const isFirst = performance.now() - this.answeredMs > LONGEST_CALM_MS;
    this.answeredMs = performance.now();
    this.timer = window.setTimeout(() => this.follow(answered), isFirst ? 0 : calmMs);
  }

  /**
   * @param {Group[]} groups
   * @param {string} images
   */
  build(groups, images) {
    this.host.replaceChildren();
    this.sender.leave();
    this.sender = new NameSender();
    const { sender } = this;
    sender.receive = (answer, tookMs) => sender === this.sender && this.receive(answer, tookMs);
    sender.fail = () => sender === this.sender && this.showFailure();
    this.numbers = groups.map(({ number }) => number);
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
      this.sender.add({ group: group.number, name });
    };
    input.confirm = () => this.rows[index + 1]?.input.input.focus();
    const note = element(naming, "div", "note");
    note.role = "status";
    const row = { input, note, label: "", answered: 0, isAwaited: false };
    return row;
  }

  /**
   * Shows what a group is called, unless a person is naming it, its name is on the way, or what Python knew is older.
   *
   * @param {Row} row
   * @param {Group} group
   * @param {ClassEntry[]} classes
   * @param {number} answered
   */
  update(row, group, classes, answered) {
    const isAwaited = this.sender.isAwaited(group.number);
    const isOld = answered < row.answered;
    const isBusy = isAwaited || isOld || row.input.isOpen;
    const isNews = row.label !== group.label || (row.isAwaited && !isAwaited);
    row.input.show(classes, isNews && !isBusy ? group.label : undefined);
    row.isAwaited = isAwaited;
    if (!isBusy) row.label = group.label;
    if (!isAwaited && !isOld && row.note.textContent !== group.note) row.note.textContent = group.note;
  }

  /** Says of the names that are on the way that they are not saved. */
  showFailure() {
    this.rows.forEach((row, index) => {
      if (this.sender.isAwaited(this.numbers[index])) row.note.textContent = NOT_SAVED;
    });
  }
}
