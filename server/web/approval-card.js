/** A question to a person: may this call run? Everything shown was computed by the server, none of it by the model. */

import { argsForm } from "./args-form.js";
import { button, fill, h, icon, spinner } from "./dom.js";
import { argsTable } from "./tool-card.js";
import { until } from "./words.js";

/** @typedef {import("./types.js").Approval} Approval */
/** @typedef {import("./types.js").Decision} Decision */

const LABELS = {
  confirmation: { kicker: "Please confirm", approve: "Confirm", edit: "Change", reject: "No thanks", send: "Confirm the change" },
  approval: { kicker: "Approval needed", approve: "Approve", edit: "Edit", reject: "Reject", send: "Approve with changes" },
};
const OUTCOMES = /** @type {Record<string, [import("./dom.js").IconName, string]>} */ ({
  approve: ["check", "Approved"],
  edit: ["check", "Approved with changes"],
  reject: ["close", "Rejected"],
  superseded: ["close", "Not executed"],
  expired: ["clock", "Expired"],
});

/** The decision of an event or a state, in the card's terms. @param {any} raw @param {{role: string}} principal @returns {Approval} */
export function approvalFrom(raw, { role }) {
  const allowed = raw.may_decide ?? [];
  return {
    id: raw.approval_id ?? raw.id,
    kind: raw.kind === "confirmation" ? "confirmation" : "approval",
    tool: raw.tool,
    title: raw.title || raw.tool,
    args: raw.args ?? {},
    preview: raw.preview ?? [],
    reason: raw.reason ?? "",
    rule: raw.rule ?? "",
    expiresAt: raw.expires_at ?? "",
    canDecide: raw.can_decide ?? (allowed.length ? allowed.includes(role) : raw.kind === "confirmation"),
    requester: typeof raw.requester === "object" ? raw.requester?.name : raw.requester,
    threadId: raw.thread_id,
    createdAt: raw.created_at,
  };
}

export class ApprovalCard {
  open = true;
  #foot = h("div", { class: "approval-foot" });
  #error = h("p", { class: "inline-error", role: "alert" });

  /**
   * @param {Approval} approval
   * @param {(decision: Decision) => Promise<void>} onDecide rejects with a sentence for the person
   * @param {HTMLElement|null} [context] more about where it comes from
   */
  constructor(approval, onDecide, context = null) {
    this.approval = approval;
    this.onDecide = onDecide;
    const words = LABELS[approval.kind];
    const heading = `approval-${approval.id}`;
    this.el = h("section", { class: "approval", data: { approval: approval.id, state: "open", kind: approval.kind }, "aria-labelledby": heading },
      h("header", {},
        h("p", { class: "kicker" }, icon(approval.kind === "approval" ? "shield" : "alert"), words.kicker),
        h("p", { class: "expiry" }, until(approval.expiresAt))),
      h("h3", { id: heading }, approval.title),
      approval.reason && h("p", { class: "reason" }, approval.reason),
      approval.preview.length > 0 && h("dl", { class: "facts preview" }, approval.preview.flatMap(([label, value]) => [h("dt", {}, label), h("dd", {}, value)])),
      context,
      h("details", { class: "raw" },
        h("summary", {}, icon("chevron", "twist"), "Arguments", approval.rule && h("span", { class: "rule" }, "rule ", h("code", {}, approval.rule))),
        argsTable(approval.args)),
      this.#foot, this.#error);
    this.#ask();
  }

  #ask() {
    const words = LABELS[this.approval.kind];
    this.el.dataset.state = "open";
    if (!this.approval.canDecide) {
      const who = this.approval.kind === "approval" ? "Waiting for the shop to approve" : "Waiting for the customer to confirm";
      fill(this.#foot, h("p", { class: "waiting" }, icon("clock"), who));
      return;
    }
    const confirm = this.approval.kind === "confirmation";
    fill(this.#foot, h("div", { class: "actions" },
      button("primary", () => this.#decide({ verdict: "approve" }), icon("check"), words.approve),
      button("", () => this.#edit(), words.edit),
      button("danger", () => (confirm ? this.#decide({ verdict: "reject" }) : this.#reject()), words.reject)));
  }

  #edit() {
    const form = argsForm(this.approval.args, {
      submitLabel: LABELS[this.approval.kind].send,
      onSubmit: (args) => this.#decide({ verdict: "edit", args }),
      onCancel: () => this.#back("edit"),
    });
    fill(this.#foot, form.el);
    form.focus();
    this.#foot.scrollIntoView({ block: "nearest" });
  }

  #reject() {
    const id = `why-${this.approval.id}`;
    const why = h("textarea", { id, rows: 2, maxlength: 500, placeholder: "For example: the parcel was never scanned" });
    const submit = (/** @type {Event} */ event) => {
      event.preventDefault();
      this.#decide({ verdict: "reject", message: why.value.trim() });
    };
    fill(this.#foot, h("form", { class: "args-form", on: { submit } },
      h("div", { class: "field" }, h("label", { for: id }, "Reason (optional, the assistant will see it)"), why),
      h("div", { class: "actions" }, h("button", { type: "submit", class: "button danger solid" }, "Reject"), button("", () => this.#back("reject"), "Back"))));
    why.focus();
    this.#foot.scrollIntoView({ block: "nearest" });
  }

  /** @param {"edit"|"reject"} from the button that gets the focus back */
  #back(from) {
    this.#ask();
    /** @type {HTMLElement|undefined} */ (this.#foot.querySelectorAll("button")[from === "edit" ? 1 : 2])?.focus();
  }

  /** @param {Decision} decision */
  async #decide(decision) {
    const form = [...this.#foot.childNodes];
    this.#error.textContent = "";
    this.el.dataset.state = "busy";
    fill(this.#foot, h("p", { class: "waiting" }, spinner(), "Sending your decision…"));
    try {
      await this.onDecide(decision);
    } catch (error) {
      if (!this.open) return;
      this.el.dataset.state = "open";
      fill(this.#foot, ...form);
      this.#error.textContent = /** @type {Error} */ (error).message;
    }
  }

  /** @param {string} decision @param {string|null} [by] */
  close(decision, by = null) {
    const [name, word] = OUTCOMES[decision] ?? ["close", decision];
    this.open = false;
    this.el.dataset.state = decision;
    this.#error.textContent = "";
    const what = this.approval.kind === "confirmation" ? word.replace("Approved", "Confirmed").replace("Rejected", "Declined") : word;
    fill(this.#foot, h("p", { class: "outcome", tabindex: -1 }, icon(name), by ? `${what} by ${by}` : what));
    this.el.querySelector(".expiry")?.replaceChildren();
  }
}
