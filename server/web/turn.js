/** One turn of a conversation: what a person wrote and everything that a run did about it, in order. */

import { ApprovalCard, approvalFrom } from "./approval-card.js";
import { button, fill, h, icon } from "./dom.js";
import { showMarkdown } from "./markdown.js";
import { ToolCard } from "./tool-card.js";
import { agentName, contentText, routeWords } from "./words.js";

/** @typedef {import("./types.js").RunEvent} RunEvent */
/** @typedef {import("./types.js").Decision} Decision */
/** @typedef {{el: HTMLElement, text: string, final: boolean, frame: number}} Answer */

const HAND_OVER = "transfer";

export class Turn {
  /** @type {Map<string, ToolCard>} */ #tools = new Map();
  /** @type {Map<string, Answer>} */ #answers = new Map();
  /** @type {Map<string, ApprovalCard>} */ #approvals = new Map();
  /** @type {Map<string, string>} */ #citations = new Map();
  #agent = "";
  #parts = h("div", { class: "parts" });
  #foot = h("div", { class: "turn-foot" });
  #thinking = h("p", { class: "thinking" }, h("span", { class: "dots", "aria-hidden": "true" }, h("i"), h("i"), h("i")), h("span", { class: "visually-hidden" }, "The assistant is working"));

  /**
   * @param {string|null} messageId of the person's message
   * @param {string} text
   * @param {{role: string}} principal
   * @param {(card: ApprovalCard, decision: Decision) => Promise<void>} onDecide
   */
  constructor(messageId, text, principal, onDecide) {
    this.messageId = messageId;
    this.text = text;
    this.principal = principal;
    this.onDecide = onDecide;
    this.el = h("article", { class: "turn" },
      text && h("div", { class: "said" }, h("span", { class: "visually-hidden" }, "You: "), text),
      h("div", { class: "reply" }, this.#parts, this.#thinking, this.#foot));
    this.busy(false);
  }

  get openApproval() {
    return [...this.#approvals.values()].find((card) => card.open) ?? null;
  }

  /** Forget what was shown: the run is about to be replayed from its start. */
  reset() {
    for (const map of [this.#tools, this.#answers, this.#approvals]) map.clear();
    this.#agent = "";
    fill(this.#parts);
    fill(this.#foot);
  }

  /** @param {boolean} on */
  busy(on) {
    this.el.toggleAttribute("data-busy", on);
    this.#thinking.hidden = !on;
    if (!on) for (const answer of this.#answers.values()) this.#settle(answer);
  }

  /** Apply a run event. @param {RunEvent} event @param {string} run the run's id, since call ids are unique within it */
  apply(event, run) {
    switch (event.type) {
      case "run.started": return event.attempt > 1 ? this.#dropDrafts() : undefined;
      case "message": return this.#message(event.message);
      case "route": return this.#route(event.agent, event.by, event.confidence, event.reason);
      case "tool.started": return this.#toolStarted(event, run);
      case "tool.finished": return this.#toolFinished(event, run);
      case "approval.requested": return this.#ask(event);
      case "approval.decided": return this.#approvals.get(event.approval_id)?.close(event.decision, event.by);
      case "draft.discarded": return this.#discard(event.message_id);
      case "answer.checked": return this.#note("shield", event.action === "withheld"
        ? "The answer named something the records do not show, so it was withheld." : "The answer was checked against the records and written again.");
      case "run.finished": return this.#finished(event);
      default: return undefined;
    }
  }

  /** @param {HTMLElement} part */
  #append(part) {
    this.#parts.append(part);
  }

  /** @param {string} agent @param {string} by @param {number} [confidence] @param {string} [reason] */
  #route(agent, by, confidence, reason) {
    if (agent === this.#agent) return;
    this.#agent = agent;
    this.#append(h("p", { class: "agent", data: { agent }, title: reason || null },
      h("span", { class: "agent-name" }, agentName(agent)), by && h("span", { class: "agent-by" }, routeWords(by, confidence))));
  }

  /** @param {RunEvent} event @param {string} run @returns {ToolCard} */
  #card(event, run) {
    const key = `${run}/${event.call_id}`;
    const known = this.#tools.get(key);
    if (known) return known;
    const args = JSON.stringify(event.args ?? null);
    const earlier = [...this.#tools].find(([other, shown]) => shown.tool === event.tool && !other.startsWith(`${run}/`)
      && (shown.status === "pending" || (other === `history/${event.call_id}` && JSON.stringify(shown.args) === args)));
    const card = earlier?.[1] ?? new ToolCard(event.tool, event.args ?? {});
    this.#tools.set(key, card);
    if (!earlier) this.#append(card.el);
    return card;
  }

  /** @param {RunEvent} event @param {string} run */
  #toolStarted(event, run) {
    if (event.tool === HAND_OVER) return;
    const card = this.#card(event, run);
    card.setArgs(event.args ?? card.args);
    card.restart();
  }

  /** @param {RunEvent} event @param {string} run */
  #toolFinished(event, run) {
    if (event.tool === HAND_OVER && event.status === "ok") return;
    this.#card(event, run).finish(/** @type {any} */ (event));
    const cites = event.result?.citations;
    for (const { number, title, heading } of Array.isArray(cites) ? cites : []) {
      this.#citations.set(String(number), [title, heading].filter(Boolean).join(" · "));
    }
  }

  /** @param {RunEvent} event */
  #ask(event) {
    const approval = approvalFrom(event, this.principal);
    if (this.#approvals.has(approval.id)) return;
    /** @type {ApprovalCard} */ const card = new ApprovalCard(approval, (decision) => this.onDecide(card, decision));
    this.#approvals.set(approval.id, card);
    this.#append(card.el);
  }

  /** @param {string} id */
  #answer(id) {
    let answer = this.#answers.get(id);
    if (!answer) {
      answer = { el: h("div", { class: "answer markdown", "aria-live": "polite", "aria-busy": "true", data: { streaming: "" } }), text: "", final: false, frame: 0 };
      this.#answers.set(id, answer);
      this.#append(answer.el);
    }
    return answer;
  }

