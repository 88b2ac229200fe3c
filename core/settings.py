"""Settings: environment variables `STOREHAND_*` (nested with `__`), each with a default that needs no set-up."""

from pathlib import Path
from typing import Literal

from pydantic import AliasChoices, BaseModel, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Database(BaseModel):
    """Postgres. Without `url`, an embedded server under the data directory is used."""

    url: SecretStr | None = None
    """Owner's URL, `postgresql://user:password@host:port/database`: runs migrations."""
    app_url: SecretStr | None = None
    """URL of a login without ownership and without BYPASSRLS. Default: `url` with `role=storehand_app`."""
    pool_size: int = Field(default=10, ge=1, le=200)


class Redis(BaseModel):
    """A server of the Redis protocol. Without `url`, an embedded Valkey is used."""

    url: SecretStr | None = None


class Chroma(BaseModel):
    """Chroma's HTTP server. Without `url`, `chroma run` is started under the data directory."""

    url: str | None = None


class LLM(BaseModel):
    """The language model. Without a key or a base URL, the offline model answers."""

    model: str | None = None
    """`openai:<name>`, `offline` or `scripted:<file>`. Default: `openai:gpt-5-mini` when a key is set, else `offline`."""
    router_model: str | None = None
    base_url: str | None = None
    api_key: SecretStr | None = None
    temperature: float | None = None
    request_timeout: float = Field(default=60, gt=0, description="seconds for one attempt")
    deadline: float = Field(default=120, gt=0, description="seconds for one model call with its retries")
    max_retries: int = Field(default=3, ge=0, le=10)
    fallback_offline: bool = True
    """Answer with the offline model, and say so, when the provider stays down."""


class Embedding(BaseModel):
    """Vectors for knowledge. Changing the model makes all vectors anew while those of the model before are still searched."""

    model: str = "auto"
    """`local`: all-MiniLM-L6-v2 where its files are (see ROUTING__SENTENCES); `hash`: hashed words, which need nothing; `auto`: the first
    that can be had; `openai:<model>` or `openai:<model>@<dimensions>`: with the LLM's key and base URL."""


class Routing(BaseModel):
    """Which agent takes a message. Sentence vectors make it surer where the files of all-MiniLM-L6-v2 (ONNX) are on the machine."""

    sentences: str = "auto"
    """`auto`: where Chroma keeps the model, if it is there; `none`; or a folder with model.onnx and tokenizer.json."""


class Http(BaseModel):
    """Where the API listens."""

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    cors_origins: list[str] = []
    max_body_bytes: int = 256 * 1024
    requests_a_second: float = Field(default=20, gt=0)
    """How fast one user may start work, on average."""
    requests_at_once: float = Field(default=200, ge=1)
    """How many requests of one user may come in a burst."""


class Auth(BaseModel):
    """Sign-in. Without `secret`, one is made once and kept under the data directory."""

    secret: SecretStr | None = None
    token_ttl_seconds: int = 12 * 3600


class Secrets(BaseModel):
    """Sealing of providers' keys in the database. Without `key`, the embedded database uses one that is kept under the data directory."""

    key: SecretStr | None = None
    """32 bytes in base64, as `storehand secrets new-key` makes them. Keep it apart from the database and its backups."""
    previous: SecretStr | None = None
    """Older keys, separated by commas, until `storehand secrets rotate` has sealed everything with the newest."""


class Worker(BaseModel):
    """Execution of runs: a lease of 15 s kept by a heartbeat every 5 s."""

    concurrency: int = Field(default=100, ge=1)
    lease_seconds: float = 15
    heartbeat_seconds: float = 5
    poll_seconds: float = 1
    max_attempts: int = 5


class Runs(BaseModel):
    """Runs that clients start over the API."""

    reader_grace: float = Field(default=60, ge=0)
    """Seconds that a run started as a stream goes on when nobody follows it any more; then it is cancelled. 0: it goes on to its end. Runs
    that were started without a stream, or by a schedule, always do."""


