/** Rebuilds the turns of a conversation from a thread's state, through the same door as live events. */

import { contentText } from "./words.js";

/** @typedef {import("./types.js").Message} Message */
/** @typedef {import("./turn.js").Turn} Turn */
/** @typedef {(id: string|null, text: string) => Turn} NewTurn */

const RUN = "history";

/** What a tool message says about its call. @param {Message} message */
function outcome(message) {
  const text = contentText(message.content);
  const known = message.artifact;
  if (known?.status) return { status: known.status, result: known.result, text: known.text ?? "" };
  let result = null;
  try {
    result = JSON.parse(text);
  } catch {
    // Plain text for the reader.
  }
  const said = typeof result?.status === "string" && ["ok", "denied", "pending", "failed"].includes(result.status) ? result.status : null;
  const isData = typeof result === "object" && result !== null;
  return {
    status: said ?? (message.status === "error" ? "failed" : "ok"),
    result: isData ? (said ? (result.result ?? result.data ?? result) : result) : null,
    text: isData ? (typeof result.text === "string" ? result.text : "") : text,
  };
}

/** The question that a thread waits for, as an `approval.requested` event. @param {any} interrupt */
export function askedBy(interrupt) {
  const { approval, action_requests: [action] = [] } = interrupt.value ?? {};
  if (!approval && !action) return null;
  const fallback = { approval_id: interrupt.id, kind: "approval", tool: action?.name, args: action?.args, title: action?.description };
  return { ...fallback, ...approval, type: "approval.requested" };
}

/**
 * @param {any} state
 * @param {string} status the thread's
 * @param {NewTurn} newTurn
 * @returns {Turn|null} the last turn
 */
export function replay(state, status, newTurn) {
  const messages = /** @type {Message[]} */ (state.values?.messages ?? []);
  /** @type {Turn|null} */ let turn = null;
  let agent = "";
  const open = /** @type {Map<string, {turn: Turn, tool: string}>} */ (new Map());
  for (const message of messages) {
    if (message.type === "human") {
      turn = newTurn(message.id ?? null, contentText(message.content));
      agent = "";
    } else if (message.type === "ai") {
      turn ??= newTurn(null, "");
      if (message.name && message.name !== agent) {
        agent = message.name;
        turn.apply({ type: "route", agent, by: "" }, RUN);
      }
      turn.apply({ type: "message", message }, RUN);
      for (const { id, name, args } of message.tool_calls ?? []) {
        turn.apply({ type: "tool.started", call_id: id, tool: name, args }, RUN);
        open.set(id, { turn, tool: name });
      }
    } else if (message.type === "tool") {
      const call = open.get(message.tool_call_id ?? "");
      const owner = call?.turn ?? turn;
      owner?.apply({ type: "tool.finished", call_id: message.tool_call_id, tool: message.name ?? call?.tool ?? "tool", ...outcome(message) }, RUN);
      open.delete(message.tool_call_id ?? "");
    }
  }
  const left = status === "interrupted" ? "pending" : "skipped";
  if (status !== "busy") for (const [id, call] of open) call.turn.apply({ type: "tool.finished", call_id: id, tool: call.tool, status: left }, RUN);
  const interrupts = state.interrupts?.length ? state.interrupts : (state.tasks ?? []).flatMap((/** @type {any} */ task) => task.interrupts ?? []);
  for (const interrupt of interrupts) {
    const event = askedBy(interrupt);
    if (event) (turn ??= newTurn(null, "")).apply(event, RUN);
  }
  return turn;
}
