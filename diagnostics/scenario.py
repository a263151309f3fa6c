"""What is a scenario? An `ask` that only asks, a `judge` that only judges, a tape between them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from diagnostics.contract import Contract
from diagnostics.finding import Finding, Rule
from diagnostics.model import Ask, Case, Tape, Text

_NO_CALL = Text(
    en="no call was given (--operation and --request)",
    ru="вызов не задан (--operation и --request)",
)


def needs_plan(_contract: Contract, case: Case) -> Text | None:
    """For `offered`: why there is nothing to do when no call is planned."""
    return _NO_CALL if case.plan is None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Bound as `SCENARIO` in `scenarios/<name>.py`; the command line lists that folder.

    `ask(contract, case)` yields requests and is sent exchanges; no answer makes it raise or run
    for ever. `judge(contract, tape)` is pure, never raises, and tolerates any order of exchanges,
    several jobs on one tape, and exchanges it never asked for (an imported capture).
    `offered(contract, case)` gives the reason why the scenario has nothing to do, or None.
    `order` is its place in the suite.
    """

    name: str
    title: Text
    order: int
    ask: Callable[[Contract, Case], Ask]
    judge: Callable[[Contract, Tape], Iterable[Finding]]
    rules: tuple[Rule, ...]
    offered: Callable[[Contract, Case], Text | None] = lambda _contract, _case: None
    dry: bool = False
    """Its requests are only built, never sent."""
    on_request: bool = False
    """Part of a run only where it is named."""
