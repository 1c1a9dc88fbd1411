// A field for the name of a class that completes it: a combobox as the ARIA practices describe it.

import { listOptions } from "./class_matches.js";
import { element } from "./elements.js";

/** @typedef {{ name: string, colour: string }} ClassEntry */

let inputCount = 0;

export class ClassInput {
  /** @type {ClassEntry[]} */
  classes = [];
  /** @type {import("./class_matches.js").ClassOption[]} */
  options = [];
  active = 0; // the option that Enter takes
  chosen = ""; // the name that was chosen last
  /** @type {(name: string) => void} What happens with a name that a person chose. */
  choose = () => {};
  /** @type {() => void} What Enter does then. */
  confirm = () => {};

  /**
   * @param {Node} parent
   * @param {string} label What the field is for; a screen reader says it.
   */
  constructor(parent, label) {
    const box = element(parent, "span", "class-input");
    this.input = element(box, "input", "");
    this.list = element(box, "ul", "");
    this.list.id = `classes-${(inputCount += 1)}`;
    Object.assign(this.list, { role: "listbox", ariaLabel: "Classes", hidden: true });
    const attributes = { role: "combobox", ariaLabel: label, ariaAutoComplete: "list", ariaExpanded: "false" };
    Object.assign(this.input, { ...attributes, type: "text", autocomplete: "off", spellcheck: false, maxLength: 500 });
    this.input.placeholder = "Class: type a name or choose one";
    this.input.setAttribute("aria-controls", this.list.id);
    this.listen();
  }

  listen() {
    this.input.onfocus = () => {
      this.input.select();
    };
    this.input.onclick = () => {
      if (!this.isOpen) this.input.select(); // so that what is typed next is another name
      this.open();
    };
    this.input.oninput = () => {
      this.open();
    };
    this.input.onblur = () => {
      this.leave();
    };
    this.input.onkeydown = (event) => {
      this.pressKey(event);
    };
    this.list.onmousedown = (event) => {
      event.preventDefault(); // the field keeps the focus
    };
  }

  /**
   * @param {ClassEntry[]} classes
   * @param {string | undefined} name What the field says from now on; undefined for what a person typed.
   */
  show(classes, name) {
    this.classes = classes;
    if (name !== undefined) this.input.value = this.chosen = name;
    if (!this.list.hidden) this.open();
  }

  get isOpen() {
    return !this.list.hidden;
  }

  open() {
    const names = this.classes.map(({ name }) => name);
    const isChosen = this.input.value === this.chosen;
    this.options = listOptions(names, isChosen ? "" : this.input.value);
    this.active = Math.max(0, isChosen ? this.options.findIndex(({ name }) => name === this.chosen) : 0);
    this.list.replaceChildren(...this.options.map((option, index) => this.createOption(option, index)));
    this.setOpen(this.options.length > 0);
    this.mark();
  }

  /**
   * @param {import("./class_matches.js").ClassOption} option
   * @param {number} index
   */
  createOption({ name, isNew }, index) {
    const item = document.createElement("li");
    Object.assign(item, { id: `${this.list.id}-${index}`, role: "option" });
    if (isNew) element(item, "span", "new", "Add a new class: ");
    const dot = isNew ? undefined : element(item, "i", "dot");
    if (dot) dot.style.background = this.classes.find((entry) => entry.name === name)?.colour ?? "";
    element(item, "bdi", "", name);
    item.onclick = () => {
      this.take(index);
    };
    return item;
  }

  /** @param {boolean} isOpen */
  setOpen(isOpen) {
    this.list.hidden = !isOpen;
    this.input.ariaExpanded = String(isOpen);
  }

  mark() {
    [...this.list.children].forEach((item, index) => {
      item.ariaSelected = String(index === this.active);
      if (index === this.active && this.isOpen) item.scrollIntoView({ block: "nearest" });
    });
    if (this.isOpen) this.input.setAttribute("aria-activedescendant", `${this.list.id}-${this.active}`);
    else this.input.removeAttribute("aria-activedescendant");
  }

  /** @param {number} index */
  take(index) {
    const option = this.options[index];
    if (option) this.input.value = option.name;
    this.finish();
  }

  /** Chooses what the field says, and closes the list. */
  finish() {
    this.setOpen(false);
    this.mark();
    this.input.value = this.input.value.trim();
    if (this.input.matches(":focus")) this.input.select();
    if (this.input.value === this.chosen) return;
    this.chosen = this.input.value;
    this.choose(this.chosen);
  }

  /** Takes the option that is marked, as Enter does, when a person goes on after typing. */
  leave() {
    if (this.isOpen && this.input.value.trim() && this.input.value !== this.chosen) this.take(this.active);
    else this.finish();
  }

  /** @param {KeyboardEvent} event */
  pressKey(event) {
    if (event.isComposing) return;
    if (this.isOpen && event.key.toLowerCase() === "z") event.stopPropagation(); // it undoes typing, no label
    if (event.key === "Enter") this.pressEnter(event);
    else if (event.key === "Escape" && this.isOpen) this.cancel();
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") this.moveActive(event.key === "ArrowDown" ? 1 : -1);
    else return;
    if (event.key !== "Enter") event.preventDefault();
  }

  /** @param {KeyboardEvent} event */
  pressEnter(event) {
    this.leave();
    const isModified = event.ctrlKey || event.metaKey || event.altKey || event.shiftKey;
    if (!isModified) this.confirm();
  }

  cancel() {
    this.input.value = this.chosen;
    this.setOpen(false);
    this.mark();
  }

  /** @param {1 | -1} step */
  moveActive(step) {
    if (!this.isOpen) {
      this.open();
      return;
    }
    this.active = (this.active + step + this.options.length) % this.options.length;
    this.mark();
  }
}
