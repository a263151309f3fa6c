"""What does a tape come to, judged as anybody will judge it who is given the file?"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from diagnostics import contract_load, tape
from diagnostics.cli import discover
from diagnostics.contract import Contract
from diagnostics.errors import UsageError
from diagnostics.finding import Report
from diagnostics.judge import judge, with_running_jobs
from diagnostics.model import Case
from diagnostics.scenario import Scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A tape that was read, and what it comes to."""

    contract: Contract
    reading: tape.Reading
    report: Report


def judged(place: Path) -> Judged:
    """Of a run folder or a tape: read, and judged by the scenarios of its run."""
    reading = tape.read_whole(place)
    contract = contract_of(reading.tape.case)
    return Judged(contract=contract, reading=reading, report=report_of(contract, reading))


def report_of(contract: Contract, reading: tape.Reading) -> Report:
    """What the scenarios of the tape's own run say of it."""
    recorded = reading.tape
    report = judge(contract, recorded, scenarios(recorded.case.scenarios))
    stopped = reading.interrupted or reading.killed
    return with_running_jobs(contract, report) if stopped else report


def contract_of(case: Case) -> Contract:
    """The provider's, with the partners that a film has."""
    contract = contract_load.load(case.target.provider)
    if case.plan is not None and case.plan.operation not in contract.operations:
        raise UsageError(
            f"the recording is about {case.plan.operation!r}, which {contract.title} does not have",
            hint=f"see: diagnostics list operations --provider {contract.name}",
        )
    if not case.film:
        return contract
    from diagnostics.film.cast import with_writers  # noqa: PLC0415  # only a film has partners

    return with_writers(contract)


def scenarios(ran: Sequence[str]) -> list[Scenario]:
    """Those of the run; a tape that does not say is judged by all."""
    every = discover.scenarios()
    return [every[name] for name in every if not ran or name in ran]