  /** Add a piece of an answer. @param {string} id @param {string} text */
  token(id, text) {
    if (!text || this.#answers.get(id)?.final) return;
    const answer = this.#answer(id);
    answer.text += text;
    answer.frame ||= requestAnimationFrame(() => this.#draw(answer));
  }

  /** @param {Answer} answer */
  #draw(answer) {
    cancelAnimationFrame(answer.frame);
    answer.frame = 0;
    showMarkdown(answer.el, answer.text);
    for (const mark of /** @type {NodeListOf<HTMLElement>} */ (answer.el.querySelectorAll(".cite:not([title])"))) {
      const title = this.#citations.get(mark.dataset.cite ?? "");
      if (title) mark.title = title;
    }
    this.el.dispatchEvent(new CustomEvent("grown", { bubbles: true }));
  }

  /** @param {Answer} answer */
  #settle(answer) {
    answer.final = true;
    this.#draw(answer);
    delete answer.el.dataset.streaming;
    answer.el.setAttribute("aria-busy", "false");
  }

  /** The whole text of a message takes the place of its draft. @param {import("./types.js").Message} message */
  #message(message) {
    if (message.type !== "ai") return;
    const text = contentText(message.content);
    const id = message.id ?? `whole-${this.#answers.size}`;
    if (!text) return this.#discard(id);
    const answer = this.#answer(id);
    answer.text = text;
    this.#settle(answer);
  }

  /** @param {string} id */
  #discard(id) {
    const answer = this.#answers.get(id);
    if (!answer) return;
    cancelAnimationFrame(answer.frame);
    answer.el.remove();
    this.#answers.delete(id);
  }

  #dropDrafts() {
    for (const [id, answer] of [...this.#answers]) if (!answer.final) this.#discard(id);
    for (const card of this.#tools.values()) if (card.status === "running") card.restart();
  }

  /** @param {import("./dom.js").IconName} name @param {string} text */
  #note(name, text) {
    this.#append(h("p", { class: "note" }, icon(name), text));
  }

  /** @param {RunEvent} event */
  #finished(event) {
    if (event.status === "cancelled") {
      for (const card of this.#tools.values()) if (card.status === "running") card.finish({ status: "skipped" });
      this.#note("stop", "Stopped.");
    }
    if (event.status === "success") this.#skipPending();
    if (this.principal.role === "customer" || !event.model_calls) return;
    const tokens = (event.input_tokens ?? 0) + (event.output_tokens ?? 0);
    const count = (/** @type {number} */ n, /** @type {string} */ word) => `${n.toLocaleString("en")} ${word}${n === 1 ? "" : "s"}`;
    this.#foot.textContent = [count(event.model_calls, "model call"), count(event.tool_calls ?? 0, "tool call"), tokens && count(tokens, "token")].filter(Boolean).join(" · ");
  }

  /** The person wrote something else or changed their mind: no open question remains. @param {string} decision @param {string|null} [by] */
  closeApprovals(decision, by = null) {
    for (const card of this.#approvals.values()) if (card.open) card.close(decision, by);
    if (decision === "superseded") this.#skipPending();
  }

  #skipPending() {
    for (const card of this.#tools.values()) if (card.status === "pending") card.finish({ status: "skipped" });
  }

  /** @param {string} text @param {(() => void)|null} retry */
  fail(text, retry) {
    const line = h("div", { class: "turn-error", role: "alert" }, icon("alert"), h("span", {}, text));
    if (retry) line.append(button("small", () => { line.remove(); retry(); }, icon("retry"), "Try again"));
    this.#append(line);
  }
}
