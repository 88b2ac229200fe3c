/** Draws /openapi.json: operations by tag, each with its parameters and its body's schema. */

import { fill, h } from "./dom.js";

/** @param {any} schema @param {any} root @param {number} [depth] a schema with its references replaced */
function resolved(schema, root, depth = 0) {
  if (Array.isArray(schema)) return schema.map((one) => resolved(one, root, depth));
  if (!schema || typeof schema !== "object" || depth > 12) return schema;
  if (schema.$ref) return resolved(root.components.schemas[schema.$ref.split("/").pop()], root, depth + 1);
  return Object.fromEntries(Object.entries(schema).filter(([key]) => key !== "title").map(([key, value]) => [key, resolved(value, root, depth + 1)]));
}

/** @param {string} path @param {string} method @param {any} operation @param {any} root */
function fold(path, method, operation, root) {
  const parameters = (operation.parameters ?? []).map((/** @type {any} */ one) =>
    h("li", {}, h("code", {}, one.name), ` in ${one.in}${one.required ? ", required" : ""}${one.description ? `: ${one.description}` : ""}`));
  const schema = operation.requestBody?.content?.["application/json"]?.schema;
  return h("details", {},
    h("summary", {}, h("b", {}, method.toUpperCase()), h("code", {}, path), h("span", { class: "about" }, operation.summary ?? "")),
    h("div", { class: "body" },
      operation.description && h("p", {}, operation.description),
      parameters.length > 0 && h("ul", {}, parameters),
      schema && h("pre", {}, JSON.stringify(resolved(schema, root), null, 2))));
}

async function main() {
  const page = /** @type {HTMLElement} */ (document.getElementById("docs"));
  const root = await (await fetch("/openapi.json")).json();
  /** @type {Map<string, HTMLElement[]>} */
  const groups = new Map();
  for (const [path, methods] of Object.entries(root.paths)) {
    for (const [method, operation] of Object.entries(/** @type {Record<string, any>} */ (methods))) {
      const tag = operation.tags?.[0] ?? "other";
      groups.set(tag, [...(groups.get(tag) ?? []), fold(path, method, operation, root)]);
    }
  }
  fill(page,
    h("h1", {}, `${root.info.title} ${root.info.version}`),
    h("p", {}, root.info.description, " ", h("a", { href: "/openapi.json" }, "openapi.json")),
    ...[...groups].map(([tag, folds]) => h("section", {}, h("h2", {}, tag), ...folds)));
}

main();
