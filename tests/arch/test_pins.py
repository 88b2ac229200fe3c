"""What is installed is what is pinned: two machines that run `uv sync` hold the same code."""

import tomllib
from collections import defaultdict
from importlib.metadata import distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = Path(__file__).resolve().parents[2] / "pyproject.toml"
OURS_AND_INSTALLERS = {"storehand", "pip", "setuptools", "wheel", "uv"}


def uv_settings() -> dict[str, list[str]]:
    return tomllib.loads(PROJECT.read_text())["tool"]["uv"]


def pinned() -> dict[str, str]:
    found: dict[str, list[str]] = defaultdict(list)
    for line in uv_settings()["constraint-dependencies"]:
        pin = Requirement(line)
        if pin.marker is None or pin.marker.evaluate():
            found[canonicalize_name(pin.name)].append(str(pin.specifier))
    assert all(len(pins) == 1 for pins in found.values()), "a platform has one pin of a distribution"
    return {name: pins[0] for name, pins in found.items()}


def test_every_installed_distribution_has_the_pinned_version() -> None:
    installed = {canonicalize_name(each.name): each.version for each in distributions()}
    pins = pinned()
    wrong = {
        name: (version, pins.get(name, "no pin"))
        for name, version in installed.items()
        if name not in OURS_AND_INSTALLERS and pins.get(name) != f"=={version}"
    }
    assert not wrong, "run uv sync, or make lock after a change of dependencies"


def test_every_pin_is_exact_and_names_no_place() -> None:
    lines = [*uv_settings()["constraint-dependencies"], *uv_settings()["build-constraint-dependencies"]]
    pins = [Requirement(line) for line in lines]
    assert [str(pin) for pin in pins if len(pin.specifier) != 1 or not str(pin.specifier).startswith("==") or pin.url] == []
    assert "index" not in uv_settings()


def test_the_build_back_end_is_pinned() -> None:
    requires = tomllib.loads(PROJECT.read_text())["build-system"]["requires"]
    assert requires == [line for line in uv_settings()["build-constraint-dependencies"] if line.startswith("hatchling==")]
