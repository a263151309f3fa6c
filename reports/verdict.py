"""What did it come to, in a form that is the same to the byte wherever it is worked out?"""

import json
from collections.abc import Mapping
from typing import Any

from diagnostics.finding import Excluded, Finding, Outcome, Report
from diagnostics.model import Json
from diagnostics.redact import Gate
from reports.plain import clean

SCHEMA = "diagnostics.verdict/1"
DIGITS = 6
"""After the point: what a certainty or a credit means, and no accident of the last bit."""
TEXT_MAX = 2_000


NOBODY = ("", "")
"""Whose machine it is must not decide: the tape was gated where it was made."""


def canonical(report: Report) -> bytes:
    """Verdict, blame and findings: keys in order, always in English, no path and no clock."""
    made = clean(fixed(Gate(machine=NOBODY).json(verdict(report))))
    return (json.dumps(made, ensure_ascii=False, sort_keys=True, indent=1) + "\n").encode()


def verdict(report: Report) -> Mapping[str, Json]:
    """What the tape decides, and nothing that differs from one machine to another."""
    judgement = report.judgement
    return {
        "schema": SCHEMA,
        "provider": report.tape.case.target.provider,
        "verdict": judgement.verdict.value,
        "blame": judgement.blame.value,
        "certainty": judgement.certainty,
        "code": judgement.code,
        "because": [_finding(one) for one in judgement.because],
        "excluded": [_excluded(one) for one in judgement.excluded],
        "findings": [_finding(one) for one in report.findings],
        "scenarios": [_scenario(one) for one in report.outcomes],
        "exchanges": len(report.tape),
        "requests": report.spending.requests,
        "paid_requests": report.spending.paid_requests,
        "credits_spent": report.spending.credits_spent,
        "ambiguous_creates": [
            {"operation": one.operation, "position": one.position} for one in report.ambiguous
        ],
    }


def _finding(finding: Finding) -> Mapping[str, Json]:
    return {
        "rule": finding.rule.code,
        "severity": finding.severity.value,
        "blame": finding.blame.value,
        "subject": finding.subject[:TEXT_MAX],
        "message": finding.message()[:TEXT_MAX],
        "evidence": list(finding.evidence),
        "certainty": finding.certainty,
        "code": finding.code,
        "explains": sorted(finding.explains),
    }


def _excluded(one: Excluded) -> Mapping[str, Json]:
    return {"blame": one.blame.value, "why": one.why.en, "evidence": list(one.evidence)}


def _scenario(outcome: Outcome) -> Mapping[str, Json]:
    return {
        "name": outcome.scenario,
        "verdict": outcome.verdict.value,
        "requests": outcome.requests,
        "findings": [one.rule.code for one in outcome.findings],
        "note": None if outcome.note is None else outcome.note.en,
    }


def fixed(value: Any) -> Any:
    """The same value with numbers of a fixed number of digits."""
    if isinstance(value, float):
        return round(value, DIGITS)
    if isinstance(value, Mapping):
        return {key: fixed(item) for key, item in value.items()}
    return [fixed(item) for item in value] if isinstance(value, list | tuple) else value
