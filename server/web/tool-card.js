/** One tool call as a collapsible card: what was asked, how it went, what came back. */

import { fill, h, icon, spinner } from "./dom.js";
import { showMarkdown } from "./markdown.js";
import { argsSummary, isMoney, sentence, valueText } from "./words.js";

/** @typedef {import("./types.js").ToolStatus} ToolStatus */

const LONGEST_JSON = 40000;

/** @type {Record<ToolStatus, [import("./dom.js").IconName|null, string]>} */
const LOOKS = {
  running: [null, "running"],
  ok: ["check", "done"],
  denied: ["ban", "denied"],
  pending: ["clock", "waiting"],
  failed: ["alert", "failed"],
  skipped: ["close", "not executed"],
};

/** A definition list of arguments; nested values are shown as JSON. @param {Record<string, any>} args */
export function argsTable(args) {
  const rows = Object.entries(args);
  if (!rows.length) return h("p", { class: "quiet" }, "No arguments");
  return h("dl", { class: "facts" }, rows.flatMap(([name, value]) => {
    const text = valueText(value);
    return [h("dt", {}, sentence(name)), h("dd", {}, text.includes("\n") ? h("pre", {}, h("code", {}, text)) : text)];
  }));
}

export class ToolCard {
  /** @type {ToolStatus} */
  status = "running";
  #mark = h("span", { class: "tool-mark" });
  #label = h("span", { class: "tool-status" });
  #summary = h("span", { class: "tool-args" });
  #args = h("div");
  #result = h("div", { class: "tool-result" });

  /** @param {string} tool @param {Record<string, any>} args */
  constructor(tool, args) {
    this.tool = tool;
    this.args = args;
    this.el = h("details", { class: "tool", data: { tool, status: "running" } },
      h("summary", {}, this.#mark, h("span", { class: "tool-name" }, sentence(tool)), this.#summary, this.#label, icon("chevron", "twist")),
      h("div", { class: "tool-body" }, h("h4", {}, "Arguments"), this.#args, this.#result));
    this.setArgs(args);
    this.#show("running");
  }

  /** @param {Record<string, any>} args */
  setArgs(args) {
    this.args = args;
    fill(this.#args, argsTable(args));
    this.#summary.textContent = argsSummary(args);
  }

  /** @param {ToolStatus} status */
  #show(status) {
    const [name, word] = LOOKS[status];
    this.status = status;
    this.el.dataset.status = status;
    fill(this.#mark, name ? icon(name) : spinner());
    this.#label.textContent = word;
  }

  restart() {
    this.#show("running");
    this.#result.replaceChildren();
  }

  /** @param {{status: ToolStatus, result?: any, text?: string, replayed?: boolean}} outcome */
  finish({ status, result = null, text = "", replayed = false }) {
    this.#show(status);
    if (replayed) this.#label.textContent += " · replayed";
    const parts = /** @type {Node[]} */ ([]);
    if (text) {
      const body = h("div", { class: "markdown small" });
      showMarkdown(body, text);
      parts.push(h("h4", {}, "Result"), body);
    } else if (result && typeof result === "object" && !Array.isArray(result)) {
      const plain = Object.fromEntries(Object.entries(result).filter(([, value]) => isMoney(value) || typeof value !== "object"));
      if (Object.keys(plain).length) parts.push(h("h4", {}, "Result"), argsTable(plain));
    }
    if (result !== null && result !== undefined) {
      const json = JSON.stringify(result, null, 2);
      const shown = json.length > LONGEST_JSON ? `${json.slice(0, LONGEST_JSON)}\n… ${json.length - LONGEST_JSON} characters more` : json;
      parts.push(h("details", { class: "raw" }, h("summary", {}, icon("chevron", "twist"), "Raw JSON"), h("pre", { tabindex: 0 }, h("code", {}, shown))));
    }
    fill(this.#result, parts);
  }
}
