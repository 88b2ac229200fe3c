"""The smoke suite as one Inspect AI task: `storehand eval smoke`, then `inspect view --log-dir logs`.

Each scenario gets a fresh copy of the demo shop. The model under test is Storehand's own (offline, or the configured one); Inspect's model
is not asked.
"""

from inspect_ai import Task, eval  # pyright: ignore[reportUnknownVariableType]
from inspect_ai.dataset import Sample
from inspect_ai.model import ChatMessageAssistant, ChatMessageTool, ChatMessageUser
from inspect_ai.scorer import Score, Target, accuracy, scorer, stderr
from inspect_ai.solver import Generate, TaskState, solver

from core.settings import Settings
from evals.copies import fresh, prepare, remove
from evals.play import play
from evals.scenarios import SCENARIOS
from server.cli.output import out, progress
from store.embedded import Endpoints, servers


def run_smoke(settings: Settings, log_dir: str, only: list[str]) -> int:
    """Run the suite and print a line a scenario; return 0 when all pass."""
    chosen = [scenario for scenario in SCENARIOS if not only or scenario.name in only]
    with servers(settings, progress=progress) as endpoints:
        template = prepare(settings, endpoints)
        try:
            task = Task(
                dataset=[Sample(id=scenario.name, input=" / ".join(scenario.turns), target="all checks hold") for scenario in chosen],
                solver=_played(settings, endpoints, template),
                scorer=_end_state(),
                name="storehand_smoke",
            )
            logs = eval(task, model="mockllm/model", log_dir=log_dir, display="none", max_samples=1, log_level="warning")
        finally:
            remove(endpoints, template)
    failures = 0
    for sample in logs[0].samples or []:
        score = next(iter((sample.scores or {}).values()), None)
        passed = score is not None and score.value == "C"
        failures += not passed
        out().print(
            f"{'[green]pass[/green]' if passed else '[red]FAIL[/red]'}  {sample.id:<22} {'' if passed or score is None else score.explanation}"
        )
    out().print(f"\n{len(chosen) - failures} of {len(chosen)} scenarios pass. Details: inspect view --log-dir {log_dir}")
    return 1 if failures or not logs[0].samples else 0


def _played(settings: Settings, endpoints: Endpoints, template: str):
    @solver
    def scenario_player():
        async def solve(state: TaskState, generate: Generate) -> TaskState:
            scenario = next(scenario for scenario in SCENARIOS if scenario.name == state.sample_id)
            async with fresh(settings, endpoints, template) as runtime:
                played = await play(runtime, scenario)
            state.messages = [_message(who, said) for who, said in played.transcript]
            state.output.completion = played.answer
            state.metadata |= {
                "problems": played.problems,
                "model_calls": played.model_calls,
                "tokens": played.tokens,
                "agents": played.agents,
            }
            return state

        return solve

    return scenario_player()


@scorer(metrics=[accuracy(), stderr()])
def _end_state():
    """Grade on what is true of the database afterwards."""

    async def score(state: TaskState, target: Target) -> Score:
        problems: list[str] = state.metadata["problems"]
        return Score(value="I" if problems else "C", explanation="; ".join(problems) or "all checks hold", answer=state.output.completion)

    return score


def _message(who: str, said: str) -> ChatMessageUser | ChatMessageAssistant | ChatMessageTool:
    if who == "tool":
        return ChatMessageTool(content=said)
    return ChatMessageAssistant(content=said) if who == "storehand" else ChatMessageUser(content=said)
