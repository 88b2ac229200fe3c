/** The signed-in page: conversations at the left, the one at hand at the right, and the address that says which. */

import { Approvals } from "./approvals.js";
import { Chat } from "./chat.js";
import { button, fill, h, icon } from "./dom.js";
import { isMerchant } from "./session.js";
import { Threads } from "./threads.js";
import { sentence } from "./words.js";

/** @typedef {import("./types.js").Me} Me */

const NARROW = window.matchMedia("(max-width: 860px)");

export class Console {
  #life = new AbortController();
  #title = h("h1", { class: "title" }, "New conversation");
  #count = h("span", { class: "count", hidden: true });

  /** @param {Me} me @param {() => void} onSignOut */
  constructor({ principal, model }, onSignOut) {
    this.principal = principal;
    this.threads = new Threads(() => this.#drawer(false));
    this.approvals = isMerchant(principal) ? new Approvals(principal, (count) => this.#counted(count)) : null;
    this.chat = new Chat(principal, {
      onThread: (id, text) => {
        this.threads.add(id, text);
        history.replaceState(null, "", `#/t/${id}`);
        this.#heading(text);
      },
      onChange: () => this.refresh(),
    });
    this.main = h("main", { class: "main", id: "main" });
    this.menu = h("button", { type: "button", class: "icon-button menu-button", "aria-label": "Conversations", "aria-expanded": "false", "aria-controls": "sidebar", on: { click: () => this.#drawer(true) } }, icon("menu"));
    this.sidebar = this.#sidebar(onSignOut);
    this.shade = h("div", { class: "shade", on: { click: () => this.#drawer(false) } });
    this.el = h("div", { class: "console" }, this.sidebar, this.shade,
      h("div", { class: "stage" },
        h("header", { class: "topbar" }, this.menu, this.#title, model.offline && modelBadge(model.description)), this.main));
    const { signal } = this.#life;
    window.addEventListener("hashchange", () => this.#route(), { signal });
    window.addEventListener("keydown", (event) => event.key === "Escape" && this.#drawer(false), { signal });
    NARROW.addEventListener("change", () => this.#drawer(false), { signal });
    this.#drawer(false);
    this.#route();
    this.refresh();
  }

  /** @param {() => void} onSignOut */
  #sidebar(onSignOut) {
    const { name, role, tenant } = this.principal;
    const inbox = this.approvals && h("a", { href: "#/approvals", class: "inbox-link", on: { click: () => this.#drawer(false) } }, icon("inbox"), h("span", {}, "Approvals"), this.#count);
    return h("aside", { class: "sidebar", id: "sidebar", "aria-label": "Navigation" },
      h("div", { class: "sidebar-head" },
        h("div", { class: "brand" }, h("span", { class: "brand-mark" }, icon("shop")), h("span", {}, "Storehand", h("small", {}, tenant.name))),
        h("button", { type: "button", class: "icon-button close-button", "aria-label": "Close", on: { click: () => this.#drawer(false) } }, icon("close"))),
      button("new", () => this.#newChat(), icon("plus"), "New chat"),
      inbox, this.threads.el,
      h("div", { class: "person" },
        h("span", { class: "avatar", "aria-hidden": "true" }, (name || "?").charAt(0).toUpperCase()),
        h("span", { class: "person-text" }, h("strong", {}, name), h("small", {}, sentence(role))),
        h("button", { type: "button", class: "icon-button", "aria-label": "Sign out", title: "Sign out", on: { click: onSignOut } }, icon("out"))));
  }

  #newChat() {
    this.#drawer(false);
    if (location.hash === "" || location.hash === "#/") this.#route();
    else location.hash = "#/";
  }

  #route() {
    const thread = /^#\/t\/([\w-]+)$/.exec(location.hash)?.[1] ?? null;
    const inbox = location.hash === "#/approvals" && this.approvals;
    this.threads.select(thread);
    this.sidebar.querySelector(".inbox-link")?.toggleAttribute("data-current", Boolean(inbox));
    if (inbox) {
      this.chat.open(null);
      inbox.tidy();
      fill(this.main, inbox.el);
      inbox.refresh();
      this.#heading("Approvals");
      inbox.el.querySelector("h2")?.focus({ preventScroll: true });
      return;
    }
    fill(this.main, this.chat.el);
    this.#heading(thread ? (this.threads.title(thread) ?? "Conversation") : "New conversation");
    this.chat.open(thread);
    this.focus();
  }

  /** Ready to type, except where that would bring up an on-screen keyboard. */
  focus() {
    if (!NARROW.matches) this.chat.composer.focus();
    else this.chat.scroller.focus({ preventScroll: true });
  }

  async refresh() {
    this.approvals?.refresh();
    await this.threads.refresh();
    const title = this.threads.title(this.threads.current);
    if (title) this.#heading(title);
  }

  /** @param {string} text */
  #heading(text) {
    this.#title.textContent = text;
    document.title = `${text} · Storehand`;
  }

  /** @param {number} count */
  #counted(count) {
    this.#count.hidden = count === 0;
    fill(this.#count, String(count), h("span", { class: "visually-hidden" }, " open"));
  }

  /** On a narrow screen the list is a drawer. @param {boolean} open */
  #drawer(open) {
    const was = this.el.hasAttribute("data-drawer");
    this.el.toggleAttribute("data-drawer", open);
    this.menu.setAttribute("aria-expanded", String(open));
    this.sidebar.inert = NARROW.matches && !open;
    if (open) /** @type {HTMLElement|null} */ (this.sidebar.querySelector(".close-button"))?.focus();
    else if (was && NARROW.matches) this.menu.focus();
  }

  close() {
    this.#life.abort();
    this.approvals?.stop();
    this.chat.close();
  }
}

/** @param {string} description */
function modelBadge(description) {
  return h("details", { class: "model" },
    h("summary", {}, h("span", { class: "model-dot" }), "offline model"),
    h("div", { class: "model-hint" },
      h("p", {}, description || "A built-in planner answers, without a language model."),
      h("p", {}, "For a real model, restart the server with ", h("code", {}, "OPENAI_API_KEY"), ", or with ", h("code", {}, "STOREHAND_LLM__BASE_URL"), ", ", h("code", {}, "STOREHAND_LLM__MODEL"), " and ", h("code", {}, "STOREHAND_LLM__API_KEY"), " for any OpenAI-compatible server.")));
}
