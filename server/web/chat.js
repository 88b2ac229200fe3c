/** The conversation in the middle of the page: turns, the run being followed, and the composer. */

import * as api from "./api.js";
import { Composer } from "./composer.js";
import { announce, button, fill, h, icon, uuid } from "./dom.js";
import { askedBy, replay } from "./history.js";
import { Run } from "./run.js";
import { assistantFor, promptsFor } from "./session.js";
import { Turn } from "./turn.js";

/** @typedef {import("./types.js").Principal} Principal */
/** @typedef {import("./types.js").Decision} Decision */

const WATCH_MS = 4000;
const NEAR_PX = 120;

export class Chat {
  /** @type {string|null} */ threadId = null;
  /** @type {Turn|null} */ #turn = null;
  /** @type {Run|null} */ #run = null;
  #visit = 0;
  #watch = 0;
  #stick = true;
  #life = new AbortController();

  /** @param {Principal} principal @param {{onThread: (id: string, text: string) => void, onChange: () => void}} hooks */
  constructor(principal, hooks) {
    this.principal = principal;
    this.hooks = hooks;
    const placeholder = principal.role === "customer" ? "Ask about your order…" : "Ask anything about the shop…";
    this.composer = new Composer({ placeholder, onSend: (text) => this.send(text), onStop: () => this.stop() });
    this.log = h("div", { class: "turns", role: "log", "aria-live": "off", "aria-label": "Conversation" });
    this.banner = h("p", { class: "banner", role: "status", hidden: true });
    this.latest = button("latest", () => this.#scroll(true), icon("down"), "Latest");
    this.latest.hidden = true;
    this.scroller = h("div", { class: "scroller", tabindex: -1, on: { scroll: () => this.#scrolled() } }, h("div", { class: "column" }, this.log));
    this.el = h("section", { class: "chat" }, this.banner, this.scroller, h("div", { class: "dock" }, this.latest, this.composer.el));
    this.log.addEventListener("grown", () => this.#scroll());
    for (const name of ["online", "offline"]) window.addEventListener(name, () => this.#connection(navigator.onLine), { signal: this.#life.signal });
  }

  /** Let go of everything: the person signed out. */
  close() {
    this.#leave();
    this.#life.abort();
  }

  /** Show a conversation, or an empty one. @param {string|null} threadId */
  async open(threadId) {
    const visit = this.#leave();
    this.threadId = threadId;
    this.#turn = null;
    this.#stick = true;
    if (!threadId) return this.#welcome();
    fill(this.log, h("p", { class: "loading" }, h("span", { class: "skeleton" }), h("span", { class: "skeleton" }), h("span", { class: "skeleton" }), h("span", { class: "visually-hidden" }, "Loading the conversation")));
    try {
      const [thread, state] = await Promise.all([api.getThread(threadId), api.getState(threadId)]);
      if (visit !== this.#visit) return;
      fill(this.log);
      this.#turn = replay(state, thread.status, (id, text) => this.#newTurn(id, text));
      this.#scroll(true);
      if (thread.status === "busy") await this.#attach(visit);
      else if (thread.status === "interrupted") this.#watchDecision();
    } catch (error) {
      if (visit === this.#visit) this.#cannotOpen(threadId, /** @type {Error} */ (error));
    }
  }

  /** @returns {number} a number that tells whether a later visit began */
  #leave() {
    this.#run?.leave();
    this.#run = null;
    clearInterval(this.#watch);
    this.composer.busy = false;
    this.#connection(navigator.onLine);
    return ++this.#visit;
  }

  #welcome() {
    const merchant = this.principal.role !== "customer";
    const first = this.principal.name.split(" ")[0];
    fill(this.log, h("div", { class: "welcome" },
      h("div", { class: "welcome-mark" }, icon("shop")),
      h("h2", {}, first ? `Hello ${first}, what can I do?` : "What can I do for you?"),
      h("p", {}, merchant ? `Orders, stock, listings, refunds and reports of ${this.principal.tenant.name}.` : `Orders, deliveries, returns and questions about ${this.principal.tenant.name}.`),
      h("ul", { class: "prompts" }, promptsFor(this.principal).map((text) => h("li", {}, h("button", { type: "button", class: "prompt", on: { click: () => this.send(text) } }, text, icon("arrow")))))));
  }

  /** @param {string} threadId @param {Error} error */
  #cannotOpen(threadId, error) {
    const gone = error instanceof api.ApiError && error.status === 404;
    fill(this.log, h("div", { class: "turn-error", role: "alert" }, icon("alert"), h("span", {}, gone ? "This conversation does not exist." : error.message),
      gone ? null : button("small", () => this.open(threadId), icon("retry"), "Try again")));
  }

  /** @param {string|null} id @param {string} text */
  #newTurn(id, text) {
    if (!this.#turn) fill(this.log, ...this.log.querySelectorAll(".turn"));
    /** @type {Turn} */ const turn = new Turn(id, text, this.principal, (card, decision) => this.#decide(turn, card, decision));
    this.#turn = turn;
    this.log.append(turn.el);
    return turn;
  }

  /** @param {string} text */
  async send(text) {
    if (this.composer.busy) return;
    const before = this.#turn;
    const id = uuid();
    const turn = this.#newTurn(id, text);
    this.composer.focus();
    this.#scroll(true);
    const body = { assistant_id: assistantFor(this.principal), input: { messages: [{ id, type: "human", content: text }] } };
    const key = uuid();
    const attempt = async () => {
      const accepted = () => before?.closeApprovals("superseded");
      try {
        await this.#start(turn, text, body, key, accepted);
      } catch (error) {
        turn.fail(/** @type {Error} */ (error).message, attempt);
      }
    };
    await attempt();
  }

  /**
   * Start a run and follow it. Rejects when the server did not accept the run.
   *
   * @param {Turn} turn
   * @param {string} title
   * @param {Record<string, any>} body
   * @param {string} key
   * @param {() => void} onAccepted
   */
  async #start(turn, title, body, key, onAccepted) {
    const visit = this.#visit;
    this.composer.busy = true;
    turn.busy(true);
    clearInterval(this.#watch);
    try {
      if (!this.threadId) {
        const { thread_id: threadId } = await api.createThread();
        if (visit !== this.#visit) return;
        this.threadId = threadId;
        this.hooks.onThread(threadId, title);
      }
      const run = this.#track(this.threadId, turn);
      const response = await run.start(body, key);
      if (visit !== this.#visit) return;
      onAccepted();
      this.hooks.onChange();
      this.#finish(run, run.read(response), visit);
    } catch (error) {
      if (visit !== this.#visit) return;
      this.composer.busy = false;
      turn.busy(false);
      throw error;
    }
  }

  /** @param {string} threadId @param {Turn} turn */
  #track(threadId, turn) {
    this.#run = new Run(threadId, turn, {
      onLive: (live) => this.#connection(live),
      onEvent: (event) => {
        this.#scroll();
        if (event.type !== "approval.requested") return;
        announce(`A decision is needed: ${event.title}`);
        this.hooks.onChange();
      },
    });
    return this.#run;
  }

  /** Follow the run that works on this conversation already. @param {number} visit */
  async #attach(visit) {
    const threadId = /** @type {string} */ (this.threadId);
    const runId = await api.activeRun(threadId);
    if (visit !== this.#visit) return;
    if (!runId) return this.#again(visit);
    const turn = this.#turn ?? this.#newTurn(null, "");
    this.composer.busy = true;
    turn.busy(true);
    const run = this.#track(threadId, turn);
    run.id = runId;
    this.#finish(run, run.read(null), visit);
  }

  /** The run ended between two calls: look once more, a little later. @param {number} visit */
  #again(visit) {
    setTimeout(() => visit === this.#visit && this.open(this.threadId), 700);
  }

  /** @param {Run} run @param {Promise<{status: string}>} reading @param {number} visit */
  async #finish(run, reading, visit) {
    let status = "failed";
    try {
      status = (await reading).status;
    } catch (error) {
      run.error = /** @type {Error} */ (error).message;
    }
    if (visit !== this.#visit) return;
    const { turn } = run;
    this.composer.busy = false;
    this.#connection(navigator.onLine);
    turn.busy(false);
    if (run.error) turn.fail(run.error, turn.text ? () => this.send(turn.text) : null);
    if (status === "interrupted" && !turn.openApproval) await this.#fetchQuestion(turn);
    if (status === "interrupted") this.#watchDecision();
    this.hooks.onChange();
    this.#scroll();
  }

  /** @param {Turn} turn */
  async #fetchQuestion(turn) {
    const state = await api.getState(/** @type {string} */ (this.threadId)).catch(() => ({ interrupts: [] }));
    for (const interrupt of state.interrupts ?? []) {
      const event = askedBy(interrupt);
      if (event) turn.apply(event, "history");
    }
  }

  /** Somebody else may decide elsewhere: notice it and show what follows. */
  #watchDecision() {
    clearInterval(this.#watch);
    const visit = this.#visit;
    this.#watch = window.setInterval(async () => {
      if (document.hidden || this.composer.busy || !this.threadId) return;
      const thread = await api.getThread(this.threadId).catch(() => null);
      const editing = this.log.querySelector(".approval form, .approval[data-state=busy]");
      if (thread && visit === this.#visit && !this.composer.busy && thread.status !== "interrupted" && !editing) this.open(this.threadId);
    }, WATCH_MS);
  }

  /** @param {Turn} turn @param {import("./approval-card.js").ApprovalCard} card @param {Decision} decision */
  async #decide(turn, card, { verdict, args, message }) {
    const one = {
      approve: { type: "approve" },
      edit: { type: "edit", edited_action: { name: card.approval.tool, args } },
      reject: { type: "reject", message: message || "Declined." },
    }[verdict];
    const body = { assistant_id: assistantFor(this.principal), command: { resume: { decisions: [one] } } };
    this.#stick = true;
    await this.#start(turn, turn.text, body, uuid(), () => card.close(verdict));
    this.composer.focus();
  }

  async stop() {
    const run = this.#run;
    if (!run) return;
    try {
      await run.cancel();
    } catch (error) {
      run.turn.fail(/** @type {Error} */ (error).message, null);
    }
  }

  /** @param {boolean} live */
  #connection(live) {
    const offline = !navigator.onLine;
    const show = offline || (!live && this.composer.busy);
    this.banner.hidden = !show;
    if (show) fill(this.banner, h("span", { class: "spinner" }), offline ? "You are offline. The answer goes on when you are back." : "Connection lost. Reconnecting…");
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    this.#stick = scrollHeight - scrollTop - clientHeight < NEAR_PX;
    this.latest.hidden = this.#stick;
  }

  /** Keep the end in view, unless the person scrolled up. @param {boolean} [force] */
  #scroll(force = false) {
    if (force) this.#stick = true;
    if (this.#stick) this.scroller.scrollTop = this.scroller.scrollHeight;
    else this.latest.hidden = false;
  }
}
