"""The knowledge index keeps tenants and visibilities apart, on a real Chroma."""

import hashlib
import textwrap
from collections.abc import AsyncIterator, Iterator
from uuid import UUID

import pytest

from core.errors import Unavailable
from core.ids import new_id
from memory.articles import ArticleIndex, Chunk, split
from memory.embed import LocalEmbedder
from tests.support.servers import start_servers

RETURNS = "You can return most items within 30 days of delivery.\n\n## Refunds\n\nWe refund the original payment method."
SHIPPING = "Standard shipping takes 3 to 5 business days.\n\n## Express\n\nExpress parcels arrive the next working day."


@pytest.fixture(scope="module")
def chroma_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with start_servers(tmp_path_factory.mktemp("articles")) as endpoints:
        yield endpoints.chroma_url


@pytest.fixture
async def index(chroma_url: str) -> AsyncIterator[ArticleIndex]:
    index = ArticleIndex(chroma_url, LocalEmbedder())
    yield index
    await index.close()


async def found(index: ArticleIndex, tenant: UUID, query: str, *visibility: str) -> list[UUID]:
    hits = await index.search(tenant, query, visibility=visibility or ("public", "internal"), limit=5)  # type: ignore[arg-type]
    return list(dict.fromkeys(hit.article_id for hit in hits))


async def test_the_nearest_article_comes_first_and_a_new_process_finds_it(index: ArticleIndex, chroma_url: str) -> None:
    tenant, returns, shipping = new_id(), new_id(), new_id()
    await index.upsert(tenant, split(returns, "Returns", RETURNS, visibility="public"))
    await index.upsert(tenant, split(shipping, "Shipping", SHIPPING, visibility="public"))
    again = ArticleIndex(chroma_url, LocalEmbedder())
    for one in (index, again):
        assert (await found(one, tenant, "returning shoes and getting refunded"))[0] == returns
        assert (await found(one, tenant, "how fast is express delivery"))[0] == shipping
    hits = await index.search(tenant, "refund", visibility=["public"], limit=2)
    assert len(hits) == 2
    assert 1 >= hits[0].score >= hits[1].score


async def test_another_tenant_finds_nothing(index: ArticleIndex) -> None:
    await index.upsert(new_id(), split(new_id(), "Returns", RETURNS, visibility="public"))
    assert await found(index, new_id(), "return") == []


async def test_a_public_search_never_sees_internal_chunks(index: ArticleIndex) -> None:
    tenant, article = new_id(), new_id()
    await index.upsert(tenant, split(article, "Returns", RETURNS, visibility="internal"))
    assert await found(index, tenant, "return", "public") == []
    assert await found(index, tenant, "return", "internal") == [article]


async def test_a_change_of_visibility_or_length_leaves_no_old_chunk(index: ArticleIndex) -> None:
    tenant, article = new_id(), new_id()
    await index.upsert(tenant, split(article, "Returns", RETURNS, visibility="public"))
    await index.upsert(tenant, split(article, "Returns", "Only within 14 days.", visibility="internal"))
    assert await found(index, tenant, "return", "public") == []
    hits = await index.search(tenant, "return", visibility=["internal"], limit=5)
    assert [hit.chunk_id for hit in hits] == [f"{article}:0"]


async def test_a_deleted_article_is_not_found(index: ArticleIndex) -> None:
    tenant, article = new_id(), new_id()
    await index.upsert(tenant, split(article, "Returns", RETURNS, visibility="public"))
    await index.delete_article(tenant, article)
    await index.delete_article(tenant, new_id())
    assert await found(index, tenant, "return") == []


async def test_many_chunks_are_stored_in_batches(index: ArticleIndex) -> None:
    tenant, article = new_id(), new_id()
    texts = [hashlib.sha256(bytes([n % 256, n // 256])).hexdigest() for n in range(450)]
    chunks = [Chunk(f"{article}:{n}", article, "public", "Part", "", " ".join(textwrap.wrap(text, 8))) for n, text in enumerate(texts)]
    await index.upsert(tenant, chunks)
    for n in (0, 199, 200, 449):
        [hit] = await index.search(tenant, chunks[n].text[:17], visibility=["public"], limit=1)
        assert hit.chunk_id == chunks[n].id


async def test_a_query_that_says_nothing_finds_nothing(index: ArticleIndex) -> None:
    tenant = new_id()
    await index.upsert(tenant, split(new_id(), "Returns", RETURNS, visibility="public"))
    assert await found(index, tenant, "how are you?") == []


async def test_an_unreachable_chroma_is_unavailable() -> None:
    index = ArticleIndex("http://127.0.0.1:1", LocalEmbedder())
    with pytest.raises(Unavailable, match="knowledge index"):
        await index.search(new_id(), "return", visibility=["public"], limit=1)
