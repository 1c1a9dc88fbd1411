/**
 * Returns what an address answers as JSON; undefined if it does not.
 *
 * @param {string} address
 * @returns {Promise<unknown>}
 */
export async function fetchJson(address) {
  try {
    const answer = await fetch(address);
    return answer.ok ? await answer.json() : undefined;
  } catch {
    return undefined; // the server is gone, or what it says is no JSON
  }
}
