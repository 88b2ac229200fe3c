/** The console's view of the HTTP API: one function an endpoint, one error type. */

import { uuid } from "./dom.js";
import { token } from "./session.js";

/** @typedef {import("./types.js").Thread} Thread */
/** @typedef {import("./types.js").Me} Me */
/** @typedef {import("./types.js").Verdict} Verdict */

/** A call that failed. `status` 0 means that the server was not reached. */
export class ApiError extends Error {
  /** @param {number} status @param {string} detail @param {string} [code] */
  constructor(status, detail, code = "") {
    super(detail);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
  }

  /** Whether the same call may succeed later. */
  get retryable() {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

/** Tells the page that the token is not accepted any more. */
export const signedOut = new EventTarget();

/** @param {any} detail FastAPI's detail: a sentence, or a list of validation errors */
function detailText(detail) {
  if (typeof detail === "string") return detail;
  if (Array.isArray(detail)) return detail.map((item) => item.msg ?? String(item)).join("; ");
  return detail?.message ?? "";
}

/**
 * @param {string} method
 * @param {string} path
 * @param {{body?: any, headers?: Record<string, string>, signal?: AbortSignal, anonymous?: boolean}} [options]
 */
async function call(method, path, { body, headers = {}, signal, anonymous = false } = {}) {
  const bearer = anonymous ? null : token.get();
  let response;
  try {
    response = await fetch(path, {
      method,
      signal,
      cache: "no-store",
      headers: {
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
        ...(bearer ? { Authorization: `Bearer ${bearer}` } : {}),
        ...headers,
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0, "The server could not be reached.", "unreachable");
  }
  if (response.ok) return response;
  const problem = await response.json().catch(() => ({}));
  if (response.status === 401 && !anonymous) signedOut.dispatchEvent(new Event("signedout"));
  throw new ApiError(response.status, detailText(problem.detail) || `The server answered ${response.status}.`, problem.code ?? "");
}

/** @param {Parameters<typeof call>} args */
const json = async (...args) => (await call(...args)).json();

/** Fetch a file with its name. @param {string} path @returns {Promise<{blob: Blob, name: string}>} */
export async function fetchFile(path) {
  const response = await call("GET", path);
  const named = /filename="([^"\\/]{1,120})"/.exec(response.headers.get("Content-Disposition") ?? "");
  return { blob: await response.blob(), name: named?.[1] ?? "file" };
}

/** @param {string} email @param {string} password @returns {Promise<{access_token: string}>} */
export const signIn = (email, password) => json("POST", "/v1/auth/sign-in", { body: { email, password }, anonymous: true });

/** @returns {Promise<{label: string, email: string, password: string, role: string, shop: string}[]>} */
export const demoSignIns = () => json("GET", "/v1/demo/sign-ins", { anonymous: true });

/** @returns {Promise<Me>} */
export const me = () => json("GET", "/v1/me");

/** @returns {Promise<Thread[]>} */
export const searchThreads = () => json("POST", "/threads/search", { body: { limit: 50 } });

/** @returns {Promise<{thread_id: string}>} */
export const createThread = () => json("POST", "/threads", { body: { metadata: {} } });

/** @param {string} id @returns {Promise<Thread>} */
export const getThread = (id) => json("GET", `/threads/${id}`);

/** @param {string} id */
export const getState = (id) => json("GET", `/threads/${id}/state`);

/** The run that is being worked on, or waits for a worker. @param {string} id @returns {Promise<string|null>} */
export async function activeRun(id) {
  for (const status of ["running", "pending"]) {
    const runs = await json("GET", `/threads/${id}/runs?limit=1&status=${status}`);
    if (runs.length) return runs[0].run_id;
  }
  return null;
}

/** Stop a run. A run that is over already is fine. @param {string} thread @param {string} run */
export async function cancelRun(thread, run) {
  try {
    await call("POST", `/threads/${thread}/runs/${run}/cancel?wait=1`);
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 404)) throw error;
  }
}

/**
 * Start a run and open its stream. The key makes a repeated call return the same run.
 *
 * @param {string} thread
 * @param {Record<string, any>} body
 * @param {{key?: string, signal?: AbortSignal}} [options]
 */
export const startRun = (thread, body, { key = uuid(), signal } = {}) =>
  call("POST", `/threads/${thread}/runs/stream`, {
    body: { ...body, stream_mode: ["messages-tuple", "custom"], stream_resumable: true, on_disconnect: "continue" },
    headers: { "Idempotency-Key": key },
    signal,
  });

/** Join a run's stream after an event; `-1` is from its start. @param {string} path @param {string} after @param {AbortSignal} signal */
export const joinRun = (path, after, signal) => call("GET", path, { headers: { "Last-Event-ID": after }, signal });

/** @returns {Promise<{items: any[]}>} */
export const openApprovals = () => json("GET", "/v1/approvals?status=open");

/**
 * @param {string} id
 * @param {{decision: Verdict, args?: Record<string, any>, message?: string}} body
 * @returns {Promise<{approval: any, thread_id: string, run_id: string|null}>}
 */
export const decideApproval = (id, body) => json("POST", `/v1/approvals/${id}`, { body });
