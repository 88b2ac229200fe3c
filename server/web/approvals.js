/** The inbox of questions that wait for somebody of the shop. */

import * as api from "./api.js";
import { ApprovalCard, approvalFrom } from "./approval-card.js";
import { announce, button, fill, h, icon } from "./dom.js";
import { ago } from "./words.js";

const REFRESH_MS = 15000;

export class Approvals {
  count = 0;
  /** @type {Map<string, ApprovalCard>} */ #cards = new Map();
  #list = h("div", { class: "approval-list" });

  /** @param {import("./types.js").Principal} principal @param {(count: number) => void} onCount */
  constructor(principal, onCount) {
    this.principal = principal;
    this.onCount = onCount;
    this.el = h("section", { class: "inbox scroller", "aria-label": "Approvals" },
      h("div", { class: "column" },
        h("header", { class: "inbox-head" }, h("h2", { tabindex: -1 }, "Approvals"), h("p", {}, "Calls that the shop's rules do not let an assistant make alone. The figures come from the shop's records.")),
        this.#list));
    this.timer = window.setInterval(() => document.hidden || this.refresh(), REFRESH_MS);
  }

  async refresh() {
    try {
      const { items } = await api.openApprovals();
      this.#show(items);
    } catch (error) {
      if (!this.#cards.size) fill(this.#list, h("div", { class: "turn-error", role: "alert" }, icon("alert"), h("span", {}, /** @type {Error} */ (error).message), button("small", () => this.refresh(), icon("retry"), "Try again")));
    }
  }

  /** Keep cards that are being worked on, add new ones, drop those decided elsewhere. @param {any[]} items */
  #show(items) {
    const ids = new Set(items.map((item) => item.id));
    for (const [id, card] of this.#cards) {
      if (ids.has(id) || !card.open || card.el.dataset.state === "busy") continue;
      card.el.remove();
      this.#cards.delete(id);
    }
    if (!this.#cards.size) fill(this.#list);
    for (const item of items) if (!this.#cards.has(item.id)) this.#add(item);
    this.#counted(items.length);
    if (!this.#cards.size) fill(this.#list, h("div", { class: "empty" }, icon("check"), h("p", {}, "Nothing waits for you.")));
  }

  /** @param {any} raw */
  #add(raw) {
    const approval = approvalFrom(raw, this.principal);
    const from = [approval.requester && `asked by ${approval.requester}`, approval.createdAt && ago(approval.createdAt)].filter(Boolean).join(" · ");
    const context = h("p", { class: "asked" }, from, approval.threadId && h("a", { href: `#/t/${approval.threadId}` }, "Open the conversation"));
    const card = new ApprovalCard(approval, async ({ verdict, args, message }) => {
      await api.decideApproval(approval.id, { decision: verdict, ...(args ? { args } : {}), ...(message ? { message } : {}) });
      card.close(verdict, "you");
      announce(`Decided: ${approval.title}`);
      /** @type {HTMLElement|null} */ (card.el.querySelector(".outcome"))?.focus();
      this.#counted(this.count - 1);
    }, context);
    this.#cards.set(approval.id, card);
    this.#list.append(card.el);
  }

  /** Leave only what is open: called when the inbox is shown. */
  tidy() {
    for (const [id, card] of this.#cards) if (!card.open) { card.el.remove(); this.#cards.delete(id); }
  }

  /** @param {number} count */
  #counted(count) {
    this.count = Math.max(0, count);
    this.onCount(this.count);
  }

  stop() {
    clearInterval(this.timer);
  }
}
