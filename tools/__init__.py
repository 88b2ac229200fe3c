"""Deterministic, typed capabilities of a shop. No language model framework is imported here."""
