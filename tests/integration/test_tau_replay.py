"""The public retail domain, replayed: a sample of each recording, and of each way to make a write go wrong."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from evals import copies
from evals.tau_replay import Wanted, play_file
from evals.tau_retail.adapter import Adapter
from evals.tau_retail.canonical import Hashed, canonical, cents
from evals.tau_retail.codes import Code, of_text
from evals.tau_retail.defects import corrected_state
from evals.tau_retail.export import export
from evals.tau_retail.load import load_world
from evals.tau_retail.replay import Replay, read_rows, version_of
from evals.tau_retail.rewind import RewindableUnits
from evals.tau_retail.rules import Version, policy
from evals.tau_retail.world import World
from store.embedded import Endpoints
from store.engine import app_url, build_engine
from tools.policy import Policy
from tools.toolbox import build_toolbox

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "tau_retail"
INITIAL = "46feda6949425326f39edd1c991534519d46ad190435665c22735c7192f6ece1"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason=f"the public domain's data is not at {DATA}")


@pytest.fixture(scope="module")
def world() -> World:
    return World.read(DATA)


@pytest.fixture(scope="module")
def loaded(endpoints: Endpoints, empty_template: str, world: World) -> Iterator[Endpoints]:
    """The domain under the first version's rules."""
    database = copies.create(endpoints, empty_template)

    async def fill() -> None:
        engine = build_engine(app_url(database.db_url), pool_size=1)
        await load_world(engine, world, Version.FIRST)
        await engine.dispose()

    asyncio.run(fill())
    copies.analyze(database)
    yield database
    copies.remove(endpoints, copies.name_of(database))


@pytest.fixture
async def replay(loaded: Endpoints, world: World) -> AsyncIterator[Replay]:
    engine = build_engine(app_url(loaded.db_url), pool_size=1)
    async with engine.begin() as connection:
        state = await export(connection, world)
    async with RewindableUnits.opened(engine) as units:
        yield Replay(Adapter(world, Version.FIRST, units, build_toolbox(None)), units, state)
    await engine.dispose()


@needs_data
async def test_the_loaded_store_is_exported_as_the_domain_hashes_it(replay: Replay) -> None:
    assert replay.initial_hash == INITIAL


@needs_data
@pytest.mark.parametrize(("file", "every"), [("gold_v1_train_dev.jsonl", 43), ("probes.jsonl", 50)])
async def test_a_sample_of_a_recording_ends_as_recorded(replay: Replay, file: str, every: int) -> None:
    played = [await replay.play(row) for row in read_rows(DATA / file)[::every]]
    assert len(played) >= 12
    assert [each.differences for each in played if not each.equal] == []


@needs_data
async def test_a_row_leaves_the_next_one_the_loaded_state(replay: Replay) -> None:
    row = next(row for row in read_rows(DATA / "gold_v1_train_dev.jsonl") if row["changed"])
    assert (await replay.play(row)).equal
    assert (await replay.play(row)).equal


@needs_data
async def test_a_recording_that_is_not_what_happens_is_told(replay: Replay) -> None:
    row = next(row for row in read_rows(DATA / "gold_v1_train_dev.jsonl") if row["changed"])
    forged = {**row, "changed": {}}
    played = await replay.play(forged)
    assert not played.state_equal
    assert played.differences


@needs_data
@pytest.mark.slow
def test_each_write_of_a_sample_holds_in_every_adverse_way(endpoints: Endpoints, empty_template: str, world: World) -> None:
    rows = read_rows(DATA / "gold_v1_train_dev.jsonl")[:4]
    report = play_file(endpoints, world, Wanted(data=DATA, gold=(), adversarial=True, killed=3), rows)
    assert report["failures"] == []
    assert set(report["tried"]) >= {"wrong customer", "not confirmed", "cut off after its commit", "twice at once"}
    assert sum(tried for way, tried in report["tried"].items() if way.startswith("killed at")) == 3


@needs_data
def test_each_error_text_of_the_recordings_has_a_code() -> None:
    for file in ("gold_v1_train_dev.jsonl", "gold_v2_train.jsonl", "probes.jsonl"):
        for row in read_rows(DATA / file):
            for action in row["actions"]:
                code = of_text(action["observation"])
                assert (code is None) != action["observation"].startswith("Error")


@needs_data
def test_the_version_of_a_recording_is_seen_from_its_rows() -> None:
    assert version_of(read_rows(DATA / "gold_v1_train_dev.jsonl")) is Version.FIRST
    assert version_of(read_rows(DATA / "gold_v2_train.jsonl")) is Version.SECOND


@needs_data
def test_the_corrected_recording_is_the_one_that_the_data_gives_as_correct(world: World) -> None:
    rows = [row for row in read_rows(DATA / "gold_v2_train.jsonl") if "changed_correct_semantics" in row]
    hashed = Hashed(world.initial)
    assert rows
    for row in rows:
        assert hashed.digest(corrected_state(world, row["changed"])) == row["final_hash_cents_correct_semantics"]


@pytest.mark.parametrize(
    ("value", "shown"), [(1, "1.00"), (71.96000000000001, "71.96"), (0.125, "0.13"), (-0.001, "0.00"), (2.675, "2.68")]
)
def test_amounts_are_rounded_half_up_to_cents(value: float, shown: str) -> None:
    assert cents(value) == shown
    assert canonical({"price": value, "note": None, "size": 1}) == {"price": shown, "size": 1}


def test_the_domains_rules_are_figures_of_the_policy() -> None:
    for version in Version:
        body = policy(version).model_dump(mode="json")
        assert Policy.model_validate(body) == policy(version)
    assert of_text("Error: Item not found") is Code.ITEM
    with pytest.raises(ValueError, match="no code"):
        of_text("Error: something new")
