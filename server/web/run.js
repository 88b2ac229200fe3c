/** Follows one run: its server-sent events become calls on a turn. */

import * as api from "./api.js";
import { follow } from "./sse.js";
import { contentText } from "./words.js";

/** @typedef {import("./turn.js").Turn} Turn */
/** @typedef {import("./types.js").RunEvent} RunEvent */
/** @typedef {{status: string}} Outcome success, interrupted, cancelled, failed, or unknown when the log ended without saying */

export class Run {
  #abort = new AbortController();
  /** @type {string} */ id = "";
  /** @type {Outcome} */ outcome = { status: "unknown" };
  /** @type {string|undefined} */ error;
  #replaying = false;

  /**
   * @param {string} threadId
   * @param {Turn} turn
   * @param {{onLive: (live: boolean) => void, onEvent?: (event: RunEvent) => void}} hooks
   */
  constructor(threadId, turn, hooks) {
    this.threadId = threadId;
    this.turn = turn;
    this.hooks = hooks;
  }

  /**
   * Start a run. Rejects when the server did not accept it; the caller may try again with the same key.
   *
   * @param {Record<string, any>} body
   * @param {string} key
   */
  async start(body, key) {
    const response = await api.startRun(this.threadId, body, { key, signal: this.#abort.signal });
    const where = response.headers.get("Content-Location") ?? response.headers.get("Location") ?? "";
    this.id = /\/runs\/([^/]+)/.exec(where)?.[1] ?? "";
    return response;
  }

  /** Read to the end, from an open response or from the start of the run's log. @param {Response|null} first */
  async read(first) {
    const { signal } = this.#abort;
    this.#replaying = first === null;
    await follow({
      first,
      signal,
      join: (after) => api.joinRun(`/threads/${this.threadId}/runs/${this.id}/stream`, after, signal),
      onLive: this.hooks.onLive,
      onEvent: ({ event, data }) => this.#event(event, JSON.parse(data || "null")),
    });
    return this.outcome;
  }

  /** @param {string} name @param {any} data @returns {boolean} whether the run is over */
  #event(name, data) {
    const mode = name.split("|")[0];
    if (mode === "metadata") this.id = data?.run_id ?? this.id;
    else if (mode === "messages") this.#chunk(data[0], data[1]);
    else if (mode === "custom") return this.#custom(data);
    else if (mode === "error") this.#fail(data?.message ?? "The run failed.");
    return this.outcome.status !== "unknown";
  }

  /** @param {any} chunk @param {any} meta */
  #chunk(chunk, meta) {
    if (meta?.tags?.includes("nostream")) return;
    if (chunk.type === "AIMessageChunk") this.turn.token(chunk.id, contentText(chunk.content));
    else if (chunk.type === "ai") this.turn.apply({ type: "message", message: chunk }, this.id);
  }

  /** @param {RunEvent} event */
  #custom(event) {
    const own = event.type === "message" && event.message.type === "human" && event.message.id === this.turn.messageId;
    if (own && this.#replaying) this.turn.reset();
    if (event.type === "run.failed") this.#fail(event.message);
    if (event.type === "run.finished") this.outcome = { status: event.status };
    this.turn.apply(event, this.id);
    this.hooks.onEvent?.(event);
    return this.outcome.status !== "unknown";
  }

  /** @param {string} text */
  #fail(text) {
    if (this.outcome.status === "unknown") this.outcome = { status: "failed" };
    this.error ??= text;
  }

  /** Stop following. The run itself goes on. */
  leave() {
    this.#abort.abort();
  }

  /** Ask the server to stop the run; its stream then says so. */
  async cancel() {
    if (this.id) await api.cancelRun(this.threadId, this.id);
  }
}
