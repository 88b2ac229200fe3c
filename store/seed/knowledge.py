"""The policy's first version, its pages, the shop's own articles, and files for its people."""

from collections.abc import Iterator
from datetime import timedelta

from core.knowing import SourceKind, SourceStatus, Visibility
from core.statuses import ArticleCategory, ArticleStatus
from store.seed.data.articles import INTERNAL, PUBLIC
from store.seed.data.files import FILES
from store.seed.model import Batch, Row, Shop


def batches(shop: Shop) -> Iterator[Batch]:
    """Yield the policy version, all articles and files."""
    began = shop.now - timedelta(days=shop.size.days + 30)
    version = shop.row(
        "policy_versions",
        1,
        version=1,
        based_on=0,
        body=shop.extras.policy_body,
        author="system",
        note="The rules with which the shop opened",
        created_at=began,
        effective_at=began,
    )
    yield Batch(shop.tenant_id, "policy_versions", [version])
    yield Batch(shop.tenant_id, "articles", [*_policy_pages(shop), *_own_articles(shop)])
    yield Batch(shop.tenant_id, "knowledge_sources", list(_files(shop)))


def _policy_pages(shop: Shop) -> Iterator[Row]:
    for page in shop.extras.policy_articles:
        yield _article(
            shop, page.slug, page.title, page.body, ArticleCategory.POLICY, page.visibility, version=1, days_ago=shop.size.days + 30
        )


def _own_articles(shop: Shop) -> Iterator[Row]:
    texts = [*((text, "public") for text in PUBLIC), *((text, "internal") for text in INTERNAL)]
    for position, (text, visibility) in enumerate(texts):
        body = text.body.replace("{shop}", shop.profile.name).replace("{email}", shop.profile.support_email)
        yield _article(shop, text.slug, text.title, body, text.category, visibility, version=None, days_ago=3 + position * 2)


def _files(shop: Shop) -> Iterator[Row]:
    for position, file in enumerate(FILES):
        added = shop.now - timedelta(days=20 + position)
        yield shop.row(
            "knowledge_sources",
            file.slug,
            kind=SourceKind.FILE.value,
            slug=file.slug,
            title=file.title,
            link=f"files/{file.slug}",
            body=file.body,
            owner=file.owner,
            visibility=Visibility.STAFF.value,
            language="en",
            valid_from=None,
            valid_until=None,
            version=1,
            digest="",
            status=SourceStatus.WAITING.value,
            reason="",
            created_at=added,
            updated_at=added,
        )


def _article(
    shop: Shop, slug: str, title: str, body: str, category: ArticleCategory, visibility: str, *, version: int | None, days_ago: int
) -> Row:
    return shop.row(
        "articles",
        slug,
        slug=slug,
        title=title,
        body=body,
        category=category.value,
        status=ArticleStatus.PUBLISHED.value,
        visibility=visibility,
        policy_version=version,
        updated_at=shop.now - timedelta(days=days_ago),
    )
