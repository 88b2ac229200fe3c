"""A model that needs no network: it plans with the offered tools' own words and answers from their results."""

from agents.llm.offline.model import OfflineModel

__all__ = ["OfflineModel"]
