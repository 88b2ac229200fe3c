"""What the runtime remembers outside Postgres' tables: knowledge vectors, live streams, rate limits and conversations."""
