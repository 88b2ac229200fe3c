"""Texts as vectors: a sentence model on this machine, hashed words where there is none, or a provider's model."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from core.errors import InvalidInput, ModelFailed
from core.settings import Settings
from memory.hashing import vector
from memory.sentences import SentenceModel

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

    @property
    def alike(self) -> float:
        """The cosine from which on a passage is about a question that it shares no word with."""
        ...

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Return one vector of unit length for each text."""
        ...


class HashEmbedder:
    """Hashed words, word pairs and letter groups: the same vectors in every process and on every machine."""

    name = "hash-v1"
    alike = 0.4

    def __init__(self, dimensions: int = 512) -> None:
        self.dimensions = dimensions

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Return one vector for each text, computed in a thread."""
        return await asyncio.to_thread(lambda: [vector(text, self.dimensions) for text in texts])


class SentenceEmbedder:
    """all-MiniLM-L6-v2 from a folder on this machine."""

    alike = 0.5

    def __init__(self, model: SentenceModel) -> None:
        self._model = model
        self.name = model.name
        self.dimensions = model.dimensions

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Return one vector for each text, computed in a thread; a text that says nothing has one of zeros."""
        vectors = await asyncio.to_thread(self._model.vectors, texts)
        return [
            vector if any(map(str.isalnum, text)) else [0.0] * self.dimensions for text, vector in zip(texts, vectors.tolist(), strict=True)
        ]


class OpenAIEmbedder:
    """A model behind the OpenAI embeddings API, at any base URL."""

    alike = 0.5

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


def build_embedder(settings: Settings, sentences: SentenceModel | None) -> Embedder:
    """Return the embedder that `STOREHAND_EMBEDDING__MODEL` names.

    That is `local` (the sentence model), `hash`, `openai:<model>`, `openai:<model>@<dimensions>`, or `auto`: the sentence model where its
    files are on this machine, else `hash`.

    Args:
        sentences: the sentence model that was found.

    Raises:
        InvalidInput: the setting has none of these forms, or `local` lacks the model's files.
    """
    kind, _, rest = settings.embedding.model.partition(":")
    if kind in {"auto", "hash", "local"} and not rest:
        if kind == "local" and sentences is None:
            raise InvalidInput(
                "local needs the files of all-MiniLM-L6-v2; name their folder with STOREHAND_ROUTING__SENTENCES, or say hash",
                field=_SETTING,
            )
        return HashEmbedder() if kind == "hash" or sentences is None else SentenceEmbedder(sentences)
    model, _, length = rest.partition("@")
    if kind != "openai" or not model or (length and not length.isdigit()):
        raise InvalidInput("must be auto, local, hash, openai:<model> or openai:<model>@<dimensions>", field=_SETTING)
    key = settings.llm_key
    return OpenAIEmbedder(
        model,
        dimensions=int(length) if length else None,
        api_key=key.get_secret_value() if key else None,
        base_url=settings.llm_base_url,
    )


def local_embedders(sentences: SentenceModel | None) -> list[Embedder]:
    """Return the embedders that need no provider: vectors that a store still has of them can be searched whatever the setting says."""
    return [HashEmbedder(), *([SentenceEmbedder(sentences)] if sentences else [])]
