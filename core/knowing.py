"""Words of knowledge: where it comes from, who may read it, where a source and a gap stand."""

from enum import StrEnum


class SourceKind(StrEnum):
    """What a source is made of; each kind weighs differently in a search."""

    POLICY = "policy"
    ARTICLE = "article"
    PRODUCT = "product"
    REVIEW = "review"
    TICKET = "ticket"
    FILE = "file"
    URL = "url"


class Visibility(StrEnum):
    """Who may read a passage: anybody, customers who are signed in, or the shop's people alone."""

    PUBLIC = "public"
    CUSTOMER = "customer"
    STAFF = "staff"


class SourceStatus(StrEnum):
    """Whether a source's passages are what it says today."""

    WAITING = "waiting"
    READY = "ready"
    FAILED = "failed"


class GapStatus(StrEnum):
    """What became of a question that nothing answered."""

    OPEN = "open"
    DRAFTED = "drafted"
    DISMISSED = "dismissed"
