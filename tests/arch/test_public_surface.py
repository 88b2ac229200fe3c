"""The rules of the house that a linter does not know."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from agents.roster import PLACES, ROSTER
from agents.spec import ROOM
from core.identity import GRANTS, PEOPLE, Permission, Principal, Role
from core.ids import CustomerId, TenantId, UserId, new_id
from tools.registry import Toolbox
from tools.toolbox import build_toolbox

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("core", "store", "memory", "tools", "agents", "graph", "server")
ALL = (*PRODUCT, "prompts", "evals", "bench", "docs", "deploy")
LONGEST = 400
MAY_BE_LONG = ("store/seed/data/", "store/migrations/")
MAY_PRINT = ("server/cli/",)
CALLS_AT_IMPORT = {
    "core/__init__.py": {"os.environ.setdefault"},  # numpy's library reads it while it is loaded
    "memory/checkpoints.py": {"os.environ.setdefault"},  # LangGraph reads it while it is imported
    "server/cli/main.py": {"app.command()", "app.command('run')", "app.add_typer"},
    "docs/generate.py": {"sys.exit"},
}


def modules(folders: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def toolbox() -> Toolbox:
    return build_toolbox(None)  # type: ignore[arg-type]


def _somebody(role: Role) -> Principal:
    return Principal(TenantId(new_id()), UserId(new_id()), role, CustomerId(new_id()) if role is Role.CUSTOMER else None)


def test_every_module_says_what_it_is_for() -> None:
    assert [name for name, text in modules(ALL) if not ast.get_docstring(ast.parse(text))] == []


def test_no_file_is_longer_than_a_reader_s_patience() -> None:
    lengths = {name: text.count("\n") for name, text in modules(ALL) if not name.startswith(MAY_BE_LONG)}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST} == {}


def test_only_the_command_line_prints() -> None:
    found = [
        f"{name}:{node.lineno}"
        for name, text in modules(PRODUCT)
        if not name.startswith(MAY_PRINT)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert found == []


def test_an_import_does_nothing() -> None:
    found = {
        (name, ast.unparse(node.value.func))
        for name, text in modules(PRODUCT)
        if not name.startswith("store/migrations/")  # Alembic runs these as scripts
        for node in ast.parse(text).body
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    }
    assert {each for each in found if each[1] not in CALLS_AT_IMPORT.get(each[0], set())} == set()


def test_only_the_unit_of_work_commits() -> None:
    commits = {name for name, text in modules(PRODUCT) if re.search(r"\.commit\(\)", text)}
    assert commits == {"store/unit.py"}


def test_every_tool_that_writes_has_a_rule(toolbox: Toolbox) -> None:
    assert [name for name, tool in toolbox.items() if tool.writes and tool.policy is None] == []


def test_a_tool_is_called_like_its_function(toolbox: Toolbox) -> None:
    assert [name for name, tool in toolbox.items() if not re.fullmatch(r"[a-z_]+", name) or tool.body.__name__ != name] == []


def test_a_tool_belongs_to_the_module_of_its_folder(toolbox: Toolbox) -> None:
    misplaced = {
        name: tool.body.__module__ for name, tool in toolbox.items() if not tool.body.__module__.startswith(f"tools.{tool.module}")
    }
    assert misplaced == {}


def test_no_argument_names_who_acts(toolbox: Toolbox) -> None:
    forbidden = {"tenant", "tenant_id", "customer_id", "actor", "user_id", "role", "idempotency_key", "approval_id", "run_id"}
    assert {name: hit for name, tool in toolbox.items() if (hit := forbidden & tool.args.model_fields.keys())} == {}


def test_every_tool_and_argument_is_described(toolbox: Toolbox) -> None:
    bare = [
        f"{name}.{field}"
        for name, tool in toolbox.items()
        for field, schema in tool.schema.get("properties", {}).items()
        if not schema.get("description")
    ]
    assert bare == []
    assert [name for name, tool in toolbox.items() if not tool.examples] == []


def test_agents_are_granted_tools_that_exist(toolbox: Toolbox) -> None:
    assert {name: missing for name, spec in ROSTER.items() if (missing := spec.tools - toolbox.keys())} == {}


def test_a_desk_has_room_for_its_tools(toolbox: Toolbox) -> None:
    open_to = {
        (place, role): len(toolbox.open_to(_somebody(role), PLACES[place].tools)) for place in PLACES if "/" in place for role in Role
    }
    assert {key: count for key, count in open_to.items() if count > ROOM} == {}


def test_every_tool_is_somebody_s(toolbox: Toolbox) -> None:
    homes = Counter(tool for spec in ROSTER.values() for desk in spec.desks for tool in desk.own)
    answers = {name for name, tool in toolbox.items() if tool.permission is Permission.PROVIDER_REPORT}
    assert {tool: homes[tool] for tool in toolbox if homes[tool] != (tool not in answers)} == {}, "each tool is at home at one desk"
    assert answers & homes.keys() == set(), "what a provider answered is recorded by the process itself, never by a model"


def test_a_desk_borrows_only_what_it_offers() -> None:
    assert {desk.name: odd for spec in ROSTER.values() for desk in spec.desks if (odd := desk.borrowed - desk.tools)} == {}


def test_only_the_process_itself_reports_for_providers() -> None:
    assert {role for role, granted in GRANTS.items() if Permission.PROVIDER_REPORT in granted} == {Role.SYSTEM}
    assert {Permission.PROVIDER_REPORT} == GRANTS[Role.SYSTEM]
    assert Role.SYSTEM not in PEOPLE
