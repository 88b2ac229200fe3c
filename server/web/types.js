/**
 * The shapes the console receives, as the server's API describes them.
 *
 * @typedef {"customer"|"staff"|"manager"|"owner"|"developer"} Role
 * @typedef {{user_id: string, name: string, role: Role, tenant: {id: string, name: string}, customer_id: string|null}} Principal
 * @typedef {{principal: Principal, model: {description: string, offline: boolean}}} Me
 *
 * @typedef {string | {type?: string, text?: string}[]} Content
 * @typedef {{id: string, name: string, args: Record<string, any>}} ToolCall
 * @typedef {object} Message
 * @property {string} [id]
 * @property {string} type human, ai or tool
 * @property {Content} content
 * @property {string|null} [name] the agent that spoke, or the tool that ran
 * @property {ToolCall[]} [tool_calls]
 * @property {string} [tool_call_id]
 * @property {string} [status] success or error
 * @property {{status?: ToolStatus, result?: any, text?: string}|null} [artifact]
 *
 * @typedef {"running"|"ok"|"denied"|"pending"|"failed"|"skipped"} ToolStatus
 * @typedef {{type: string, [key: string]: any}} RunEvent a member of core/events.py, verbatim
 *
 * @typedef {object} Approval
 * @property {string} id
 * @property {"confirmation"|"approval"} kind
 * @property {string} tool
 * @property {string} title
 * @property {Record<string, any>} args
 * @property {[string, string][]} preview
 * @property {string} reason
 * @property {string} rule
 * @property {string} expiresAt
 * @property {boolean} canDecide
 * @property {string} [requester]
 * @property {string} [threadId]
 * @property {string} [createdAt]
 *
 * @typedef {"approve"|"edit"|"reject"} Verdict
 * @typedef {{verdict: Verdict, args?: Record<string, any>, message?: string}} Decision
 *
 * @typedef {object} Thread
 * @property {string} thread_id
 * @property {string} updated_at
 * @property {"idle"|"busy"|"interrupted"|"error"} status
 * @property {{title?: string}} [metadata]
 * @property {{messages?: Message[]}|null} [values]
 *
 * @typedef {{event: string, data: string, id: string|null}} ServerEvent
 */

export {};
