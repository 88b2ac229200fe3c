"""The only place where objects are joined. Opens what a process needs, in order, and closes it in reverse."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from secrets import token_urlsafe

from langchain_core.language_models import BaseChatModel
from pydantic import SecretStr

from agents.llm.factory import Models, build_models
from agents.roster import GRANTS
from agents.routing.router import Router
from agents.routing.stored import StoredRouters
from agents.think import Mind
from core.clock import Clock, system_clock
from core.errors import Unavailable
from core.settings import Settings
from graph.drive import Driver
from memory.cache import RateLimiter, Valkey, Wakes, connect
from memory.checkpoints import SCHEMA, Pool, open_pool
from memory.embed import build_embedder, local_embedders
from memory.index import KnowledgeIndex
from memory.live import LiveLog
from memory.retrieval import HybridSearch
from memory.sentences import find_sentences
from store.embedded import Endpoints
from store.engine import app_url, build_engine, check_role
from store.queries import added
from store.rls import uncovered_tables
from store.unit import Units
from store.vault import Vault, kept_key
from tools.executor import Executor
from tools.registry import Toolbox
from tools.toolbox import build_toolbox


@dataclass(frozen=True, slots=True)
class Runtime:
    """Everything that routes, workers and commands work with."""

    settings: Settings
    endpoints: Endpoints
    units: Units
    executor: Executor
    toolbox: Toolbox
    mind: Mind
    models: Models
    valkey: Valkey
    live: LiveLog
    wakes: Wakes
    limiter: RateLimiter
    pool: Pool
    driver: Driver
    index: KnowledgeIndex
    clock: Clock
    secret: str
    webhook_secret: str
    vault: Vault
    demo: bool


@asynccontextmanager
async def open_runtime(
    settings: Settings, endpoints: Endpoints, *, demo: bool = False, clock: Clock = system_clock
) -> AsyncIterator[Runtime]:
    """Open a process's runtime.

    Raises:
        Unavailable: the schema is missing, the database role is unsafe, or a table is not under row security.
    """
    # What is loaded later, in threads, imports numpy: two threads that do so at once can see half of it.
    import_module("numpy")
    async with AsyncExitStack() as stack:
        configured = settings.db.app_url.get_secret_value() if settings.db.app_url else None
        engine = build_engine(app_url(endpoints.db_url, configured), pool_size=settings.db.pool_size)
        stack.push_async_callback(engine.dispose)
        units = Units(engine, clock)
        await check_role(engine)
        if bare := await uncovered_tables(engine):
            raise Unavailable(f"tables without row security: {', '.join(bare)}; run 'storehand migrate'", code="unsafe_schema")
        pool = await stack.enter_async_context(open_pool(app_url(endpoints.db_url, configured, schema=SCHEMA), size=settings.db.pool_size))
        valkey = connect(endpoints.redis_url)
        stack.push_async_callback(valkey.close)
        sentences = find_sentences(settings.routing.sentences)
        index = KnowledgeIndex(endpoints.chroma_url, build_embedder(settings, sentences), *local_embedders(sentences))
        stack.push_async_callback(index.close)
        toolbox = build_toolbox(HybridSearch(index), added.note_gap)
        executor = Executor(units, toolbox, GRANTS)
        models = build_models(settings, offline=lambda: _offline(toolbox))
        stack.push_async_callback(models.aclose)
        mind = Mind(models, toolbox, build_router(settings, toolbox, StoredRouters(units)))
        live = LiveLog(valkey)
        stack.push_async_callback(live.aclose)
        wakes = Wakes(valkey)
        stack.push_async_callback(wakes.close)
        yield Runtime(
            settings=settings,
            endpoints=endpoints,
            units=units,
            executor=executor,
            toolbox=toolbox,
            mind=mind,
            models=models,
            valkey=valkey,
            live=live,
            wakes=wakes,
            limiter=RateLimiter(valkey),
            pool=pool,
            driver=Driver(units, executor, mind, pool, live, settings.budget, clock),
            index=index,
            clock=clock,
            secret=jwt_secret(settings),
            webhook_secret=_secret(settings.webhooks.secret, settings.data_path / "webhooks.secret"),
            vault=vault(settings),
            demo=demo,
        )


def build_router(settings: Settings, toolbox: Toolbox, stored: StoredRouters | None = None) -> Router:
    """Return the router; it loads what it learned with the first message."""
    return Router(toolbox, sentences=find_sentences(settings.routing.sentences), folder=settings.data_path / "routing", stored=stored)


def jwt_secret(settings: Settings) -> str:
    """Return the signing secret: the setting's, else one made once and kept readable by the owner only."""
    return _secret(settings.auth.secret, settings.data_path / "secret")


def _secret(given: SecretStr | None, path: Path) -> str:
    if given is not None:
        return given.get_secret_value()
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(token_urlsafe(48), encoding="ascii")
    return path.read_text(encoding="ascii").strip()


def vault(settings: Settings) -> Vault:
    """Return what opens providers' secrets: with the settings' keys, or with the one that is kept beside an embedded database.

    Raises:
        InvalidInput: a key is malformed.
    """
    given = [each.get_secret_value() for each in (settings.secrets.key, settings.secrets.previous) if each is not None]
    keys = [key for each in given for key in each.split(",") if key.strip()]
    if not keys and settings.db.url is None:
        keys = [kept_key(settings.data_path / "secrets.key")]
    return Vault(keys)


def _offline(toolbox: Toolbox) -> BaseChatModel:
    from agents.llm.offline.model import OfflineModel

    return OfflineModel(toolbox=toolbox)
