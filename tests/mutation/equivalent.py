"""Faults that change nothing anybody could see, by module and by the faulty line, with the reason for each."""

from collections.abc import Mapping

EQUIVALENT: Mapping[str, Mapping[str, str]] = {}
