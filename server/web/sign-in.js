/** The sign-in page, with the demo shop's accounts one click away where there are any. */

import * as api from "./api.js";
import { fill, h, icon, spinner } from "./dom.js";
import { token } from "./session.js";
import { sentence } from "./words.js";

/** @param {() => void} onSignedIn @param {string} [notice] why the page is shown */
export function signInPage(onSignedIn, notice = "") {
  const email = h("input", { id: "email", type: "email", name: "email", autocomplete: "username", required: true });
  const password = h("input", { id: "password", type: "password", name: "password", autocomplete: "current-password", required: true });
  const submit = h("button", { type: "submit", class: "button primary wide" }, "Sign in");
  const problem = h("p", { class: "inline-error", role: "alert" }, notice);
  const demo = h("div", { class: "demo", hidden: true });

  /** @param {string} user @param {string} secret */
  async function enter(user, secret) {
    problem.textContent = "";
    submit.disabled = true;
    fill(submit, spinner(), "Signing in…");
    try {
      const session = await api.signIn(user, secret);
      token.set(session.access_token);
      onSignedIn();
    } catch (error) {
      const known = error instanceof api.ApiError && error.status === 401;
      problem.textContent = known ? "That email and password do not match." : /** @type {Error} */ (error).message;
    } finally {
      submit.disabled = false;
      fill(submit, "Sign in");
    }
  }

  api.demoSignIns().then((accounts) => {
    if (!accounts.length) return;
    demo.hidden = false;
    fill(demo, h("h2", {}, "Or look around the demo shop"), h("ul", {}, accounts.map((account) =>
      h("li", {}, h("button", { type: "button", class: "account", on: { click: () => enter(account.email, account.password) } },
        h("span", { class: "avatar", "aria-hidden": "true" }, account.label.trim().charAt(0).toUpperCase()),
        h("span", { class: "account-text" }, h("strong", {}, account.label), h("small", {}, account.email)),
        h("span", { class: "pill", data: { role: account.role } }, sentence(account.role)))))));
  }).catch(() => {});

  const form = h("form", { class: "sign-in-form", on: { submit: (/** @type {Event} */ event) => { event.preventDefault(); enter(email.value, password.value); } } },
    h("div", { class: "field" }, h("label", { for: "email" }, "Email"), email),
    h("div", { class: "field" }, h("label", { for: "password" }, "Password"), password),
    problem, submit);
  const page = h("main", { class: "sign-in" },
    h("div", { class: "sign-in-card" },
      h("div", { class: "brand big" }, h("span", { class: "brand-mark" }, icon("shop")), h("h1", {}, "Storehand")),
      h("p", { class: "lead" }, "The shop's assistant: it looks things up, gets things done, and asks before it matters."),
      form, demo));
  queueMicrotask(() => email.focus());
  return page;
}

