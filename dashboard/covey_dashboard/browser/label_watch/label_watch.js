// Says that another window has changed the labels, so that Streamlit runs what shows them again.

/** @import { FrontendRendererArgs } from "@streamlit/component-v2-lib" */

/** @param {FrontendRendererArgs<{ changed: string }, { shown: string }>} component */
export default function ({ data: { shown }, setTriggerValue }) {
  setTriggerValue("changed", shown);
}
