/**
 * A small Markdown renderer for text that nobody vouches for. It knows no HTML and loads nothing: every node is made by
 * createElement, every character enters as text.
 */

import { h } from "./dom.js";
import { inline } from "./inline.js";

/** @typedef {{kind: string, lines: string[]}} Block */

const FENCE = /^ {0,3}(`{3,}|~{3,})\s*([\w+-]{0,30})[^`]*$/;
const HEADING = /^ {0,3}(#{1,6})\s+(.*?)\s*#*$/;
const RULE = /^ {0,3}([-*_])(?:\s*\1){2,}\s*$/;
const ITEM = /^(\s*)([-*+]|\d{1,9}[.)])\s+(\S.*)$/;
const DIVIDER = /^\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$/;
const NUMBER = /^[-+]?[€$£]?\s?[\d.,\s]+(?:\s?(?:%|€|[A-Z]{3}))?$/;
const SOURCES = /^\s*sources?:?\s*$/i;
const DEPTH = 6;

/** Split text into top-level blocks. @param {string} text @returns {Block[]} */
function blocks(text) {
  const lines = text.replace(/\r\n?/g, "\n").replace(/\t/g, "    ").split("\n");
  const out = /** @type {Block[]} */ ([]);
  for (let at = 0; at < lines.length; ) {
    const [kind, size] = span(lines, at);
    if (kind) out.push({ kind, lines: lines.slice(at, at + size) });
    at += size;
  }
  return out;
}

/** The kind and length of the block that starts at a line. @param {string[]} lines @param {number} at @returns {[string, number]} */
function span(lines, at) {
  const line = lines[at];
  if (!line.trim()) return ["", 1];
  const fence = FENCE.exec(line);
  if (fence) {
    const close = lines.findIndex((other, i) => i > at && other.trim().startsWith(fence[1]) && !other.trim().slice(fence[1].length).trim());
    return ["code", (close < 0 ? lines.length : close + 1) - at];
  }
  if (HEADING.test(line)) return ["heading", 1];
  if (RULE.test(line)) return ["rule", 1];
  if (/^ {0,3}>/.test(line)) return ["quote", until(lines, at, (other) => !other.trim() || !/^ {0,3}>/.test(other))];
  if (tableAt(lines, at)) return ["table", until(lines, at, (other) => !other.trim() || !other.includes("|"))];
  const item = ITEM.exec(line);
  if (item) return ["list", listLength(lines, at, item)];
  return ["paragraph", until(lines, at, (other, i) => !other.trim() || (i > at && starts(lines, i)))];
}

/** @param {string[]} lines @param {number} at @param {(line: string, i: number) => boolean} stop */
function until(lines, at, stop) {
  let i = at;
  while (i < lines.length && !stop(lines[i], i)) i += 1;
  return i - at;
}

/** Whether a line of a paragraph begins another block. @param {string[]} lines @param {number} i */
function starts(lines, i) {
  const line = lines[i];
  return FENCE.test(line) || HEADING.test(line) || RULE.test(line) || /^ {0,3}>/.test(line) || tableAt(lines, i) || ITEM.test(line);
}

/** @param {string[]} lines @param {number} i */
const tableAt = (lines, i) => lines[i].includes("|") && i + 1 < lines.length && lines[i + 1].includes("-") && lines[i + 1].includes("|") && DIVIDER.test(lines[i + 1]);

/** @param {string} mark */
const ordered = (mark) => /\d/.test(mark);

/** @param {string[]} lines @param {number} at @param {RegExpExecArray} first */
function listLength(lines, at, first) {
  return until(lines, at, (line, i) => {
    if (i === at) return false;
    const item = ITEM.exec(line);
    if (item && item[1].length <= first[1].length) return ordered(item[2]) !== ordered(first[2]);
    if (!line.trim()) return !/^(\s+\S|\s*([-*+]|\d{1,9}[.)])\s)/.test(lines[i + 1] ?? "");
    return !line.startsWith(" ") && (!lines[i - 1].trim() || starts(lines, i));
  });
}

/** @param {Block} block @param {number} depth @returns {HTMLElement} */
function render({ kind, lines }, depth) {
  if (kind === "code") return codeBlock(lines);
  if (kind === "heading") {
    const [, marks, text] = /** @type {RegExpExecArray} */ (HEADING.exec(lines[0]));
    return h("div", { class: `heading h${Math.min(marks.length, 4)}`, role: "heading", "aria-level": Math.min(marks.length + 2, 6) }, inline(text));
  }
  if (kind === "rule") return h("hr");
  if (kind === "quote") return h("blockquote", {}, nested(lines.map((line) => line.replace(/^ {0,3}> ?/, "")), depth));
  if (kind === "table") return table(lines);
  if (kind === "list") return list(lines, depth);
  return h("p", {}, inline(lines.map((line) => line.trim()).join("\n")));
}

