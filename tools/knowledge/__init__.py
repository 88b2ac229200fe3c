"""Knowledge: what the shop's policies, guides and answers say."""

from memory.retrieval import ArticleSearch
from tools.knowledge.reads import knowledge_tools

__all__ = ["ArticleSearch", "knowledge_tools"]
