/** Files of the shop - invoices, labels, reports, exports - which are fetched with the session's token and saved by a click. */

import { fetchFile } from "./api.js";
import { h, icon } from "./dom.js";

/** Where files live; nothing else that a text names is ever fetched. */
const PLACE = /^\/v1\/(?:documents|exports)\/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** Long enough for the browser to have begun to write the file. */
const KEPT = 60000;

/** @param {string} href */
export const isFile = (href) => PLACE.test(href);

/** @param {Blob} blob @param {string} name */
function save(blob, name) {
  const url = URL.createObjectURL(blob);
  const anchor = h("a", { href: url, download: name });
  document.body.append(anchor);
  anchor.click();
  anchor.remove();
  setTimeout(() => URL.revokeObjectURL(url), KEPT);
}

/**
 * A button that reads like a link and saves a file.
 *
 * @param {string} path one that `isFile`
 * @param {(Node|string)[]} label
 */
export function fileButton(path, label) {
  const said = h("span", { class: "file-said", role: "status" });
  const node = h("button", { type: "button", class: "file", on: { click } }, icon("down"), ...label);

  async function click() {
    node.disabled = true;
    said.textContent = "";
    try {
      const { blob, name } = await fetchFile(path);
      save(blob, name);
    } catch (error) {
      said.textContent = ` ${error instanceof Error ? error.message : "The file could not be fetched."}`;
    } finally {
      node.disabled = false;
    }
  }

  return h("span", { class: "file-line" }, node, said);
}
