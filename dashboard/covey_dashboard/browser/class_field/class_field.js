// The classes of the bar that labels: a field for a name, and a chip with a key for each of the first nine classes.

import { ClassInput } from "../shared/class_input.js";
import { MOST_KEYS, classOfKey } from "../shared/class_matches.js";
import { element, onceGone } from "../shared/elements.js";
import { Outbox } from "../shared/outbox.js";
import { unpack } from "../shared/payload.js";

/** @import { FrontendRendererArgs } from "@streamlit/component-v2-lib" */
/** @import { ClassEntry } from "../shared/class_input.js" */

/**
 * What class_field.py sends. `suggestion` is what the field says at first, and again for another `subject`.
 *
 * @typedef {object} ClassFieldContent
 * @property {ClassEntry[]} classes
 * @property {string} suggestion
 * @property {string} subject
 * @property {string} verb What a chip does with its class, for its title.
 * @property {number} answered The number of the last request that Python has answered.
 *
 * @typedef {{ name: string }} ClassRequest
 * @typedef {{ name: { subject: string, name: string }, requests: (ClassRequest & { id: number })[] }} ClassFieldState
 */

/** The parts of a page whose focus lets a key label: a person does not type there. */
const KEYED_PARTS = ".gallery, .map";

/** @type {WeakMap<Node, ClassField>} */
const classFields = new WeakMap();

/** @param {FrontendRendererArgs<ClassFieldState, Uint8Array>} component */
export default function ({ data, parentElement, setStateValue }) {
  const field = classFields.get(parentElement) ?? new ClassField(parentElement);
  classFields.set(parentElement, field);
  const content = /** @type {ClassFieldContent} */ (unpack(data));
  field.reportName = (name) => setStateValue("name", { subject: content.subject, name });
  field.sendRequests = (requests) => setStateValue("requests", requests);
  field.show(content);
  return onceGone(parentElement, () => {
    field.end();
    classFields.delete(parentElement);
  });
}

export class ClassField {
  /** @type {ClassEntry[]} */
  classes = [];
  subject = "\0"; // none yet
  /** @type {Outbox<ClassRequest>} */
  outbox = new Outbox();
  /** @type {(name: string) => void} */
  reportName = () => {};
  /** @type {(requests: (ClassRequest & { id: number })[]) => void} */
  sendRequests = () => {};

  /** @param {Node} root */
  constructor(root) {
    this.host = element(root, "div", "class-field");
    this.chips = element(this.host, "div", "chips");
    Object.assign(this.chips, { role: "group", ariaLabel: "Classes" });
    this.input = new ClassInput(this.host, "Class");
    this.input.choose = (name) => this.reportName(name);
    this.listener = (/** @type {KeyboardEvent} */ event) => this.pressKey(event);
    document.addEventListener("keydown", this.listener);
  }

  /** @param {ClassFieldContent} content */
  show({ classes, suggestion, subject, verb, answered }) {
    this.outbox.settle(answered);
    this.classes = classes;
    this.input.show(classes, subject === this.subject ? undefined : suggestion);
    this.subject = subject;
    this.chips.replaceChildren();
    classes.slice(0, MOST_KEYS).forEach(({ name, colour }, index) => this.appendChip(name, colour, index + 1, verb));
  }

  /**
   * @param {string} name
   * @param {string} colour
   * @param {number} key
   * @param {string} verb
   */
  appendChip(name, colour, key, verb) {
    const chip = element(this.chips, "button", "chip");
    Object.assign(chip, { type: "button", title: `${verb} “${name}”: key ${key}` });
    element(chip, "i", "dot").style.background = colour;
    element(chip, "bdi", "", name);
    element(chip, "kbd", "", String(key));
    chip.onclick = () => {
      this.request(name);
    };
  }

  /** @param {string} name */
  request(name) {
    this.sendRequests(this.outbox.add({ name }));
  }

  /** @param {KeyboardEvent} event */
  pressKey(event) {
    const chosen = classOfKey(this.classes, event);
    if (chosen && isOverImages(event.composedPath())) this.request(chosen.name);
  }

  end() {
    document.removeEventListener("keydown", this.listener);
    this.host.remove();
  }
}

/** @param {EventTarget[]} path From what has the focus outwards. */
function isOverImages(path) {
  const [target] = path;
  if (target instanceof HTMLInputElement && target.type !== "range") return false;
  return path.some((node) => node instanceof HTMLElement && node.matches(KEYED_PARTS));
}
