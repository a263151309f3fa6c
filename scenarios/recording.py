"""Can the recording that answered still be believed? Its age, its origin, what nobody asked for.

It asks nothing: whoever plays a recording lays what is known of it on the tape.
"""

from collections.abc import Iterable

from diagnostics.aging import NAME, RULES, findings, read
from diagnostics.contract import Contract
from diagnostics.finding import Finding
from diagnostics.model import Ask, Case, Tape, TargetKind, Text
from diagnostics.scenario import Scenario

_NONE = Text(en="no recording answers", ru="отвечает не запись")
_LATER = Text(en="told at the end of the run", ru="сообщается в конце прогона")


def ask(_contract: Contract, _case: Case) -> Ask:
    """Nothing."""
    yield from ()


def judge(_contract: Contract, tape: Tape) -> Iterable[Finding]:
    """What was laid on the tape, in words."""
    for exchange in tape:
        age = read(exchange.request.body) if exchange.request.label == NAME else None
        if age is not None:
            yield from findings(age)


def offered(_contract: Contract, case: Case) -> Text | None:
    """Only of recordings, and only once they were played."""
    return _LATER if case.target.kind is TargetKind.CASSETTE else _NONE


SCENARIO = Scenario(
    name=NAME,
    title=Text(en="Recording", ru="Запись"),
    order=95,
    ask=ask,
    judge=judge,
    rules=RULES,
    offered=offered,
    dry=True,
    on_request=True,
)
