"""Embedded servers are shared by processes, leave nothing behind, and lose no data."""

import importlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import psycopg
import pytest
import redis
from pydantic import SecretStr

from core.errors import Unavailable
from core.settings import Chroma, Database, Redis, Settings
from store.embedded import servers, wait_ready
from tests.support.servers import embedded_settings

ROOT = Path(__file__).parents[2]
HOLDER = """
import select, signal, sys
from pathlib import Path
from tests.support.servers import start_servers
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job inherits that it is ignored
try:
    with start_servers(Path(sys.argv[1])) as endpoints:
        print(endpoints.db_url, flush=True)
        while not select.select([sys.stdin], [], [], 0.1)[0]:  # a signal just before a read that waits would not end it
            pass
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


@contextmanager
def holder(data: Path) -> Iterator[subprocess.Popen[str]]:
    """Run another process that holds the servers until a line arrives on its standard input."""
    command = [sys.executable, "-c", HOLDER, str(data)]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert process.stdin
    assert process.stdout
    with process:
        try:
            assert process.stdout.readline().startswith("postgresql://")
            yield process
        finally:
            process.kill()


def server_pids(data: Path) -> set[int]:
    """Return the living servers whose command line names `data`, without holders and without what a server has just forked."""
    found = dict[int, int]()
    for process in psutil.process_iter(["cmdline", "status", "ppid"]):
        line = " ".join(process.info["cmdline"] or ())
        if (
            str(data) in line
            and "start_servers" not in line
            and process.info["status"] != psutil.STATUS_ZOMBIE
            and "pytest" not in line.split()
        ):
            found[process.pid] = process.info["ppid"]
    return {pid for pid, parent in found.items() if parent not in found}


def gone(data: Path, seconds: float = 10) -> bool:
    """Return whether every server of `data` ends within `seconds`."""
    deadline = time.monotonic() + seconds
    while server_pids(data) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not server_pids(data)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def test_all_three_answer_and_nothing_stays(data: Path) -> None:
    with servers(embedded_settings(data)) as endpoints:
        with psycopg.connect(endpoints.db_url) as connection:
            row = connection.execute("SELECT current_database(), current_setting('fsync'), current_setting('max_connections')").fetchone()
        assert row == ("storehand", "on", "200")
        client = redis.Redis.from_url(endpoints.redis_url)
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        client.close()
        assert endpoints.chroma_url.startswith("http://127.0.0.1:")
        assert len(server_pids(data)) >= 3
    assert gone(data, 0)


def test_two_databases_of_a_new_cluster_are_migrated_at_once(data: Path) -> None:
    roles = importlib.import_module("store.migrations.versions.0002_row_security")._ROLES
    with (
        servers(embedded_settings(data)) as endpoints,
        ThreadPoolExecutor(1) as pool,
        psycopg.connect(endpoints.db_url) as first,
        psycopg.connect(endpoints.db_url, autocommit=True) as other,
        psycopg.connect(endpoints.db_url, autocommit=True) as watch,
    ):
        first.execute(roles)
        waiting = pool.submit(other.execute, roles)
        while not watch.execute("SELECT 1 FROM pg_locks WHERE NOT granted").fetchone():
            assert not waiting.done()
        first.commit()
        waiting.result(10)
        assert other.execute("SELECT count(*) FROM pg_roles WHERE rolname LIKE 'storehand%'").fetchone() == (2,)


def test_data_survives_a_restart(data: Path) -> None:
    with servers(embedded_settings(data)) as endpoints, psycopg.connect(endpoints.db_url) as connection:
        connection.execute("CREATE TABLE kept (n int)")
        connection.execute("INSERT INTO kept VALUES (7)")
    with servers(embedded_settings(data)) as again, psycopg.connect(again.db_url) as connection:
        assert connection.execute("SELECT n FROM kept").fetchone() == (7,)
        assert again.chroma_url == endpoints.chroma_url


def test_a_second_process_joins_and_the_last_one_out_stops_all(data: Path) -> None:
    with holder(data) as first:
        running = server_pids(data)
        with servers(embedded_settings(data)) as endpoints:
            assert first.stdin
            first.stdin.write("\n")
            first.stdin.flush()
            assert first.wait(10) == 0
            assert running - server_pids(data) == set()
            with psycopg.connect(endpoints.db_url) as connection:
                assert connection.execute("SELECT 1").fetchone() == (1,)
        assert gone(data, 0)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, 128 + signal.SIGTERM)])
def test_a_signal_to_the_process_group_leaves_no_process(data: Path, number: signal.Signals, code: int) -> None:
    with holder(data) as process:
        os.killpg(process.pid, number)
        assert process.wait(20) == code
        assert gone(data, 0)


def test_a_start_after_kill_adopts_the_servers_and_stops_them(data: Path) -> None:
    with holder(data) as process:
        process.kill()
        process.wait(10)
    leftovers = server_pids(data)
    assert len(leftovers) >= 3
    with servers(embedded_settings(data)):
        assert leftovers - server_pids(data) == set()
    assert gone(data, 0)


def test_a_start_recovers_from_killed_servers_whose_process_id_is_reused(data: Path) -> None:
    with holder(data) as process:
        process.kill()
        process.wait(10)
        for pid in server_pids(data):
            os.kill(pid, signal.SIGKILL)
        assert gone(data)
        file = data / "pg" / "postmaster.pid"
        file.write_text("\n".join([str(os.getpid()), *file.read_text().split("\n")[1:]]))
    with servers(embedded_settings(data)) as endpoints, psycopg.connect(endpoints.db_url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert gone(data, 0)


def test_a_path_too_long_for_sockets_works(tmp_path: Path) -> None:
    deep = tmp_path / ("deep" * 30)
    with servers(embedded_settings(deep)) as endpoints, psycopg.connect(endpoints.db_url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
        assert redis.Redis.from_url(endpoints.redis_url).ping()
    assert gone(deep, 0)


def test_a_taken_chroma_port_is_replaced(data: Path) -> None:
    with servers(embedded_settings(data)) as endpoints:
        port = int(endpoints.chroma_url.rsplit(":", 1)[1])
    with socket.create_server(("127.0.0.1", port)), servers(embedded_settings(data)) as again:
        assert again.chroma_url != endpoints.chroma_url


def test_a_configured_proxy_does_not_hide_chroma(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("http_proxy", "http://127.0.0.1:9"), ("no_proxy", "example.com"), ("NO_PROXY", "example.com")):
        monkeypatch.setenv(name, value)
    with servers(embedded_settings(data)) as endpoints:
        assert httpx.get(f"{endpoints.chroma_url}/api/v2/heartbeat").status_code == 200


def test_a_broken_cluster_names_the_log_to_read_and_stops_the_others(data: Path) -> None:
    with servers(embedded_settings(data)):
        pass
    (data / "pg" / "global" / "pg_control").unlink()
    with (
        pytest.raises(Unavailable, match=r"PostgreSQL ended while it started; read .*logs/postgres\.log"),
        servers(embedded_settings(data)),
    ):
        pass
    assert gone(data, 0)


def test_an_unusable_data_directory_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Unavailable, match="STOREHAND_DATA_DIR"), servers(embedded_settings(tmp_path / "file")):
        pass


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        (Settings(db=Database(url=SecretStr("postgresql://me:hunter2@127.0.0.1:1/shop"))), "STOREHAND_DB__URL"),
        (Settings(redis=Redis(url=SecretStr("redis://:hunter2@127.0.0.1:1/0"))), "STOREHAND_REDIS__URL"),
        (Settings(chroma=Chroma(url="http://127.0.0.1:1")), "STOREHAND_CHROMA__URL"),
    ],
)
def test_an_unreachable_configured_server_names_its_setting_and_hides_its_password(settings: Settings, named: str) -> None:
    with pytest.raises(Unavailable, match=named) as caught:
        wait_ready(settings, timeout=0)
    assert "hunter2" not in str(caught.value)


def test_configured_urls_replace_embedded_servers(data: Path, tmp_path: Path) -> None:
    with servers(embedded_settings(data)) as running:
        configured = Settings(
            data_dir=tmp_path / "unused",
            db=Database(url=SecretStr(running.db_url)),
            redis=Redis(url=SecretStr(running.redis_url)),
            chroma=Chroma(url=running.chroma_url),
        )
        with servers(configured) as endpoints:
            assert endpoints == running
    assert not (tmp_path / "unused").exists()
