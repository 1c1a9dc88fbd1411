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
 * Appends a button; its title is also its name for screen readers, after its text if that is in words: who speaks to a
 * computer says what they see.
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
  return Object.assign(control, { type: "button", title, ariaLabel: nameControl(text, title), onclick });
}

/**
 * Returns the name of a control for screen readers.
 *
 * @param {string} text What is written on it.
 * @param {string} title
 */
export const nameControl = (text, title) =>
  /\p{L}|\p{N}/u.test(text) && !title.startsWith(text) ? `${text}: ${title}` : title;

/**
 * Returns what a component gives Streamlit to call once its element is gone.
 *
 * Streamlit calls it, too, for content that the next content overtook while the script was on the way. The element is
 * still in the page then: to end would lose what a person types there, and where they look.
 *
 * @param {Node} parent
 * @param {() => void} end
 */
export const onceGone = (parent, end) => () => {
  if (!parent.isConnected) end();
};
