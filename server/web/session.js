/** Who is signed in, for this browser tab only. */

/** @typedef {import("./types.js").Principal} Principal */

const KEY = "storehand.token";

/** The token lives in sessionStorage: closing the tab signs out. */
export const token = {
  get: () => sessionStorage.getItem(KEY),
  /** @param {string} value */
  set: (value) => sessionStorage.setItem(KEY, value),
  clear: () => sessionStorage.removeItem(KEY),
};

/** @param {Principal} principal */
export const isMerchant = (principal) => principal.role !== "customer";

/** The assistant a role talks to. @param {Principal} principal */
export const assistantFor = (principal) => (isMerchant(principal) ? "ops" : "support");

const MERCHANT_PROMPTS = [
  "Which orders are stuck?",
  "Why is order 1042 on hold?",
  "What is running low and what should I reorder?",
  "Which Amazon listings have errors?",
  "Refund the headset on order 1017",
];
const CUSTOMER_PROMPTS = [
  "Where is my order?",
  "Cancel it",
  "I want to return the shoes",
  "What is your return policy for electronics?",
];

/** Questions an empty conversation offers. @param {Principal} principal */
export const promptsFor = (principal) => (isMerchant(principal) ? MERCHANT_PROMPTS : CUSTOMER_PROMPTS);