/** @param {string[]} lines @param {number} depth */
function nested(lines, depth) {
  if (depth >= DEPTH) return [h("p", {}, lines.join(" "))];
  return blocks(lines.join("\n")).map((block) => render(block, depth + 1));
}

/** @param {string[]} lines */
function codeBlock(lines) {
  const fence = /** @type {RegExpExecArray} */ (FENCE.exec(lines[0]));
  const closed = lines.length > 1 && lines[lines.length - 1].trim().startsWith(fence[1]);
  const code = lines.slice(1, closed ? -1 : undefined).join("\n");
  return h("pre", { tabindex: 0, ...(fence[2] ? { data: { language: fence[2] } } : {}) }, h("code", {}, code));
}

/** @param {string[]} lines @param {number} depth */
function list(lines, depth) {
  const first = /** @type {RegExpExecArray} */ (ITEM.exec(lines[0]));
  const items = /** @type {string[][]} */ ([]);
  let indent = 0;
  for (const line of lines) {
    const item = ITEM.exec(line);
    if (item && item[1].length <= first[1].length) {
      indent = line.length - item[3].length;
      items.push([item[3]]);
    } else items[items.length - 1].push(line.slice(Math.min(indent, line.length - line.trimStart().length)));
  }
  const loose = items.some((item) => item.includes("") && item[item.length - 1] !== "");
  const start = ordered(first[2]) ? Number.parseInt(first[2], 10) : 1;
  const nodes = items.map((item) => {
    const task = /^\[([ xX])\]\s+/.exec(item[0]);
    if (task) item[0] = (task[1] === " " ? "☐ " : "☑ ") + item[0].slice(task[0].length);
    const inner = nested(item, depth);
    const tight = !loose && inner[0]?.tagName === "P";
    return h("li", {}, ...(tight ? [...inner[0].childNodes] : [inner[0]]), ...inner.slice(1));
  });
  return ordered(first[2]) ? h("ol", { start: start === 1 ? null : start }, nodes) : h("ul", {}, nodes);
}

/** @param {string} line */
function cells(line) {
  const inner = line.trim().replace(/^\|/, "").replace(/(?<!\\)\|$/, "");
  return inner.split(/(?<!\\)\|/).map((cell) => cell.trim().replace(/\\\|/g, "|"));
}

/** @param {string[]} lines */
function table(lines) {
  const head = cells(lines[0]);
  const rows = lines.slice(2).map(cells);
  const right = cells(lines[1]).map((mark, i) => /^[^:].*:$/.test(mark) || (rows.length > 0 && rows.every((row) => NUMBER.test(row[i] ?? ""))));
  const cls = (/** @type {number} */ i) => ({ class: right[i] ? "num" : null });
  return h("div", { class: "table-scroll", tabindex: 0, role: "region", "aria-label": "table" },
    h("table", {},
      h("thead", {}, h("tr", {}, head.map((cell, i) => h("th", { scope: "col", ...cls(i) }, inline(cell))))),
      h("tbody", {}, rows.map((row) => h("tr", {}, head.map((_, i) => h("td", cls(i), inline(row[i] ?? ""))))))));
}

const sources = new WeakMap();

/**
 * Show Markdown in an element. Called again with more text, it rebuilds only the blocks that changed, so a streamed answer keeps
 * its selection and costs little.
 *
 * @param {HTMLElement} root
 * @param {string} text
 */
export function showMarkdown(root, text) {
  const parsed = blocks(text);
  parsed.forEach((block, i) => {
    const source = block.kind + block.lines.join("\n");
    const shown = root.children[i];
    if (shown && sources.get(shown) === source) return;
    const node = render(block, 0);
    sources.set(node, source);
    if (shown) shown.replaceWith(node);
    else root.append(node);
  });
  while (root.children.length > parsed.length) root.lastElementChild?.remove();
  markSources(root);
}

/** Set a closing "Sources" list apart from the answer. @param {HTMLElement} root */
function markSources(root) {
  for (const node of root.children) {
    const title = SOURCES.test(node.textContent ?? "");
    const after = node.previousElementSibling;
    const inside = node.tagName === "P" && SOURCES.test(node.firstChild?.textContent ?? "") && node.querySelector(".cite") !== null;
    node.classList.toggle("sources-title", title);
    node.classList.toggle("sources", inside || (after?.classList.contains("sources-title") === true && !title));
  }
}
