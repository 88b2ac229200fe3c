"""Every module of tools can be imported first: none leans on another having been loaded before."""

import subprocess
import sys
from pathlib import Path

import pytest

TOOLS = Path(__file__).resolve().parents[2] / "tools"


@pytest.mark.parametrize("name", sorted(path.parent.name for path in TOOLS.glob("*/__init__.py")))
def test_a_module_of_tools_can_be_imported_first(name: str) -> None:
    done = subprocess.run([sys.executable, "-c", f"import tools.{name}"], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr[-500:]
