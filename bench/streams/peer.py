"""The peer: Aegra, an open server of LangGraph's HTTP API, in an environment of its own."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit

import orjson
import psycopg

from bench.streams import agent
from store.embedded import Endpoints

_SAME = ("langchain", "langchain-openai", "langgraph")
_MISSING = "greenlet"
"""What the peer needs and does not name."""
_INSTALL_SECONDS = 300
_FIRST_WITH_PATHS = 18_00_00
_UUIDS = {
    "uuid-ossp.control": "default_version = '1'\n",
    "uuid-ossp--1.sql": "CREATE FUNCTION uuid_generate_v4() RETURNS uuid LANGUAGE sql AS 'SELECT gen_random_uuid()';\n",
}
_POOL = "10"
"""Connections, as many as ours has."""


class NotInstalled(Exception):
    """The peer cannot be had here."""


def install(folder: Path) -> tuple[Path, str]:
    """Return the Python of a new environment with the newest peer that it can have, and the peer's name with its version.

    Raises:
        NotInstalled: without uv, or without a package index.
    """
    uv, python = shutil.which("uv"), folder / "bin" / "python"
    if uv is None:
        raise NotInstalled("uv is not there")
    wanted = ["aegra-api", _MISSING, *(f"{name}=={version(name)}" for name in _SAME)]
    try:
        for command in (["venv", str(folder)], ["pip", "install", "--python", str(python), *wanted]):
            subprocess.run([uv, *command], check=True, capture_output=True, text=True, timeout=_INSTALL_SECONDS)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        raise NotInstalled((str(error.stderr or error).strip().splitlines() or [""])[-1][:200]) from error
    asked = [str(python), "-c", "from importlib.metadata import version; print(version('aegra-api'))"]
    found = subprocess.run(asked, check=True, capture_output=True, text=True, timeout=_INSTALL_SECONDS)
    return python, f"aegra {found.stdout.strip()}"


@contextmanager
def prepared_peer(endpoints: Endpoints, data_dir: Path, model_url: str) -> Iterator[tuple[list[str], dict[str, str], str]]:
    """Install the peer with a database of its own; yield the command of its server without the port, its environment and its name."""
    folder = data_dir / "peer"
    python, name = install(folder)
    _create_database(endpoints, folder / "extensions")
    config = folder / "aegra.json"
    config.write_bytes(orjson.dumps({"graphs": {"agent": f"{Path(agent.__file__).resolve()}:graph"}}))
    environment = {
        "DATABASE_URL": urlsplit(endpoints.db_url)._replace(path="/peer").geturl(),
        "AEGRA_CONFIG": str(config),
        "SQLALCHEMY_POOL_SIZE": _POOL,
        "LANGGRAPH_MAX_POOL_SIZE": _POOL,
        "LOG_LEVEL": "ERROR",
        "OPENAI_API_KEY": "none",
        "OPENAI_BASE_URL": model_url,
    }
    yield [str(python), "-m", "uvicorn", "aegra_api.main:app", "--log-level", "warning", "--no-access-log", "--port"], environment, name


def _create_database(endpoints: Endpoints, extensions: Path) -> None:
    """Create the peer's database; where PostgreSQL comes without the extension that it asks for, with one that does the same.

    Raises:
        NotInstalled: a PostgreSQL before 18 without it.
    """
    with psycopg.connect(endpoints.db_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE peer")
        if connection.execute("SELECT 1 FROM pg_available_extensions WHERE name = 'uuid-ossp'").fetchone():
            return
        if connection.info.server_version < _FIRST_WITH_PATHS:
            raise NotInstalled("PostgreSQL has no extension uuid-ossp")
        folder = extensions / "extension"
        folder.mkdir(parents=True)
        for name, text in _UUIDS.items():
            (folder / name).write_text(text, encoding="ascii")
        connection.execute(f"ALTER DATABASE peer SET extension_control_path = '$system:{extensions}'".encode())
