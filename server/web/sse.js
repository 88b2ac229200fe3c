/** Server-sent events over fetch, because EventSource can send neither a token nor a body. */

import { ApiError } from "./api.js";

/** @typedef {import("./types.js").ServerEvent} ServerEvent */

/** Turns pieces of text into events, wherever the network cut them (https://html.spec.whatwg.org/#event-stream-interpretation). */
export class EventParser {
  #rest = "";
  #event = "";
  /** @type {string[]} */
  #data = [];
  /** @type {string|null} */
  #id = null;

  /** @param {string} text @returns {ServerEvent[]} */
  push(text) {
    this.#rest += text;
    const events = [];
    for (;;) {
      const end = this.#rest.search(/\r\n|\n|\r(?!$)/);
      if (end < 0) return events;
      const line = this.#rest.slice(0, end);
      this.#rest = this.#rest.slice(end + (this.#rest.startsWith("\r\n", end) ? 2 : 1));
      if (line !== "") this.#field(line);
      else if (this.#event || this.#data.length) events.push(this.#flush());
    }
  }

  /** @param {string} line */
  #field(line) {
    const colon = line.indexOf(":");
    if (colon === 0) return;
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "event") this.#event = value;
    else if (name === "data") this.#data.push(value);
    else if (name === "id" && !value.includes("\0")) this.#id = value;
  }

  #flush() {
    const event = { event: this.#event || "message", data: this.#data.join("\n"), id: this.#id };
    this.#event = "";
    this.#data = [];
    this.#id = null;
    return event;
  }
}

/** Whether event id `a` is at or before `b`; ids are `seq-n`. @param {string} a @param {string} b */
export function notAfter(a, b) {
  const [left, right] = [a, b].map((id) => id.split("-").map(Number));
  if ([...left, ...right].some(Number.isNaN)) return a === b;
  return left[0] !== right[0] ? left[0] < right[0] : (left[1] ?? 0) <= (right[1] ?? 0);
}

/** Heartbeats come every 5 s, so a connection silent for this long is dead. */
const SILENCE_MS = 20000;
const LONGEST_WAIT_MS = 5000;
const TRIES = 40;

/**
 * @param {Response} response
 * @param {(event: ServerEvent) => boolean} onEvent returns true at the last one
 * @returns {Promise<boolean>} whether the last one came
 */
async function drain(response, onEvent) {
  const reader = /** @type {ReadableStream<Uint8Array>} */ (response.body).getReader();
  const decoder = new TextDecoder();
  const parser = new EventParser();
  try {
    for (;;) {
      let timer = 0;
      const silence = new Promise((_, reject) => {
        timer = window.setTimeout(() => reject(new Error("silent")), SILENCE_MS);
      });
      const { done, value } = await Promise.race([reader.read(), silence]).finally(() => clearTimeout(timer));
      if (done) return false;
      for (const event of parser.push(decoder.decode(value, { stream: true }))) if (onEvent(event)) return true;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

/** Wait, but not longer than until the network is back. @param {number} ms @param {AbortSignal} signal */
function pause(ms, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    window.addEventListener("online", resolve, { once: true, signal });
    signal.addEventListener("abort", () => { clearTimeout(timer); resolve(undefined); }, { once: true });
  });
}

/**
 * Read a run's events to the end, rejoining after the last one seen whenever the connection breaks.
 *
 * @param {object} options
 * @param {Response|null} options.first an open stream, or null to join
 * @param {(after: string) => Promise<Response>} options.join opens the stream after an event id
 * @param {(event: ServerEvent) => boolean|void} options.onEvent returns true once the run is known to be over, so that an end
 *   of the stream without an `end` event is no reason to join again
 * @param {(live: boolean) => void} options.onLive whether the connection stands
 * @param {AbortSignal} options.signal
 */
export async function follow({ first, join, onEvent, onLive, signal }) {
  let response = first;
  let last = "-1";
  let settled = false;
  for (let failures = 0; !signal.aborted; ) {
    const joinedAfter = response ? null : last;
    try {
      response ??= await join(last);
      onLive(true);
      const over = await drain(response, (event) => {
        if (signal.aborted) return true;
        failures = 0;
        if (event.id !== null) {
          if (joinedAfter && joinedAfter !== "-1" && notAfter(event.id, joinedAfter)) return false;
          last = event.id;
        }
        settled = Boolean(onEvent(event)) || settled;
        return event.event === "end" || event.event === "error";
      });
      if (over || settled) return;
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof ApiError && !error.retryable) throw error;
    }
    response = null;
    failures += 1;
    if (failures > TRIES) throw new ApiError(0, "The connection to the server was lost.", "unreachable");
    onLive(false);
    await pause(Math.min(LONGEST_WAIT_MS, 150 * 2 ** Math.min(failures, 6)) * (0.5 + Math.random() / 2), signal);
  }
}
