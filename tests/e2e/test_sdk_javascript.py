"""The unmodified JavaScript SDK under Node: the version that agent-chat-ui locks, and the one of today."""

import asyncio
import shutil
import subprocess
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.support.puppet import SPOKEN
from tests.support.service import Service, cutting

pytestmark = pytest.mark.asyncio(loop_scope="module")
FOLDER = Path(__file__).parent / "js"


@pytest.fixture(scope="module")
def installed() -> Path:
    """The folder of the client, with the packages of its lock file installed."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("Node and npm are needed to run the JavaScript SDK")
    if not (FOLDER / "node_modules" / "sdk-of-today").exists():
        done = subprocess.run(
            [npm, "ci", "--legacy-peer-deps", "--silent"], cwd=FOLDER, capture_output=True, text=True, timeout=100, check=False
        )
        if done.returncode:
            pytest.skip(f"npm could not install the JavaScript SDK: {done.stderr[-200:]}")
    return FOLDER


@pytest.mark.parametrize("package", ["sdk-of-chat-ui", "sdk-of-today"])
async def test_the_sdk_works_unchanged_and_loses_nothing_when_it_is_cut(api: Service, installed: Path, package: str):
    async with cutting(api.address, after=12) as proxy:
        seen = await run_node(installed, package, api.address, proxy, api.token(api.merchant))
    assert seen["assistants"][0] == "ops"
    assert seen["created"]
    assert (seen["events"][0], seen["events"][-1]) == ("metadata", "end")
    assert (seen["joined"], seen["same"]) == (seen["events"], True)
    assert seen["cut"] == seen["uncut"], "nothing lost and nothing doubled"
    assert "".join(data[0]["content"] for event, data in seen["cut"] if event == "messages") == SPOKEN
    assert (seen["waited"], seen["stateless"]) == (SPOKEN, SPOKEN)
    assert (seen["cancelled"], seen["runs"], seen["history"], seen["found"]) == ("interrupted", 4, True, [True])
    assert (seen["crons"], seen["item"], seen["items"], seen["gone"]) == ([True], "hello", 1, 404)


async def run_node(folder: Path, *arguments: str) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        "node", "client.mjs", *arguments, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await asyncio.wait_for(process.communicate(), 90)
    assert process.returncode == 0, err.decode()[-2000:]
    return orjson.loads(out.splitlines()[-1])
