"""Texts as vectors: a local embedder that needs no download, or a provider's model."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from core.errors import InvalidInput, ModelFailed
from core.settings import Settings
from memory.hashing import vector

if TYPE_CHECKING:
    from langchain_openai import OpenAIEmbeddings

_KNOWN_DIMENSIONS = {"text-embedding-3-small": 1536, "text-embedding-3-large": 3072, "text-embedding-ada-002": 1536}
_SETTING = "STOREHAND_EMBEDDING__MODEL"


class Embedder(Protocol):
    """Turns texts into vectors; vectors of two embedders with different names never mix."""

    @property
    def name(self) -> str:
        """What made the vectors, with its version."""
        ...

    @property
    def dimensions(self) -> int:
        """The length of every vector."""
        ...

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Return one vector of unit length for each text."""
        ...


class LocalEmbedder:
    """Hashed words, word pairs and letter groups: the same vectors in every process and on every machine."""

    name = "local-v1"

    def __init__(self, dimensions: int = 512) -> None:
        self.dimensions = dimensions

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Return one vector for each text, computed in a thread."""
        return await asyncio.to_thread(lambda: [vector(text, self.dimensions) for text in texts])


class OpenAIEmbedder:
    """A model behind the OpenAI embeddings API, at any base URL."""

    def __init__(self, model: str, *, dimensions: int | None = None, api_key: str | None = None, base_url: str | None = None) -> None:
        """Describe the model; no connection is opened.

        Args:
            dimensions: shortens the vectors of `text-embedding-3` models, and states the length of an unknown model's.

        Raises:
            InvalidInput: the length of an unknown model is not stated.
        """
        if dimensions is None and model not in _KNOWN_DIMENSIONS:
            raise InvalidInput(f"add the length of its vectors, as in openai:{model}@768", field=_SETTING)
        self.name = f"openai-{model}"
        self.dimensions = dimensions or _KNOWN_DIMENSIONS[model]
        self._model = model
        self._shorten = dimensions if model.startswith("text-embedding-3") else None
        self._api_key = api_key
        self._base_url = base_url
        self._client: OpenAIEmbeddings | None = None

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Return one vector for each text.

        Raises:
            ModelFailed: the provider cannot be asked, or answers with vectors of another length.
        """
        from openai import OpenAIError

        if self._client is None:
            self._client = await asyncio.to_thread(self._build)
        try:
            vectors = await self._client.aembed_documents(list(texts), chunk_size=256)
        except OpenAIError as error:
            raise ModelFailed("the embedding model cannot be asked right now", code="embedding_failed") from error
        if len(vectors) != len(texts) or any(len(one) != self.dimensions for one in vectors):
            raise ModelFailed(f"the embedding model did not answer with vectors of {self.dimensions} numbers", code="embedding_failed")
        return vectors

    def _build(self) -> "OpenAIEmbeddings":
        """Build the client without its tokenizer, which would be downloaded."""
        from langchain_openai import OpenAIEmbeddings
        from pydantic import SecretStr

        return OpenAIEmbeddings(
            model=self._model,
            dimensions=self._shorten,
            api_key=SecretStr(self._api_key or "none"),
            base_url=self._base_url,
            check_embedding_ctx_length=False,
            timeout=30,
            max_retries=3,
        )


def build_embedder(settings: Settings) -> Embedder:
    """Return the embedder that `STOREHAND_EMBEDDING__MODEL` names: `local`, `openai:<model>` or `openai:<model>@<dimensions>`.

    Raises:
        InvalidInput: the setting has none of these forms.
    """
    kind, _, rest = settings.embedding.model.partition(":")
    if kind == "local" and not rest:
        return LocalEmbedder()
    model, _, length = rest.partition("@")
    if kind != "openai" or not model or (length and not length.isdigit()):
        raise InvalidInput("must be local, openai:<model> or openai:<model>@<dimensions>", field=_SETTING)
    key = settings.llm_key
    return OpenAIEmbedder(
        model,
        dimensions=int(length) if length else None,
        api_key=key.get_secret_value() if key else None,
        base_url=settings.llm_base_url,
    )
