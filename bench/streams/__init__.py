"""Streams of answers under load, beside a plain server of `create_agent`, on the same Postgres, Valkey and model."""
