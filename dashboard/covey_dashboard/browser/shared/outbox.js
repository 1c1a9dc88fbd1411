// What a person asked for and Python has not answered yet: it is sent again with each further request, so that none is
// lost while the page is answering.

/**
 * @template {object} Request
 * @typedef {Request & { id: number }} Numbered
 */

/** @template {object} Request */
export class Outbox {
  /** @type {Numbered<Request>[]} */
  requests = [];
  lastId = 0;

  /**
   * Adds a request, and returns all that are to be sent. Numbers grow over reloads of the page too.
   *
   * @param {Request} request
   */
  add(request) {
    this.lastId = Math.max(this.lastId + 1, Date.now());
    this.requests.push({ ...request, id: this.lastId });
    return [...this.requests];
  }

  /** @param {number} answered The number of the last request that Python has answered. */
  settle(answered) {
    this.requests = this.requests.filter(({ id }) => id > answered);
  }
}
