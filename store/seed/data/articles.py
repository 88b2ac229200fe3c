"""The knowledge articles of a shop, all of them. Policy pages are not here: they are rendered from the policy."""

from store.seed.data.article_text import Text
from store.seed.data.articles_answers import ANSWERS
from store.seed.data.articles_guides import GUIDES
from store.seed.data.articles_internal import INTERNAL

PUBLIC: tuple[Text, ...] = (*ANSWERS, *GUIDES)

__all__ = ["INTERNAL", "PUBLIC", "Text"]