class Retention(BaseModel):
    """How long is kept what runs leave behind. The ledger, the audit chain and decisions are never deleted, nor are conversations."""

    log_days: float = Field(default=90, gt=0)
    """Days after a run's end for which its log can be streamed again; later, its stream is the conversation's values and `end`."""
    steps_days: float = Field(default=1, ge=0)
    """Days after a run's end for which each of its states is kept; later, those where its message came in, where its turn began and where
    it ended."""
    answers_days: float = Field(default=1, gt=0)
    """Days for which the answer to a request with an `Idempotency-Key` is given again."""


class Outbound(BaseModel):
    """Messages to providers: payment, carriers, channels, e-mail."""

    batch: int = Field(default=20, ge=1, le=200)
    """Messages that a process carries at once."""
    lease_seconds: float = Field(default=60, gt=0)
    """How long a message stays in the hands of a process that died."""
    poll_seconds: float = Field(default=0.5, gt=0)
    timeout: float = Field(default=10, gt=0, description="seconds for one request to a provider")
    first_wait: float = Field(default=2, gt=0, description="seconds before the second try, doubled with each one")
    longest_wait: float = Field(default=900, gt=0)
    max_tries: int = Field(default=12, ge=1)
    """After so many failed tries a message is parked for a person."""
    ask_again: float = Field(default=30, gt=0, description="seconds until a provider that has not decided is asked how it stands")
    webhook_tolerance: float = Field(default=300, gt=0, description="seconds that a signed report may be old")


class Webhooks(BaseModel):
    """Calls of an address that a client named when it started a run. They are tried as often as `outbound` says."""

    secret: SecretStr | None = None
    """Signs them, as by the Standard Webhooks specification. Without it, one is made once and kept under the data directory."""
    timeout: float = Field(default=10, gt=0, description="seconds for one call")
    loopback: bool = False
    """Let them reach this machine, also over plain http: for tests and development. Other private addresses are never asked."""


class Budget(BaseModel):
    """Limits of one run; reaching one ends it with an honest sentence."""

    model_calls: int = 8
    tool_calls: int = 12
    wall_seconds: float = 300


class Settings(BaseSettings):
    """All settings. Read once, at the top of a process, and passed down."""

    model_config = SettingsConfigDict(
        env_prefix="STOREHAND_", env_nested_delimiter="__", env_file=".env", extra="ignore", populate_by_name=True
    )

    data_dir: Path = Path("~/.storehand")
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["text", "json"] = "text"
    db: Database = Database()
    redis: Redis = Redis()
    chroma: Chroma = Chroma()
    llm: LLM = LLM()
    embedding: Embedding = Embedding()
    routing: Routing = Routing()
    http: Http = Http()
    auth: Auth = Auth()
    secrets: Secrets = Secrets()
    worker: Worker = Worker()
    runs: Runs = Runs()
    retention: Retention = Retention()
    outbound: Outbound = Outbound()
    webhooks: Webhooks = Webhooks()
    budget: Budget = Budget()
    openai_api_key: SecretStr | None = Field(default=None, validation_alias=AliasChoices("OPENAI_API_KEY", "STOREHAND_OPENAI_API_KEY"))
    openai_base_url: str | None = Field(default=None, validation_alias=AliasChoices("OPENAI_BASE_URL", "STOREHAND_OPENAI_BASE_URL"))

    @property
    def data_path(self) -> Path:
        """The data directory, absolute."""
        return self.data_dir.expanduser().resolve()

    @property
    def llm_key(self) -> SecretStr | None:
        """The provider's key: the setting's, else `OPENAI_API_KEY`."""
        return self.llm.api_key or self.openai_api_key

    @property
    def llm_base_url(self) -> str | None:
        """The provider's base URL: the setting's, else `OPENAI_BASE_URL`."""
        return self.llm.base_url or self.openai_base_url

    @property
    def llm_model(self) -> str:
        """The worker model in the form `kind:name`."""
        if self.llm.model:
            return self.llm.model
        return "openai:gpt-5-mini" if self.llm_key or self.llm_base_url else "offline"
