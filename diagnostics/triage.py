"""What does somebody's capture come to? From files of any tool to one verdict a provider.

Nothing is asked of anybody: the judges that read a run's own tape read the capture's.
"""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from diagnostics import contract_load, prepare
from diagnostics.capture import Broken, Capture
from diagnostics.contract import Contract
from diagnostics.finding import Report
from diagnostics.judge import judge
from diagnostics.model import Tape
from diagnostics.redact import Gate
from diagnostics.scenario import Scenario
from diagnostics.triaging.addresses import addresses
from diagnostics.triaging.adopt import Adopted, Adoption
from diagnostics.triaging.keys import registered

UNPLAYED = frozenset({"formats"})
"""It tells of combinations that a run builds by itself: no capture holds them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the captures say of one provider."""

    contract: Contract
    report: Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Triage:
    """Everything that was found out, by provider, and what was not."""

    captures: Sequence[Capture]
    told: Sequence[Told] = ()
    broken: Sequence[Broken] = ()
    elsewhere: Mapping[str, int] = field(default_factory=dict)
    """By host: entries that are about no provider we know."""

    def with_broken(self, more: Sequence[Broken]) -> "Triage":
        """The same, and what else could not be read."""
        return replace(self, broken=[*self.broken, *more])

    @property
    def entries(self) -> int:
        """How many there were at all."""
        return self.about + len(self.broken) + sum(self.elsewhere.values())

    @property
    def about(self) -> int:
        """How many are about some provider."""
        return sum(len(one.report.tape) for one in self.told)


def triage(
    captures: Sequence[Capture],
    scenarios: Sequence[Scenario],
    gate: Gate,
    *,
    provider: str = "",
) -> Triage:
    """Judge captures as one story: several files are merged by their times."""
    for capture in captures:
        registered(gate, capture.secrets)
    strange = [one for one in captures if one.case is None]
    adoption = Adoption(known=addresses(), gate=gate, wanted=provider)
    run_id = prepare.run_id(time.time())
    adopted = [*_ours(captures, gate), *adoption.providers(strange, run_id)]
    judges = [one for one in scenarios if not one.on_request and one.name not in UNPLAYED]
    elsewhere = Counter(adoption.elsewhere)
    for capture in captures:
        elsewhere.update(capture.elsewhere)
    return Triage(
        captures=captures,
        told=[_told(one, scenarios, judges, several=len(adopted) > 1) for one in adopted],
        broken=[one for capture in captures for one in capture.broken],
        elsewhere=dict(elsewhere.most_common()),
    )


def _ours(captures: Sequence[Capture], gate: Gate) -> list[Adopted]:
    """Recordings of our own keep their case: they were judged by it before."""
    return [
        Adopted(
            contract=contract_load.load(one.case.target.provider),
            tape=Tape(
                case=gate.case(one.case), exchanges=[gate.exchange(e) for e in one.exchanges]
            ),
        )
        for one in captures
        if one.case is not None
    ]


def _told(
    adopted: Adopted, every: Sequence[Scenario], judges: Sequence[Scenario], *, several: bool
) -> Told:
    tape, case = adopted.tape, adopted.tape.case
    asked = case.scenarios
    wanted = [one for one in every if one.name in asked] if asked else list(judges)
    name = f"{case.run_id}-{case.target.provider}" if several and not asked else case.run_id
    case = replace(case, run_id=name, scenarios=tuple(one.name for one in wanted))
    tape = replace(tape, case=case)
    contract = adopted.contract
    if case.film:
        from diagnostics.film.cast import with_writers  # noqa: PLC0415  # only a film has partners

        contract = with_writers(contract)
    return Told(contract=contract, report=judge(contract, tape, wanted))
