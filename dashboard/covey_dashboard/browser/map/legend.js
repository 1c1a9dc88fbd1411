// The legend beside the map: all groups as a list, of which only the rows in view are drawn.

import { button, element } from "../shared/elements.js";
import { countNoun, encodeName, formatCount } from "../shared/texts.js";

/**
 * A group. `label` is the class of most of its images, `row` an example of them, -1 for none.
 *
 * @typedef {{ name: string, code: number, count: number, row: number, label: string }} LegendEntry
 */

/**
 * What a person does in the legend: `select` takes the code of a group, `hide` the codes of all groups that are hidden.
 *
 * @typedef {{ select: (code: number) => void, hide: (codes: number[]) => void }} LegendActions
 *
 * @typedef {object} LegendContent
 * @property {LegendEntry[]} entries
 * @property {string} noun What the entries are; "" for the steps of a scale, which cannot be selected.
 * @property {number[]} hidden
 * @property {number | null} selected
 * @property {(code: number) => string} colour
 * @property {(row: number) => string} picture The address of an image, "" for none.
 */

const ROW_HEIGHT = 38;
const LEGEND_KEYS = "Groups: arrow keys move, Enter selects, H hides or shows, A shows one alone";

/**
 * Returns the groups that are hidden after one was hidden or shown.
 *
 * @param {number[]} hidden
 * @param {number} code
 */
export const toggleHidden = (hidden, code) =>
  hidden.includes(code) ? hidden.filter((other) => other !== code) : [...hidden, code];

/**
 * Returns the groups that are hidden after one was to be seen alone; none if it is alone already.
 *
 * @param {number[]} codes All groups.
 * @param {number[]} hidden
 * @param {number} code
 */
export function hideOthers(codes, hidden, code) {
  const others = codes.filter((other) => other !== code);
  const isAlone = !hidden.includes(code) && others.every((other) => hidden.includes(other));
  return isAlone ? [] : others;
}

/**
 * Returns the rows that are in view, and one more at each end.
 *
 * @param {number} scrollTop
 * @param {number} height
 * @param {number} count
 * @returns {[first: number, end: number]}
 */
export const rowsInView = (scrollTop, height, count) => [
  Math.max(0, Math.floor(scrollTop / ROW_HEIGHT) - 1),
  Math.min(count, Math.ceil((scrollTop + height) / ROW_HEIGHT) + 1),
];

export class Legend {
  /** @type {LegendContent | undefined} */
  content;
  current = 0;
  /** @type {Map<number, HTMLElement>} */
  rows = new Map();

  /**
   * @param {Node} parent
   * @param {LegendActions} actions
   */
  constructor(parent, actions) {
    this.actions = actions;
    this.host = element(parent, "div", "legend");
    this.heading = element(this.host, "div", "heading");
    this.counter = element(this.heading, "span", "");
    this.everything = button(this.heading, "Show all", "Show all groups", () => this.actions.hide([]));
    this.list = element(this.host, "div", "entries");
    Object.assign(this.list, { tabIndex: 0, role: "listbox", ariaLabel: LEGEND_KEYS });
    this.space = element(this.list, "div", "space");
    this.list.onscroll = () => {
      this.draw();
    };
    this.list.onkeydown = (event) => {
      this.pressKey(event);
    };
    this.list.onfocus = this.list.onblur = () => {
      this.draw();
    };
  }

  /** @param {LegendContent} content */
  show(content) {
    this.content = content;
    const { entries, noun, hidden, selected } = content;
    this.host.hidden = !entries.length;
    const groups = entries.filter(({ code }) => code >= 0).length;
    this.counter.textContent = noun ? countNoun(groups, noun) : "";
    this.everything.hidden = !hidden.length;
    this.space.style.height = `${entries.length * ROW_HEIGHT}px`;
    this.rows.forEach((row) => row.remove());
    this.rows.clear();
    const place = entries.findIndex(({ code }) => code === selected);
    if (place >= 0 && selected !== null) this.current = place;
    this.current = Math.min(this.current, Math.max(0, entries.length - 1));
    this.draw();
  }

  draw() {
    if (!this.content) return;
    const { entries } = this.content;
    const [first, end] = rowsInView(this.list.scrollTop, this.list.clientHeight, entries.length);
    this.rows.forEach((row, index) => {
      if (index >= first && index < end) return;
      row.remove();
      this.rows.delete(index);
    });
    for (let index = first; index < end; index++) if (!this.rows.has(index)) this.appendRow(this.content, index);
    const isFocused = this.list.matches(":focus-visible");
    this.rows.forEach((row, index) => row.classList.toggle("at", isFocused && index === this.current));
    this.list.setAttribute("aria-activedescendant", `group-${this.current}`);
  }

