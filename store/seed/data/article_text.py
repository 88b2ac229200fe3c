"""How a knowledge article is written down."""

from typing import NamedTuple

from core.statuses import ArticleCategory


class Text(NamedTuple):
    """One article. `{shop}` and `{email}` stand for the shop's name and address."""

    slug: str
    title: str
    category: ArticleCategory
    body: str
