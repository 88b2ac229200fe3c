"""The documents tell the truth: what they name exists, and what is generated is fresh."""

import ast
import re
import runpy
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
GENERATOR = runpy.run_path(str(ROOT / "docs" / "generate.py"), run_name="generate")
NAMED = re.compile(r"`((?:[\w.-]+/)+[\w.-]+\.(?:py|sh|sql|yaml))(?::(\w+(?:\.\w+)*))?`")
FOLDER = re.compile(r"`((?:core|store|memory|tools|agents|graph|server|prompts|evals|bench|tests|docs|deploy)/(?:\w+/?)*)`")
LINK = re.compile(r"(?<!!)\[[^\]]+\]\((?!https?:|#)([^)#]+)")


def mentions(pattern: re.Pattern[str]) -> Iterator[tuple[Path, re.Match[str]]]:
    for document in DOCUMENTS:
        for match in pattern.finditer(document.read_text(encoding="utf-8")):
            yield document, match


@cache
def names_in(path: Path) -> frozenset[str]:
    """Return what a module defines at its top, and the methods and fields of its classes as `Class.name`."""
    return frozenset(_names(ast.parse(path.read_text(encoding="utf-8")).body, ""))


def _names(body: list[ast.stmt], prefix: str) -> Iterator[str]:
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield prefix + node.name
        elif isinstance(node, ast.ClassDef):
            yield prefix + node.name
            yield from _names(node.body, f"{prefix}{node.name}.")
        elif isinstance(node, ast.Assign):
            yield from (prefix + target.id for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield prefix + node.target.id


def test_every_file_and_function_that_a_document_names_exists() -> None:
    wrong: list[str] = []
    for document, match in mentions(NAMED):
        path = ROOT / match[1]
        if not path.is_file() or (match[2] and match[2] not in names_in(path)):
            wrong.append(f"{document.relative_to(ROOT)}: {match[0]}")
    assert wrong == []


def test_the_tour_names_enough_to_be_worth_checking() -> None:
    named = NAMED.findall((ROOT / "docs" / "tour.md").read_text(encoding="utf-8"))
    assert len([name for _, name in named if name]) > 30


def test_every_folder_that_a_document_names_exists() -> None:
    assert [f"{document.relative_to(ROOT)}: {match[0]}" for document, match in mentions(FOLDER) if not (ROOT / match[1]).exists()] == []


def test_every_link_between_documents_leads_somewhere() -> None:
    assert [
        f"{document.relative_to(ROOT)}: {match[1]}" for document, match in mentions(LINK) if not (document.parent / match[1]).exists()
    ] == []


@pytest.mark.parametrize("name", ["settings.md", "tools.md", "events.md", "errors.md", "policy.md"])
def test_a_generated_page_is_what_the_code_says(name: str) -> None:
    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == GENERATOR["pages"]()[name](), "run make docs"


def test_the_readme_starts_with_the_two_commands() -> None:
    commands = re.findall(r"```bash\n(.*?)\n```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert commands[:2] == ["uv run storehand demo", "uv run pytest"]


def test_every_setting_of_the_readme_exists() -> None:
    known = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    named = {name for document in DOCUMENTS for name in re.findall(r"\b(STOREHAND_[A-Z_]+)\b", document.read_text(encoding="utf-8"))}
    named -= {name for name in named if name.endswith("_")} | {"STOREHAND_FAULT"}
    assert {name for name in named if name not in known and not name.startswith("STOREHAND_TEST_")} == set()
