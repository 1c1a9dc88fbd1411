// Bars of what is known of the images: each says how many images have a value, and a click lets only these through.

import { element } from "../shared/elements.js";
import { formatCount } from "../shared/texts.js";

/** @import { FrontendRendererArgs } from "@streamlit/component-v2-lib" */

/**
 * What filter_bars.py sends. `all` is how many images have the value of a bar, `count` how many of these the filters of
 * the other columns let through.
 *
 * @typedef {{ name: string, all: number, count: number, on: boolean }} Bar
 * @typedef {{ name: string, numeric: boolean, filtered: boolean, bars: Bar[] }} FilterColumn
 * @typedef {{ column: string, bar: number, extend: boolean }} Click
 */

/** @param {FrontendRendererArgs<{ clicked: Click }, { columns: FilterColumn[] }>} component */
export default function ({ data, parentElement, setTriggerValue }) {
  const host = parentElement.querySelector(".filters") ?? element(parentElement, "div", "filters");
  const focused = host.querySelector(":focus")?.id;
  host.replaceChildren();
  for (const column of data.columns) {
    appendColumn(host, column, (bar, extend) => setTriggerValue("clicked", { column: column.name, bar, extend }));
  }
  if (focused) /** @type {HTMLElement | null} */ (host.querySelector(`#${CSS.escape(focused)}`))?.focus();
}

/**
 * @param {Node} host
 * @param {FilterColumn} column
 * @param {(bar: number, extend: boolean) => void} click
 */
function appendColumn(host, { name, numeric, filtered, bars }, click) {
  const section = element(host, "section", filtered ? "column filtered" : "column");
  const hint = numeric ? " (Shift and click for a range)" : "";
  element(section, "h4", "", name + hint);
  const most = Math.max(1, ...bars.map(({ all }) => all));
  bars.forEach((bar, index) => {
    const row = element(section, "button", bar.on || !filtered ? "bar" : "bar off");
    const title = `${bar.name}: ${formatCount(bar.count)} of ${formatCount(bar.all)} images`;
    Object.assign(row, {
      type: "button",
      id: `${name} ${index}`,
      title,
      ariaLabel: title,
      ariaPressed: String(bar.on),
    });
    element(row, "bdi", "name", bar.name);
    const track = element(row, "span", "track");
    element(track, "span", "all").style.width = `${(100 * bar.all) / most}%`;
    element(track, "span", "length").style.width = `${(100 * bar.count) / most}%`;
    element(row, "span", "number", formatCount(bar.count));
    row.onclick = (event) => {
      click(index, event.shiftKey);
    };
  });
}
