/** Starts the page: the console when the token is good, the sign-in otherwise. */

import * as api from "./api.js";
import { Console } from "./console.js";
import { button, fill, h, icon } from "./dom.js";
import { token } from "./session.js";
import { signInPage } from "./sign-in.js";

const app = /** @type {HTMLElement} */ (document.getElementById("app"));
/** @type {Console|null} */ let open = null;

/** @param {string} [notice] */
function signOut(notice = "") {
  open?.close();
  open = null;
  token.clear();
  document.title = "Sign in · Storehand";
  fill(app, signInPage(start, notice));
}

async function start() {
  if (!token.get()) return signOut();
  try {
    const me = await api.me();
    open?.close();
    open = new Console(me, () => { history.replaceState(null, "", "#/"); signOut(); });
    fill(app, open.el);
    open.focus();
  } catch (error) {
    if (error instanceof api.ApiError && error.status === 401) return undefined;
    fill(app, h("main", { class: "sign-in" }, h("div", { class: "turn-error", role: "alert" }, icon("alert"), h("span", {}, /** @type {Error} */ (error).message), button("small", start, icon("retry"), "Try again"))));
  }
  return undefined;
}

api.signedOut.addEventListener("signedout", () => signOut("Your session has ended. Please sign in again."));
start();
