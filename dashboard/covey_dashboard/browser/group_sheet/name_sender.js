// Names of groups on their way to Python: past Streamlit, which would run the whole sheet for each of them.

import { Outbox } from "../shared/outbox.js";

/** @import { Numbered } from "../shared/outbox.js" */

/**
 * What Python answers: the number of the last name that it has saved, and what is shown of the groups from then on.
 *
 * @template Group, ClassEntry
 * @typedef {{ answered: number, groups: Group[], classes: ClassEntry[] }} Answer
 */

/** @typedef {{ group: number, name: string }} NameRequest */

const RETRY_MS = 1000;
const LAST_TRIES = 60; // when the sheet is gone: labels that are held for a while replace it by a sentence
const AT_ONCE = 20; // names in one request: what browsers send although the page is left is limited to 64 kB

/** @template Group, ClassEntry */
export class NameSender {
  /** @type {Outbox<NameRequest>} */
  outbox = new Outbox();
  address = "";
  isSending = false;
  triesLeft = Infinity;
  /** @type {(answer: Answer<Group, ClassEntry>, tookMs: number) => void} What happens with an answer. */
  receive = () => {};
  /** @type {() => void} What happens when there is none. */
  fail = () => {};

  /** @param {NameRequest} request */
  add(request) {
    this.outbox.add(request);
    void this.send();
  }

  /** @param {number} group */
  isAwaited(group) {
    return this.outbox.requests.some((request) => request.group === group);
  }

  /** Does not try forever any more: the sheet is gone. */
  leave() {
    this.triesLeft = LAST_TRIES;
  }

  /** Sends all names that were not answered, until none is left. */
  async send() {
    if (this.isSending) return;
    this.isSending = true;
    while (this.outbox.requests.length && this.triesLeft > 0) await this.sendOnce();
    this.isSending = false;
  }

  async sendOnce() {
    const begin = performance.now();
    const answer = await postNames(this.address, this.outbox.requests.slice(0, AT_ONCE));
    if (answer) {
      this.outbox.settle(answer.answered);
      this.receive(/** @type {Answer<Group, ClassEntry>} */ (answer), performance.now() - begin);
    } else {
      this.triesLeft -= 1;
      this.fail();
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

/**
 * Returns the answer; undefined if there is none.
 *
 * @param {string} address
 * @param {Numbered<NameRequest>[]} requests
 * @returns {Promise<Answer<unknown, unknown> | undefined>}
 */
async function postNames(address, requests) {
  try {
    const answer = await fetch(address, { method: "POST", body: JSON.stringify(requests), keepalive: true });
    return answer.ok ? /** @type {Answer<unknown, unknown>} */ (await answer.json()) : undefined;
  } catch {
    return undefined; // the server is gone, or begins anew
  }
}
