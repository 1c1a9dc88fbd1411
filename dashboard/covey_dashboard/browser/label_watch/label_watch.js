// Asks now and then whether somebody else has changed the labels, and then lets Streamlit run what shows them again.

import { fetchJson } from "../shared/fetch_json.js";

/** @import { FrontendRendererArgs } from "@streamlit/component-v2-lib" */

const WATCH = 4000; // milliseconds between two looks; what happens meanwhile is one change

/** @param {FrontendRendererArgs<{ changed: string }, { address: string, shown: string }>} component */
export default function ({ data: { address, shown }, setTriggerValue }) {
  let isShown = true;
  const look = async () => {
    const version = document.hidden ? shown : await fetchJson(address);
    if (isShown && version !== undefined && version !== shown) setTriggerValue("changed", shown);
  };
  const timer = setInterval(() => void look(), WATCH);
  return () => {
    isShown = false;
    clearInterval(timer);
  };
}
