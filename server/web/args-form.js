/** A form made from a call's arguments, so that a person corrects values rather than JSON. */

import { h, uuid } from "./dom.js";
import { decimals, isMoney, sentence } from "./words.js";

/** @typedef {{row: HTMLElement, name: string, read: () => any}} Field `read` throws a sentence when the input is not valid */

/** @param {{minor: number, currency: string}} money @param {string} text */
function readMoney(money, text) {
  const digits = decimals(money.currency);
  const plain = text.trim().replace(/\s/g, "").replace(/,(?=\d{1,2}$)/, ".").replace(/,/g, "");
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(plain);
  if (!match || (match[3] ?? "").length > digits) throw new Error(`Write an amount such as ${(12.5).toFixed(digits)}.`);
  const minor = Number(match[2] + (match[3] ?? "").padEnd(digits, "0"));
  return { minor: match[1] ? -minor : minor, currency: money.currency };
}

/** @param {string} text @param {boolean} whole */
function readNumber(text, whole) {
  const value = Number(text.trim().replace(",", "."));
  if (text.trim() === "" || Number.isNaN(value)) throw new Error("Write a number.");
  if (whole && !Number.isInteger(value)) throw new Error("Write a whole number.");
  return value;
}

/** @param {string} text */
function readJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error("This is not valid JSON.");
  }
}

/** The control for a value and how to read it back. @param {any} value @param {Record<string, any>} common @returns {[HTMLElement, () => any]} */
function control(value, common) {
  if (typeof value === "boolean") {
    const box = h("input", { type: "checkbox", ...common });
    box.checked = value;
    return [box, () => box.checked];
  }
  if (isMoney(value)) {
    const input = h("input", { type: "text", inputmode: "decimal", ...common });
    input.value = (value.minor / 10 ** decimals(value.currency)).toFixed(decimals(value.currency));
    return [h("span", { class: "with-unit" }, input, h("span", { class: "unit" }, value.currency)), () => readMoney(value, input.value)];
  }
  if (typeof value === "number") {
    const input = h("input", { type: "text", inputmode: "decimal", ...common });
    input.value = String(value);
    return [input, () => readNumber(input.value, Number.isInteger(value))];
  }
  if (typeof value === "object" && value !== null) {
    const area = h("textarea", { class: "code", rows: 5, spellcheck: "false", ...common });
    area.value = JSON.stringify(value, null, 2);
    return [area, () => readJson(area.value)];
  }
  const input = typeof value === "string" && (value.length > 60 || value.includes("\n")) ? h("textarea", { rows: 3, ...common }) : h("input", { type: "text", ...common });
  input.value = value ?? "";
  return [input, () => (value === null && input.value === "" ? null : input.value)];
}

/**
 * @param {Record<string, any>} args
 * @param {{submitLabel: string, onSubmit: (args: Record<string, any>) => void, onCancel: () => void}} options
 */
export function argsForm(args, { submitLabel, onSubmit, onCancel }) {
  /** @type {{name: string, read: () => any, problem: HTMLElement, input: HTMLElement}[]} */
  const fields = [];
  const rows = Object.entries(args).map(([name, value]) => {
    const id = `arg-${uuid()}`;
    const problem = h("p", { class: "field-problem", id: `${id}-problem` });
    const [node, read] = control(value, { id, name, "aria-describedby": problem.id });
    const input = /** @type {HTMLElement} */ (node.id ? node : node.querySelector("input"));
    fields.push({ name, read, problem, input });
    const check = typeof value === "boolean";
    return h("div", { class: check ? "field check" : "field" }, h("label", { for: id }, sentence(name)), node, problem);
  });
  const form = h("form", { class: "args-form", novalidate: true, on: { submit } }, rows,
    h("div", { class: "actions" },
      h("button", { type: "submit", class: "button primary" }, submitLabel),
      h("button", { type: "button", class: "button", on: { click: onCancel } }, "Back")));

  /** @param {Event} event */
  function submit(event) {
    event.preventDefault();
    const edited = /** @type {Record<string, any>} */ ({});
    let first = /** @type {HTMLElement|null} */ (null);
    for (const { name, read, problem, input } of fields) {
      problem.textContent = "";
      input.removeAttribute("aria-invalid");
      try {
        edited[name] = read();
      } catch (error) {
        problem.textContent = /** @type {Error} */ (error).message;
        input.setAttribute("aria-invalid", "true");
        first ??= input;
      }
    }
    if (first) first.focus();
    else onSubmit(edited);
  }
  return { el: form, focus: () => fields[0]?.input.focus() };
}
