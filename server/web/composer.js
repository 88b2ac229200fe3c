/** The box a person writes in: Enter sends, Shift+Enter breaks the line, and while a run works its button stops it. */

import { fill, h, icon } from "./dom.js";

export class Composer {
  #busy = false;

  /** @param {{onSend: (text: string) => void, onStop: () => void, placeholder: string}} options */
  constructor({ onSend, onStop, placeholder }) {
    this.onSend = onSend;
    this.onStop = onStop;
    this.input = h("textarea", {
      id: "message", rows: 1, maxlength: 8000, placeholder, "aria-label": "Message",
      on: { keydown: (/** @type {KeyboardEvent} */ event) => this.#key(event), input: () => this.#changed() },
    });
    this.button = h("button", { type: "submit", class: "send", "aria-label": "Send" }, icon("arrow"));
    this.el = h("form", { class: "composer", on: { submit: (/** @type {Event} */ event) => { event.preventDefault(); this.#act(); } } },
      h("div", { class: "composer-box" }, this.input, this.button),
      h("p", { class: "hint" }, h("kbd", {}, "Enter"), " sends, ", h("kbd", {}, "Shift"), " + ", h("kbd", {}, "Enter"), " starts a new line. Answers come from the shop's own records."));
    this.#changed();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    if (!this.#busy) this.#act();
  }

  #act() {
    if (this.#busy) return this.onStop();
    const text = this.input.value.trim();
    if (!text) return;
    this.input.value = "";
    this.#changed();
    this.onSend(text);
  }

  #changed() {
    this.button.disabled = !this.#busy && !this.input.value.trim();
    if (!CSS.supports("field-sizing", "content")) this.input.rows = Math.min(8, this.input.value.split("\n").length);
  }

  /** @param {boolean} on */
  set busy(on) {
    if (on === this.#busy) return;
    this.#busy = on;
    this.button.classList.toggle("stop", on);
    this.button.setAttribute("aria-label", on ? "Stop" : "Send");
    fill(this.button, icon(on ? "stop" : "arrow"));
    this.#changed();
  }

  get busy() {
    return this.#busy;
  }

  focus() {
    this.input.focus({ preventScroll: true });
  }
}
