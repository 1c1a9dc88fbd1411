// Keeps the name of the person who uses this browser in a cookie, which only covey's own pages send and read.

/** @import { FrontendRendererArgs } from "@streamlit/component-v2-lib" */

const YEAR_S = 365 * 24 * 3600;

/** @param {FrontendRendererArgs<Record<string, never>, { cookie: string, name: string }>} component */
export default function ({ data: { cookie, name } }) {
  const age = name ? YEAR_S : 0;
  document.cookie = `${cookie}=${encodeURIComponent(name.toWellFormed())}; path=/; max-age=${age}; SameSite=Strict`;
}
