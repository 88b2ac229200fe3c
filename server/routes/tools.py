"""The tools by hand: the same door, the same rules and the same ledger as for an agent."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from core.errors import NotFound
from core.identity import RunContext
from core.ids import new_id
from server.auth import Caller, Wired
from server.errors import json_response
from server.once import IdempotencyKey
from tools.registry import Toolbox
from tools.result import ToolResult
from tools.spec import Tool

router = APIRouter(prefix="/v1/tools", tags=["tools"])


class CallBody(BaseModel):
    """A tool call by hand."""

    args: dict[str, Any] = Field(default_factory=dict[str, Any])
    approval_id: UUID | None = None
    """The approved request that covers the call, when the first one answered `pending`."""


@router.get("")
async def listing(runtime: Wired, principal: Caller) -> Response:
    """List the tools that the caller may use, with the JSON Schema of their arguments."""
    return json_response({"items": [_shown(tool) for tool in runtime.toolbox.open_to(principal)]})


@router.post("/{name}", response_model=ToolResult)
async def call(
    request: Request, runtime: Wired, principal: Caller, name: str, body: CallBody, idempotency_key: IdempotencyKey = None
) -> Response:
    """Call a tool. A refusal is an answer too: read `status`. The same `Idempotency-Key` has the effect once and the same answer."""
    if name not in runtime.toolbox:
        raise NotFound("tool", name[:60])
    context = RunContext(
        principal=principal,
        idempotency_key=idempotency_key or str(new_id()),
        request_id=request.state.request_id,
        approval_id=body.approval_id,
    )
    result = await runtime.executor.execute(context, name, body.args)
    request.app.state.metrics.tool_calls.labels(name, result.status.value).inc()
    return json_response(result.model_dump(mode="json"))


def document(schema: dict[str, Any], toolbox: Toolbox) -> None:
    """Give every tool a path of its own in an OpenAPI document, in place of the general one."""
    general = schema["paths"].pop("/v1/tools/{name}")["post"]
    parameters = [one for one in general.get("parameters", []) if one["name"] != "name"]
    for name, tool in sorted(toolbox.items()):
        body = {
            "type": "object",
            "properties": {"args": tool.schema, "approval_id": {"type": "string", "format": "uuid"}},
            "required": ["args"],
        }
        schema["paths"][f"/v1/tools/{name}"] = {
            "post": {
                **general,
                "tags": [f"tools: {tool.module}"],
                "operationId": f"tool_{name}",
                "summary": tool.purpose,
                "description": f"{tool.effect.value}, needs {tool.permission}. {general.get('description', '')}",
                "parameters": parameters,
                "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
            }
        }


def _shown(tool: Tool[Any, Any]) -> dict[str, Any]:
    return {
        "name": tool.name,
        "module": tool.module,
        "purpose": tool.purpose,
        "effect": tool.effect.value,
        "permission": tool.permission.value,
        "parameters": tool.schema,
        "examples": list(tool.examples),
    }
