"""Knowledge: what the shop's policies, guides and answers say."""

from memory.retrieval import KnowledgeSearch
from tools.knowledge.reads import NoteGap, knowledge_tools

__all__ = ["KnowledgeSearch", "NoteGap", "knowledge_tools"]
