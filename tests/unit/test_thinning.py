"""Which states of a run go: those on the way, and no other."""

from memory.thinning import Plan, Step, plan_of


def turn(run: str, parent: str | None, *names: str, source: str = "input") -> list[Step]:
    """Return the states of a turn: the first from outside, the others of the loop."""
    found: list[Step] = []
    for name in names:
        found.append(Step(name, found[-1].id if found else parent, run, source if not found else "loop", holds=False))
    return found


def test_the_message_the_beginning_and_the_end_of_a_turn_stay() -> None:
    steps = turn("r", None, "a", "b", "c", "d", "e")
    assert plan_of(steps, "r") == Plan({"c": "b", "d": "b"}, {"e": "b"})


def test_a_turn_without_a_way_keeps_all() -> None:
    assert plan_of(turn("r", None, "a", "b", "c"), "r") == Plan({}, {})


def test_other_runs_are_not_touched() -> None:
    steps = [*turn("r", None, "a", "b", "c", "d"), *turn("s", "d", "e", "f", "g", "h")]
    assert plan_of(steps, "s") == Plan({"g": "f"}, {"h": "f"})


def test_a_run_that_goes_on_with_a_decision_keeps_its_end() -> None:
    before = turn("r", None, "a", "b", "c")
    assert plan_of([*before, *turn("s", "c", "d", "e", "f", source="loop")], "s") == Plan({"d": "c", "e": "c"}, {"f": "c"})
    assert plan_of(turn("s", "c", "d", "e", "f", source="loop"), "s") == Plan({"d": "c", "e": "c"}, {"f": "c"})


def test_what_somebody_went_back_to_stays_with_both_ways_on() -> None:
    steps = [*turn("r", None, "a", "b", "c", "d", "e"), Step("x", "c", "s", "fork", holds=True), *turn("s", "x", "y", "z", source="loop")]
    assert plan_of(steps, "r") == Plan({"d": "c"}, {"e": "c"})
    assert plan_of(steps, "s") == Plan({}, {})


def test_a_copy_an_error_or_a_question_stays() -> None:
    a, b, c, d, e = turn("r", None, "a", "b", "c", "d", "e")
    assert plan_of([a, b, c._replace(holds=True), d, e], "r") == Plan({"d": "c"}, {"e": "c"})
