/** Inline Markdown to nodes: emphasis, code, links, files and citation marks. Images are named, never loaded. */

import { h } from "./dom.js";
import { fileButton, isFile } from "./files.js";

const DEPTH = 6;

/** @typedef {(match: RegExpExecArray, depth: number, links: boolean) => Node|string|null|false} Make builds a node; null or false when it is no match after all */

/**
 * Tried in order at each special character. Every quantifier is bounded, so hostile text costs linear time.
 *
 * @type {[start: string, pattern: RegExp, make: Make][]}
 */
const RULES = [
  ["\\", /\\([\\`*_{}[\]()#+\-.!|~<>])/y, (m) => m[1]],
  ["\\", /\\\n/y, () => h("br")],
  ["`", /(`{1,3})(?!`)([^]{1,1000}?)(?<!`)\1(?!`)/y, (m) => h("code", {}, m[2].trim() || m[2])],
  ["!", /!\[([^\]\n]{0,300})\]\([^)\n]{0,2000}\)/y, (m) => h("span", { class: "no-image" }, `image: ${m[1] || "untitled"}`)],
  ["[", /\[(\d{1,2}(?:, ?\d{1,2}){0,5})\](?![(:])/y, (m) => citation(m[1])],
  ["[", /\[((?:[^[\]\\\n]|\\.|\[[^\]\n]{0,80}\]){1,300})\]\(\s{0,3}<?([^\s()<>]{1,2000}(?:\([^\s()]{0,200}\)[^\s()<>]{0,500})?)>?(?:\s{1,3}"[^"\n]{0,200}")?\s{0,3}\)/y,
    (m, depth, links) => links && link(m[2], inline(m[1], depth + 1, false), m[1])],
  ["*", /\*\*(?=[^\s*])([^]{0,1000}?[^\s*]\*?)\*\*(?!\*)/y, (m, depth, links) => h("strong", {}, inline(m[1], depth + 1, links))],
  ["_", /__(?=[^\s_])([^]{0,1000}?[^\s_])__(?!\w)/y, (m, depth, links) => wordStart(m) && h("strong", {}, inline(m[1], depth + 1, links))],
  ["*", /\*(?=[^\s*])([^]{0,1000}?[^\s*](?:\*\*)?)\*(?!\*)/y, (m, depth, links) => h("em", {}, inline(m[1], depth + 1, links))],
  ["_", /_(?=[^\s_])([^]{0,1000}?[^\s_])_(?!\w)/y, (m, depth, links) => wordStart(m) && h("em", {}, inline(m[1], depth + 1, links))],
  ["~", /~~(?=\S)([^]{0,1000}?\S)~~/y, (m, depth, links) => h("del", {}, inline(m[1], depth + 1, links))],
  ["<", /<((?:https?:\/\/|mailto:)[^\s<>]{1,2000})>/y, (m, _, links) => links && link(m[1], [m[1]], m[1])],
  ["h", /https?:\/\/[^\s<>"'`|“”‘’«»]{0,2000}[^\s<>"'`|“”‘’«».,;:!?)\]}*_~]/y, (m, _, links) => links && wordStart(m) && link(m[0], [m[0]], m[0])],
  ["\n", / {0,3}\n/y, () => h("br")],
];
const SPECIAL = /[\\`![*_~<\n]|h(?=ttps?:)/g;

/** Underscores and addresses count at the start of a word only, so that `snake_case` stays whole. @param {RegExpExecArray} m */
function wordStart(m) {
  return m.index === 0 || !/\w/.test(m.input[m.index - 1]) ? true : null;
}

/** @param {string} marks such as `1` or `1, 3` */
function citation(marks) {
  const group = h("span", { class: "cites" });
  for (const mark of marks.split(/, ?/)) group.append(h("sup", { class: "cite", data: { cite: mark }, "aria-label": `source ${mark}` }, mark));
  return group;
}

/**
 * A link that shows where it leads: a label cannot pose as another host.
 *
 * @param {string} href
 * @param {(Node|string)[]} label
 * @param {string} text
 */
export function link(href, label, text) {
  if (isFile(href)) return fileButton(href, label);
  let url;
  try {
    url = new URL(href);
  } catch {
    return h("span", {}, ...label);
  }
  if (!["http:", "https:", "mailto:"].includes(url.protocol)) return h("span", {}, ...label);
  const anchor = h("a", { href: url.href, rel: "noopener noreferrer nofollow", target: "_blank" }, ...label);
  const mail = url.protocol === "mailto:";
  const place = mail ? url.pathname : url.host;
  const plain = !url.username && (mail ? text === place || text === href : text.startsWith(`${url.origin}/`) || text === url.origin);
  if (plain || url.host === location.host) return anchor;
  return h("span", {}, anchor, h("span", { class: "link-host" }, ` (${place})`));
}

/**
 * @param {string} text
 * @param {number} [depth]
 * @param {boolean} [links] whether links may appear; not inside another
 * @returns {(Node|string)[]}
 */
export function inline(text, depth = 0, links = true) {
  if (depth > DEPTH) return [text];
  const out = /** @type {(Node|string)[]} */ ([]);
  let plain = "";
  for (let at = 0; at < text.length; ) {
    SPECIAL.lastIndex = at;
    const next = SPECIAL.exec(text)?.index ?? text.length;
    plain += text.slice(at, next);
    at = next;
    if (at >= text.length) break;
    const found = match(text, at, depth, links);
    if (!found) plain += text[at++];
    else {
      const cites = found.node instanceof Element && found.node.className === "cites";
      if (plain) out.push(cites ? plain.replace(/ $/, "") : plain);
      plain = "";
      out.push(found.node);
      at = found.end;
    }
  }
  if (plain) out.push(plain);
  return out;
}

/** @param {string} text @param {number} at @param {number} depth @param {boolean} links */
function match(text, at, depth, links) {
  for (const [start, pattern, make] of RULES) {
    if (text[at] !== start) continue;
    pattern.lastIndex = at;
    const m = pattern.exec(text);
    const node = m && make(m, depth, links);
    if (m && node !== null && node !== false) return { node, end: at + m[0].length };
  }
  return null;
}
