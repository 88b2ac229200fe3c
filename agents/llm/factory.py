"""From settings to models: `openai:<name>`, `offline` and `scripted:<file>`, one for each tier."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from urllib.parse import urlsplit

from langchain_core.language_models import BaseChatModel

from agents.llm.breaker import Breakers
from agents.llm.openai import build_openai
from agents.llm.resilient import NamedModel, ResilientModel
from agents.llm.scripted import ScriptedModel
from core.errors import InvalidInput
from core.settings import Settings

OFFLINE = "offline"


@dataclass(frozen=True, slots=True)
class Models:
    """The models of a process."""

    worker: ResilientModel
    router: ResilientModel
    description: str
    """What answers, for people: `offline model` or `openai:gpt-5-mini at http://host/v1`."""
    is_offline: bool

    async def aclose(self) -> None:
        """Close the connections to the providers, at the end of the process."""
        await self.worker.aclose()
        await self.router.aclose()


def build_models(settings: Settings, *, offline: Callable[[], BaseChatModel]) -> Models:
    """Build both tiers; they share breakers, and the model too when the router has no setting of its own.

    Raises:
        InvalidInput: a model's setting is not one of the allowed forms, or misses what it needs.
    """
    breaker = Breakers()
    offline_model = cache(lambda: NamedModel(OFFLINE, offline(), offline=True))

    def tier(spec: str, setting: str) -> ResilientModel:
        first = offline_model() if spec == OFFLINE else NamedModel(spec, _build(spec, setting, settings))
        chain = [first] if first.offline or not settings.llm.fallback_offline else [first, offline_model()]
        return ResilientModel(chain, deadline=settings.llm.deadline, max_retries=settings.llm.max_retries, breaker=breaker)

    spec = settings.llm_model
    worker = tier(spec, "STOREHAND_LLM__MODEL")
    router_spec = settings.llm.router_model or spec
    router = worker if router_spec == spec else tier(router_spec, "STOREHAND_LLM__ROUTER_MODEL")
    return Models(worker, router, describe(spec, settings.llm_base_url), spec == OFFLINE)


def _build(spec: str, setting: str, settings: Settings) -> BaseChatModel:
    match spec.partition(":"):
        case ("openai", _, name) if name:
            return build_openai(name, settings)
        case ("scripted", _, path) if path:
            return _load_script(path, setting)
        case _:
            raise InvalidInput(f"{spec!r} is not a model; use openai:<name>, offline or scripted:<file>", field=setting)


def _load_script(path: str, setting: str) -> ScriptedModel:
    try:
        return ScriptedModel.from_file(path)
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise InvalidInput(f"scripted:{path} is not a readable JSON list of answers", field=setting) from error


def describe(spec: str, base_url: str | None) -> str:
    """Name a model for people, with the server it is asked from but without what the URL may hide."""
    if spec == OFFLINE:
        return "offline model"
    if base_url is None or not spec.startswith("openai:"):
        return spec
    parts = urlsplit(base_url)
    return f"{spec} at {parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
