"""The vectors keep tenants and visibilities apart, on a real Chroma."""

import hashlib
import textwrap
from collections.abc import AsyncIterator, Iterator
from uuid import UUID

import pytest

from core.errors import Unavailable
from core.ids import new_id
from memory.embed import HashEmbedder
from memory.index import KnowledgeIndex, Vectored
from tests.support.servers import start_servers

RETURNS = "You can return most items within 30 days of delivery."
SHIPPING = "Standard shipping takes 3 to 5 business days. Express parcels arrive the next working day."


@pytest.fixture(scope="module")
def chroma_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with start_servers(tmp_path_factory.mktemp("index")) as endpoints:
        yield endpoints.chroma_url


@pytest.fixture
async def index(chroma_url: str) -> AsyncIterator[KnowledgeIndex]:
    index = KnowledgeIndex(chroma_url, HashEmbedder())
    yield index
    await index.close()


async def put(index: KnowledgeIndex, tenant: UUID, text: str, visibility: str = "public") -> UUID:
    chunk = new_id()
    [vector] = await index.embedder.embed([text])
    await index.put(tenant, [Vectored(chunk, visibility, vector)])
    return chunk


async def found(index: KnowledgeIndex, tenant: UUID, query: str, *visibility: str) -> list[UUID]:
    [hits] = await index.search(tenant, [query], visibility=visibility or ("public", "staff"), limit=5)
    return [hit.id for hit in hits]


async def test_the_nearest_chunk_comes_first_and_a_new_process_finds_it(index: KnowledgeIndex, chroma_url: str) -> None:
    tenant = new_id()
    returns, shipping = await put(index, tenant, RETURNS), await put(index, tenant, SHIPPING)
    again = KnowledgeIndex(chroma_url, HashEmbedder())
    for one in (index, again):
        assert (await found(one, tenant, "returning items after delivery"))[0] == returns
        assert (await found(one, tenant, "how fast is express shipping"))[0] == shipping
    await again.close()


async def test_each_text_asked_has_hits_of_its_own(index: KnowledgeIndex) -> None:
    tenant = new_id()
    returns, shipping = await put(index, tenant, RETURNS), await put(index, tenant, SHIPPING)
    first, nothing, second = await index.search(tenant, ["return items", "!!!", "express parcels"], visibility=["public"], limit=1)
    assert ([hit.id for hit in first], nothing, [hit.id for hit in second]) == ([returns], [], [shipping])
    assert 0 < first[0].score <= 1


async def test_another_tenant_and_another_visibility_find_nothing(index: KnowledgeIndex) -> None:
    tenant = new_id()
    secret = await put(index, tenant, RETURNS, "staff")
    assert await found(index, new_id(), "return items") == []
    assert await found(index, tenant, "return items", "public", "customer") == []
    assert await found(index, tenant, "return items", "staff") == [secret]


async def test_what_is_removed_is_not_found(index: KnowledgeIndex) -> None:
    tenant = new_id()
    chunk = await put(index, tenant, RETURNS)
    await index.remove(tenant, [chunk, new_id()], [index.embedding, "never-made"])
    assert await found(index, tenant, "return items") == []


async def test_many_chunks_are_stored_in_batches(index: KnowledgeIndex) -> None:
    tenant = new_id()
    texts = [" ".join(textwrap.wrap(hashlib.sha256(bytes([n % 256, n // 256])).hexdigest(), 8)) for n in range(450)]
    ids = [new_id() for _ in texts]
    vectors = await index.embedder.embed(texts)
    await index.put(tenant, [Vectored(chunk, "public", vector) for chunk, vector in zip(ids, vectors, strict=True)])
    for n in (0, 199, 200, 449):
        assert (await found(index, tenant, texts[n][:17]))[0] == ids[n]


async def test_an_embedding_that_is_not_ready_leaves_the_search_to_the_one_before(index: KnowledgeIndex, chroma_url: str) -> None:
    tenant = new_id()
    chunk = await put(index, tenant, RETURNS)
    later = KnowledgeIndex(chroma_url, HashEmbedder(256), HashEmbedder())
    [hits] = await later.search(tenant, ["return items"], visibility=["public"], limit=1, ready=["hash-v1-512"])
    assert [hit.id for hit in hits] == [chunk]
    [hits] = await later.search(tenant, ["return items"], visibility=["public"], limit=1, ready=["hash-v1-256", "hash-v1-512"])
    assert hits == []
    await later.close()


async def test_an_unreachable_chroma_is_unavailable() -> None:
    index = KnowledgeIndex("http://127.0.0.1:1", HashEmbedder())
    with pytest.raises(Unavailable, match="knowledge index"):
        await index.search(new_id(), ["return"], visibility=["public"], limit=1)
