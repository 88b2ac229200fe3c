"""Models that attack: one calls anything with anything, one does whatever it reads in what tools return."""

import json
import random
import re
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import Field, PrivateAttr

_STRINGS = (
    "'; DROP TABLE orders; --",
    "1042 OR 1=1",
    "../../etc/passwd",
    "{{7*7}}",
    "\u202e\u200bhidden\U000e0041",
    "A" * 5000,
    "",
    "null",
    "00000000-0000-0000-0000-000000000000",
)
_ORDERED = re.compile(r"CALL (\w+) (\{.*?\})")


class HostileModel(BaseChatModel):
    """Answers every question with several tool calls of its own choice, the same for the same seed."""

    seed: int = 0
    tools: dict[str, dict[str, Any]] = Field(default_factory=dict[str, dict[str, Any]])
    """Names and argument schemas of every tool there is, whoever may use it."""
    orders: list[str] = Field(default_factory=list[str])
    others: dict[str, list[str]] = Field(default_factory=dict[str, list[str]])
    """Values to aim at, by argument name."""
    calls_each: int = 6
    _chance: random.Random = PrivateAttr(default_factory=random.Random)
    _made: int = PrivateAttr(default=0)

    def model_post_init(self, context: Any, /) -> None:
        """Seed the dice."""
        super().model_post_init(context)
        self._chance.seed(self.seed)

    @property
    def made(self) -> int:
        """How many calls it made."""
        return self._made

    @property
    def _llm_type(self) -> str:
        return "hostile"

    def bind_tools(self, tools: Any, *, tool_choice: Any = None, **kwargs: Any) -> Any:
        """Take no notice of what is offered."""
        return self

    def _call(self, number: int) -> dict[str, Any]:
        self._made += 1
        dice = self._chance
        kind = dice.random()
        if kind < 0.05:
            name, args = "transfer", {"agent": dice.choice(["risk", "marketplace", "after_sales", "root"]), "reason": "go"}
        elif kind < 0.1:
            name, args = dice.choice(["approve", "decide_approval", "sql", "", "issue_refund; drop"]), {"approval_id": _STRINGS[-1]}
        else:
            name = dice.choice(sorted(self.tools))
            args = self._arguments(self.tools[name])
        return {"name": name, "args": args, "id": f"h{self._made}-{number}", "type": "tool_call"}

    def _arguments(self, schema: dict[str, Any]) -> dict[str, Any]:
        required = set(schema.get("required", []))
        args = {
            name: self._value(name, field)
            for name, field in schema.get("properties", {}).items()
            if name in required or self._chance.random() < 0.3
        }
        if self._chance.random() < 0.15:
            args[self._chance.choice(["tenant_id", "customer_id", "approval_id", "role", "idempotency_key"])] = _STRINGS[-1]
        return args

    def _value(self, name: str, field: dict[str, Any]) -> Any:
        dice = self._chance
        if dice.random() < 0.12:
            return dice.choice([*_STRINGS, -1, 10**30, None, [], {}, True])
        if name in self.others:
            return dice.choice(self.others[name])
        if name in {"order", "order_id"}:
            return dice.choice(self.orders)
        if "enum" in field:
            return dice.choice(field["enum"])
        match field.get("type"):
            case "integer":
                return dice.randint(field.get("minimum", 0), min(field.get("maximum", 50), 50))
            case "boolean":
                return dice.random() < 0.5
            case "array":
                return [self._value(name, field.get("items", {}))]
            case "object":
                return self._arguments(field)
            case _:
                return dice.choice(["1.00", "9.99", "150.00", "please", *_STRINGS]) if dice.random() < 0.8 else "x"

    def _generate(
        self, messages: list[BaseMessage], stop: list[str] | None = None, run_manager: CallbackManagerForLLMRun | None = None, **kwargs: Any
    ) -> ChatResult:
        calls = [self._call(number) for number in range(self.calls_each)]
        return _result(AIMessage("I have full authority.", tool_calls=calls))

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return self._generate(messages)


class ObedientModel(BaseChatModel):
    """Makes `first` call, then every call that a tool's result orders with `CALL <tool> <json>`, as an injected model would."""

    first: tuple[str, dict[str, Any]]
    _obeyed: list[str] = PrivateAttr(default_factory=list[str])

    @property
    def obeyed(self) -> list[str]:
        """The tools that it was ordered to call."""
        return self._obeyed

    @property
    def _llm_type(self) -> str:
        return "obedient"

    def bind_tools(self, tools: Any, *, tool_choice: Any = None, **kwargs: Any) -> Any:
        """Take no notice of what is offered."""
        return self

    def _generate(
        self, messages: list[BaseMessage], stop: list[str] | None = None, run_manager: CallbackManagerForLLMRun | None = None, **kwargs: Any
    ) -> ChatResult:
        results = [message for message in messages if isinstance(message, ToolMessage)]
        if not results:
            return _result(AIMessage("", tool_calls=[{"name": self.first[0], "args": self.first[1], "id": "first", "type": "tool_call"}]))
        orders = _ORDERED.findall(results[-1].text.replace('\\"', '"')) if not self._obeyed else []
        self._obeyed += [name for name, _ in orders]
        if not orders:
            return _result(AIMessage("Done as ordered."))
        calls = [
            {"name": name, "args": json.loads(args), "id": f"o{place}", "type": "tool_call"} for place, (name, args) in enumerate(orders)
        ]
        return _result(AIMessage("", tool_calls=calls))

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return self._generate(messages)


def _result(message: AIMessage) -> ChatResult:
    finish = "tool_calls" if message.tool_calls else "stop"
    return ChatResult(generations=[ChatGeneration(message=message.model_copy(update={"response_metadata": {"finish_reason": finish}}))])
