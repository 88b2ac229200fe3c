"""Bring a database to the newest schema. Run by the owner, never by the product's role."""

import asyncio
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, text

from store.engine import APP_ROLE, RELAY_ROLE, sqlalchemy_url

CHECKPOINT_SCHEMA = "checkpoints"
_LOCK = 7_263_118_402_117
"""Advisory lock, so that two processes that start at once migrate once."""


def alembic_config() -> Config:
    """Return Alembic's configuration without a file."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def migrate(owner_url: str) -> str:
    """Upgrade to the newest revision and return its name."""
    engine = create_engine(sqlalchemy_url(owner_url))
    config = alembic_config()
    try:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as guard:
            guard.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": _LOCK})
            with engine.begin() as connection:
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
            asyncio.run(_set_up_checkpoints(owner_url))
            with engine.connect() as connection:
                return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one())
    finally:
        engine.dispose()


async def refresh_statistics(owner_url: str) -> None:
    """Let the planner know what is in the tables now; PostgreSQL would find out by itself within a minute of many changes."""
    from psycopg import AsyncConnection

    async with await AsyncConnection.connect(owner_url, autocommit=True) as connection:
        await connection.execute("ANALYZE")


async def _set_up_checkpoints(owner_url: str) -> None:
    from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
    from psycopg import AsyncConnection
    from psycopg.rows import DictRow, dict_row

    async with await AsyncConnection[DictRow].connect(owner_url, autocommit=True, row_factory=dict_row) as connection:
        await connection.execute(f"CREATE SCHEMA IF NOT EXISTS {CHECKPOINT_SCHEMA}")
        await connection.execute(f"SET search_path = {CHECKPOINT_SCHEMA}")
        await AsyncPostgresSaver(connection).setup()
        await connection.execute(f"GRANT USAGE ON SCHEMA {CHECKPOINT_SCHEMA} TO {APP_ROLE}, {RELAY_ROLE}")
        await connection.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {CHECKPOINT_SCHEMA} TO {APP_ROLE}")
        await connection.execute(f"GRANT SELECT ON {CHECKPOINT_SCHEMA}.checkpoints TO {RELAY_ROLE}")
