"""How does a bundle make the failing call again? A shell script that spends nothing unasked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from diagnostics.contract import Contract
from diagnostics.finding import Report
from diagnostics.model import Purpose
from reports.digest import digest
from reports.plain import TEXT_LENGTH_MAX, clean, plain
from reports.reproduce import (
    EMULATOR_KEY,
    body_beside,
    emulator,
    in_process,
    quoted,
    repeated,
    reproduction,
    schemes_used,
    variable_of,
)
from reports.symptom import focus
from reports.words import words

BODY = "request.body"


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """The facts that `bundle.reproduce.jinja` is made of."""

    facts: Mapping[str, Any]
    body: bytes | None = None
    """What must stand beside it as `request.body`."""


def script(report: Report, contract: Contract, language: str) -> Script:
    """From the exchange that shows the verdict best: its `curl`, and what it needs to run."""
    seen = digest(report, contract)
    line = repeated(report, focus(report, seen), seen)
    case = report.tape.case
    made = clean(dict(reproduction(report, contract, line, words(language))))
    facts: dict[str, Any] = {
        "curl": made["curl"] if len(made["curl"] or "") <= TEXT_LENGTH_MAX else None,
        "notes": [" ".join(note.split()) for note in made["notes"]],
        "spends": False,
        "variables": [],
        "emulator": None,
        "key": EMULATOR_KEY,
    }
    if line is None or facts["curl"] is None:
        return Script(facts={**facts, "curl": None})
    request = line.exchange.request
    inside = in_process(case)
    if request.authenticated and request.purpose is not Purpose.MEDIA:
        used = contract.schemes[:1] if inside else schemes_used(contract, case)
        facts["variables"] = [variable_of(scheme) for scheme in used]
    facts["spends"] = request.spends and not inside
    facts["emulator"] = plain(emulator(case)) if inside else None
    return Script(facts=facts, body=body_beside(case, request))


def shell(text: str) -> str:
    """One inert word for the shell."""
    return quoted(plain(str(text)))
