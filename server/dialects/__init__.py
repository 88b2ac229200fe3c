"""Wire formats of the run log, each a pure translation of the same events."""
