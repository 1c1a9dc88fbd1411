// The classes with their colours and counts; a click shows the images of one.

import { element } from "../shared/elements.js";
import { countNoun } from "../shared/texts.js";

/** @import { FrontendRendererArgs } from "@streamlit/component-v2-lib" */

/**
 * @typedef {{ name: string, colour: string, count: number }} CountedClass
 * @typedef {{ classes: CountedClass[], chosen: string }} ClassListContent
 */

/** @param {FrontendRendererArgs<{ chosen: string }, ClassListContent>} component */
export default function ({ data, parentElement, setTriggerValue }) {
  const focused = focusedIndex(parentElement);
  parentElement.querySelector(".class-list")?.remove();
  const list = element(parentElement, "ul", "class-list");
  list.ariaLabel = "Classes";
  const largest = Math.max(1, ...data.classes.map(({ count }) => count));
  for (const labelClass of data.classes) {
    const row = appendRow(list, labelClass, labelClass.count / largest);
    row.ariaPressed = String(labelClass.name === data.chosen);
    row.onclick = () => {
      setTriggerValue("chosen", labelClass.name);
    };
  }
  list.querySelectorAll("button")[focused]?.focus();
}

/**
 * @param {HTMLElement} list
 * @param {CountedClass} labelClass
 * @param {number} share
 */
function appendRow(list, { name, colour, count }, share) {
  const row = element(element(list, "li", ""), "button", "");
  Object.assign(row, { type: "button", title: name });
  element(row, "bdi", "", name);
  element(row, "span", "", countNoun(count, "image"));
  const bar = element(row, "i", "");
  Object.assign(bar.style, { width: `${100 * share}%`, background: colour });
  return row;
}

/**
 * Returns which class has the focus, -1 for none.
 *
 * @param {HTMLElement | ShadowRoot} root
 */
function focusedIndex(root) {
  const rows = [...root.querySelectorAll("button")];
  return rows.findIndex((row) => row.matches(":focus"));
}
