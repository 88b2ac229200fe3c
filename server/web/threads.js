/** The list of conversations. */

import * as api from "./api.js";
import { fill, h } from "./dom.js";
import { ago, contentText, dayGroup } from "./words.js";

/** @typedef {import("./types.js").Thread} Thread */

const STATES = /** @type {Record<string, string>} */ ({ busy: "working", interrupted: "waits for a decision", error: "failed" });

/** @param {Thread} thread */
export function titleOf(thread) {
  const first = thread.values?.messages?.find((message) => message.type === "human");
  return thread.metadata?.title || contentText(first?.content).trim().slice(0, 120) || "New conversation";
}

export class Threads {
  /** @type {Thread[]} */ items = [];
  /** @type {string|null} */ current = null;
  #asked = 0;

  /** @param {() => void} onPick called when a person picks one; the link itself changes the address */
  constructor(onPick) {
    this.onPick = onPick;
    this.el = h("nav", { class: "threads", "aria-label": "Conversations" });
  }

  async refresh() {
    const asked = ++this.#asked;
    const items = await api.searchThreads().catch(() => null);
    if (!items || asked !== this.#asked) return;
    const fresh = this.items.find((item) => item.thread_id === this.current && !items.some((other) => other.thread_id === item.thread_id));
    this.items = fresh ? [fresh, ...items] : items;
    this.#draw();
  }

  /** Show a conversation that was just created. @param {string} id @param {string} title */
  add(id, title) {
    this.items = [{ thread_id: id, updated_at: new Date().toISOString(), status: "busy", metadata: { title } }, ...this.items];
    this.select(id);
  }

  /** @param {string|null} id */
  select(id) {
    this.current = id;
    this.#draw();
  }

  /** @param {string|null} id */
  title(id) {
    const thread = this.items.find((item) => item.thread_id === id);
    return thread ? titleOf(thread) : null;
  }

  #draw() {
    const groups = /** @type {Map<string, HTMLElement>} */ (new Map());
    for (const thread of this.items) {
      const name = dayGroup(thread.updated_at);
      if (!groups.has(name)) groups.set(name, h("ul", { "aria-label": name }));
      groups.get(name)?.append(h("li", {}, this.#link(thread)));
    }
    if (!groups.size) return fill(this.el, h("p", { class: "quiet" }, "No conversations yet."));
    return fill(this.el, [...groups].flatMap(([name, list]) => [h("h2", { class: "group", "aria-hidden": "true" }, name), list]));
  }

  /** @param {Thread} thread */
  #link(thread) {
    const state = STATES[thread.status];
    return h("a", {
      href: `#/t/${thread.thread_id}`, class: "thread", data: { status: thread.status },
      "aria-current": thread.thread_id === this.current ? "page" : null, on: { click: () => this.onPick() },
    }, h("span", { class: "thread-title" }, titleOf(thread)),
    state && h("span", { class: "dot", title: state }, h("span", { class: "visually-hidden" }, state)),
    h("time", { datetime: thread.updated_at }, ago(thread.updated_at)));
  }
}
