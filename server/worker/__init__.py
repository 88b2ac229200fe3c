"""Executes queued runs: any number of workers share Postgres and Valkey."""
