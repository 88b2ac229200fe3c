"""Pin the whole closure: resolve afresh to the newest releases, then write exact versions into `pyproject.toml`.

    uv run python deploy/lock.py

The file `uv.lock` names the index that it was made from, so it is not committed. The pins below `[tool.uv]` are: whoever runs
`uv sync` resolves to exactly these versions, on Linux and on macOS, from whatever index they use.
"""

import re
import subprocess
import sys
import tempfile
import tomllib
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROJECT = ROOT / "pyproject.toml"
EVERYWHERE = " and (sys_platform == 'darwin' or sys_platform == 'linux')"
BEGIN, END = "    # pins: written by `make lock`", "    # end of pins"


def main() -> int:
    """Resolve, write the pins, and check that they resolve to themselves."""
    text = PROJECT.read_text()
    pins = resolve(without_pins(text))
    PROJECT.write_text(with_pins(text, pins))
    found = export(ROOT)
    if found != pins:
        print("the pins do not resolve to themselves:", *sorted(set(found) ^ set(pins)), sep="\n  ", file=sys.stderr)
        return 1
    print(f"{len(pins)} pins written")
    return 0


def resolve(text: str) -> list[str]:
    """Return the pins of the newest releases that fit the project in `text`."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "pyproject.toml").write_text(text)
        (Path(folder) / "README.md").touch()
        return export(Path(folder))


def export(folder: Path) -> list[str]:
    """Return `name==version` for each distribution of the project in `folder`, with a marker where versions differ by platform."""
    run(folder, "uv", "lock", "--quiet")
    options = ("--all-groups", "--no-hashes", "--no-annotate", "--no-header", "--no-emit-project", "--quiet")
    lines = run(folder, "uv", "export", "--frozen", *options).splitlines()
    found: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for line in lines:
        pin, _, marker = (part.strip() for part in line.replace(EVERYWHERE, "").partition(";"))
        found[pin.partition("==")[0]].add((pin, marker))
    return sorted(pin if len(pins) == 1 else f"{pin} ; {marker}" for pins in found.values() for pin, marker in pins)


def without_pins(text: str) -> str:
    """Return the project without its pins."""
    return re.sub(f"{re.escape(BEGIN)}\n.*?{re.escape(END)}\n", f"{BEGIN}\n{END}\n", text, flags=re.DOTALL)


def with_pins(text: str, pins: list[str]) -> str:
    """Return the project with `pins`, still valid TOML."""
    block = "".join(f'    "{pin}",\n' for pin in pins)
    written = without_pins(text).replace(f"{BEGIN}\n{END}\n", f"{BEGIN}\n{block}{END}\n")
    tomllib.loads(written)
    return written


def run(folder: Path, *command: str) -> str:
    """Run a command in `folder` and return what it printed."""
    return subprocess.run(command, cwd=folder, check=True, text=True, stdout=subprocess.PIPE).stdout


if __name__ == "__main__":
    sys.exit(main())