  /**
   * @param {LegendContent} content
   * @param {number} index
   */
  appendRow(content, index) {
    const { name, code, count, label, row: image } = content.entries[index];
    const row = element(this.space, "div", "row");
    const isHidden = content.hidden.includes(code);
    Object.assign(row, { id: `group-${index}`, role: "option", ariaSelected: String(code === content.selected) });
    Object.assign(row, { ariaSetSize: String(content.entries.length), ariaPosInSet: String(index + 1) });
    row.style.top = `${index * ROW_HEIGHT}px`;
    row.classList.toggle("hidden", isHidden);
    element(row, "span", "spot").style.background = content.colour(code);
    this.appendPicture(row, image < 0 ? "" : content.picture(image));
    const words = element(row, "span", "words");
    element(words, "bdi", "name", code >= 0 && content.noun === "group" ? `group ${name}` : name).title = name;
    if (count) {
      const facts = element(words, "span", "count");
      element(facts, "bdi", "", label);
      facts.append((label && ", ") + countNoun(count, "image"));
    }
    row.title = count ? [`${name}: ${formatCount(count)} images`, label].filter(Boolean).join(", ") : name;
    row.onclick = () => {
      this.act(index, "select");
    };
    if (content.noun === "group") this.appendSigns(row, index, isHidden);
    this.rows.set(index, row);
  }

  /**
   * @param {Node} row
   * @param {string} address
   */
  appendPicture(row, address) {
    if (!address) return;
    const picture = element(row, "img", "example");
    Object.assign(picture, { alt: "", loading: "lazy" });
    picture.onerror = () => {
      picture.remove();
    };
    picture.src = address;
  }

  /**
   * Appends signs for the mouse alone: an option may hold no control, and keys do the same.
   *
   * @param {Node} row
   * @param {number} index
   * @param {boolean} isHidden
   */
  appendSigns(row, index, isHidden) {
    const signs = element(row, "span", "signs");
    signs.ariaHidden = "true";
    for (const [text, title, action] of /** @type {const} */ ([
      [isHidden ? "○" : "⊘", isHidden ? "Show this group (H)" : "Hide this group (H)", "hide"],
      ["◎", "Show this group alone (A)", "alone"],
    ])) {
      const sign = element(signs, "span", "sign", text);
      sign.title = title;
      sign.onclick = (event) => {
        event.stopPropagation();
        this.act(index, action);
      };
    }
  }

  /**
   * @param {number} index
   * @param {"select" | "hide" | "alone"} action
   */
  act(index, action) {
    if (!this.content?.noun || !this.content.entries[index]) return;
    this.current = index;
    const { entries, hidden } = this.content;
    const { code } = entries[index];
    const codes = entries.map((entry) => entry.code);
    if (action === "select") this.actions.select(code);
    else if (action === "hide") this.actions.hide(toggleHidden(hidden, code));
    else this.actions.hide(hideOthers(codes, hidden, code));
  }

  /** @param {KeyboardEvent} event */
  pressKey(event) {
    if (!this.content || event.altKey || event.ctrlKey || event.metaKey) return;
    const last = this.content.entries.length - 1;
    const page = Math.max(1, Math.floor(this.list.clientHeight / ROW_HEIGHT) - 1);
    const targets = new Map([
      ["ArrowDown", this.current + 1],
      ["ArrowUp", this.current - 1],
      ["PageDown", this.current + page],
      ["PageUp", this.current - page],
      ["Home", 0],
      ["End", last],
    ]);
    const target = targets.get(event.key);
    const key = event.key.toLowerCase();
    if (target !== undefined) this.moveTo(Math.max(0, Math.min(last, target)));
    else if (event.key === "Enter" || event.key === " ") this.act(this.current, "select");
    else if (key === "h" && this.content.noun === "group") this.act(this.current, "hide");
    else if (key === "a" && this.content.noun === "group") this.act(this.current, "alone");
    else return;
    event.preventDefault();
  }

  /** @param {number} index */
  moveTo(index) {
    this.current = index;
    const top = index * ROW_HEIGHT;
    const { scrollTop, clientHeight } = this.list;
    if (top < scrollTop) this.list.scrollTop = top;
    else if (top + ROW_HEIGHT > scrollTop + clientHeight) this.list.scrollTop = top + ROW_HEIGHT - clientHeight;
    this.draw();
  }
}

/**
 * Returns the address of the picture of an image, "" where there are no pictures.
 *
 * @param {string} address
 * @param {string} name
 */
export const pictureAddress = (address, name) => address && address + encodeName(name);
