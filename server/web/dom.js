/** Builds elements. Text only ever enters the page as text nodes, so nothing a model writes can become markup. */

const SVG = "http://www.w3.org/2000/svg";

/** 24 x 24 stroke paths. */
const PATHS = {
  alert: "M12 4 2.8 20h18.4L12 4zM12 10v4.5M12 17.4v.1",
  arrow: "M12 19V5M5.5 11.5 12 5l6.5 6.5",
  ban: "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17zM6 6l12 12",
  chat: "M4.5 5.5h15v11h-8l-4.5 3.5v-3.5h-2.5z",
  check: "M5 12.5l4.5 4.5L19 7.5",
  chevron: "M9 6l6 6-6 6",
  clock: "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17zM12 7.5V12l3 2",
  close: "M6 6l12 12M18 6 6 18",
  down: "M12 5v14M5.5 12.5 12 19l6.5-6.5",
  inbox: "M4 13.5 6.5 5h11L20 13.5V19H4zM4 13.5h4.5l1.5 2.5h4l1.5-2.5H20",
  menu: "M4 7h16M4 12h16M4 17h16",
  out: "M14 4.5H5.5v15H14M10.5 12H20M16.5 8.5 20 12l-3.5 3.5",
  pen: "M12 20h8M4.5 19.5l1-4.2L16 4.8l3.2 3.2L8.7 18.5z",
  plus: "M12 5v14M5 12h14",
  retry: "M19 12a7 7 0 1 1-2.1-5M19.5 3.5v4h-4",
  shield: "M12 3.5 5 6v5.5c0 4.2 2.9 7.4 7 9 4.1-1.6 7-4.8 7-9V6z",
  shop: "M5 4h14l1.8 5a2.9 2.9 0 0 1-5.8.3 3 3 0 0 1-6 0A2.9 2.9 0 0 1 3.2 9zM5 13.5V20h14v-6.5",
  spark: "M12 4l1.9 5.1L19 11l-5.1 1.9L12 18l-1.9-5.1L5 11l5.1-1.9z",
  stop: "M7 7h10v10H7z",
};

/** @typedef {keyof typeof PATHS} IconName */
/** @typedef {Node|string|number|null|undefined|false} Child */

/**
 * Create an element. `on` holds listeners, `data` data attributes, `class` the class; other keys are attributes, where `true`
 * sets an empty one and `false` or `null` none.
 *
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, any>} [props]
 * @param {...(Child|Child[])} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (key === "on") for (const [name, fn] of Object.entries(value)) node.addEventListener(name, fn);
    else if (key === "data") Object.assign(node.dataset, value);
    else node.setAttribute(key, value === true ? "" : String(value));
  }
  fill(node, ...children);
  return node;
}

/**
 * Replace an element's children.
 *
 * @template {Element} E
 * @param {E} node
 * @param {...(Child|Child[])} children
 * @returns {E}
 */
export function fill(node, ...children) {
  const kept = children.flat().filter((child) => child !== null && child !== undefined && child !== false);
  node.replaceChildren(...kept.map((child) => (child instanceof Node ? child : String(child))));
  return node;
}

/** @param {IconName} name @param {string} [extra] */
export function icon(name, extra = "") {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", `icon icon-${name} ${extra}`.trim());
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

/** @param {string} [extra] */
export function spinner(extra = "") {
  return h("span", { class: `spinner ${extra}`.trim(), "aria-hidden": "true" });
}

/**
 * A button that never submits a form.
 *
 * @param {string} style classes, such as "primary"
 * @param {(event: MouseEvent) => void} onClick
 * @param {...Child} children
 */
export function button(style, onClick, ...children) {
  return h("button", { type: "button", class: `button ${style}`, on: { click: onClick } }, ...children);
}

/** Say something to a screen reader without moving the focus. @param {string} text */
export function announce(text) {
  const region = document.getElementById("announcer");
  if (region) region.textContent = text;
}

/** A version 4 UUID; `crypto.randomUUID` does not exist on plain http outside localhost. */
export function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
