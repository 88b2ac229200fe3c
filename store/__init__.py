"""Postgres: the only home of SQL, and the only place that opens a transaction."""
