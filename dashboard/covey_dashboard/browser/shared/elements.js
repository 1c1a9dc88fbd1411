// Elements of a page whose texts are only ever text: names come from file names.

/**
 * Appends an element to another.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Node} parent
 * @param {Tag} tag
 * @param {string} className
 * @param {string} text
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(parent, tag, className, text = "") {
  const child = document.createElement(tag);
  child.className = className;
  child.textContent = text;
  parent.appendChild(child);
  return child;
}

/**
 * Appends a button; its title is also its name for screen readers.
 *
 * @param {Node} parent
 * @param {string} text
 * @param {string} title
 * @param {(event: MouseEvent) => void} press
 * @returns {HTMLButtonElement}
 */
export function button(parent, text, title, press) {
  const control = element(parent, "button", "", text);
  // A handler that returned a value could cancel the event.
  const onclick = (/** @type {MouseEvent} */ event) => {
    press(event);
  };
  return Object.assign(control, { type: "button", title, ariaLabel: title, onclick });
}
