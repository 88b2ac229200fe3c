/** Turns the API's names, amounts and times into words for people. */

/** @typedef {import("./types.js").Content} Content */

const AGENTS = /** @type {Record<string, string>} */ ({
  after_sales: "After-sales",
  knowledge: "Knowledge",
  marketplace: "Marketplace",
  risk: "Risk",
  operations: "Operations",
});
const ROUTES = /** @type {Record<string, string>} */ ({
  rule: "by rule",
  classifier: "by classifier",
  sticky: "continuing",
  model: "by model",
  transfer: "handed over",
});

/** @param {string} name such as `issue_refund` */
export function sentence(name) {
  const words = name.replace(/[_-]+/g, " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** @param {string} name */
export const agentName = (name) => AGENTS[name] ?? sentence(name);

/** How the supervisor came to its choice. @param {string} by @param {number} [confidence] */
export function routeWords(by, confidence) {
  const how = ROUTES[by] ?? by;
  const unsure = by === "classifier" || by === "model";
  return unsure && typeof confidence === "number" ? `${how}, ${Math.round(confidence * 100)}\u202f%` : how;
}

/** The text of a message whose content is a string or a list of parts. @param {Content|null|undefined} content */
export function contentText(content) {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content.map((part) => (typeof part === "string" ? part : part.type === "text" || !part.type ? (part.text ?? "") : "")).join("");
}

/** @param {any} value @returns {value is {minor: number, currency: string}} */
export function isMoney(value) {
  return (
    typeof value === "object" && value !== null && Object.keys(value).length === 2 &&
    Number.isInteger(value.minor) && /^[A-Z]{3}$/.test(value.currency)
  );
}

/** Decimals of a currency's minor unit. @param {string} currency */
export function decimals(currency) {
  return new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits ?? 2;
}

/** @param {{minor: number, currency: string}} money */
export function moneyText({ minor, currency }) {
  return new Intl.NumberFormat("en", { style: "currency", currency }).format(minor / 10 ** decimals(currency));
}

/** A short reading of an argument. @param {any} value */
export function valueText(value) {
  if (value === null || value === undefined) return "none";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (isMoney(value)) return moneyText(value);
  if (Array.isArray(value) && value.every((item) => typeof item !== "object")) return value.join(", ");
  return typeof value === "object" ? JSON.stringify(value, null, 2) : String(value);
}

/** What a call is about, on one line. @param {Record<string, any>} args */
export function argsSummary(args) {
  return Object.entries(args)
    .filter(([name]) => name !== "limit")
    .map(([, value]) => value)
    .filter((value) => value !== null && value !== "" && (typeof value !== "object" || isMoney(value)))
    .slice(0, 3)
    .map((value) => valueText(value))
    .join(" · ");
}

/** @param {string} iso @param {number} [now] */
export function ago(iso, now = Date.now()) {
  const minutes = Math.round((now - Date.parse(iso)) / 60000);
  if (Number.isNaN(minutes)) return "";
  if (minutes < 1) return "now";
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 24 * 60) return `${Math.round(minutes / 60)} h`;
  const format = minutes < 6 * 24 * 60 ? { weekday: "short" } : { day: "numeric", month: "short" };
  return new Intl.DateTimeFormat("en", /** @type {Intl.DateTimeFormatOptions} */ (format)).format(Date.parse(iso));
}

/** @param {string} iso @param {number} [now] */
export function until(iso, now = Date.now()) {
  const minutes = Math.round((Date.parse(iso) - now) / 60000);
  if (Number.isNaN(minutes)) return "";
  if (minutes <= 0) return "expired";
  if (minutes < 90) return `expires in ${minutes} min`;
  if (minutes < 48 * 60) return `expires in ${Math.round(minutes / 60)} h`;
  return `expires in ${Math.round(minutes / 1440)} days`;
}

/** The heading under which a conversation is listed. @param {string} iso @param {Date} [now] */
export function dayGroup(iso, now = new Date()) {
  const start = new Date(now.getFullYear(), now.getMonth(), now.getDate()).getTime();
  const time = Date.parse(iso);
  if (time >= start) return "Today";
  if (time >= start - 86400000) return "Yesterday";
  return time >= start - 7 * 86400000 ? "Last 7 days" : "Earlier";
}
