"""What does a report say? One plain dict (`diagnostics.run/1`), the same for every format."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from diagnostics.contract import Contract
from diagnostics.finding import Excluded, Finding, Outcome, Report
from diagnostics.model import (
    Blame,
    Case,
    Fault,
    KeyFacts,
    Origin,
    Purpose,
    Tape,
    TargetKind,
    Text,
    Verdict,
)
from reports import shown
from reports.ask import question, reach, steps
from reports.digest import Digest, digest, host_of, timeline
from reports.line import Line
from reports.plain import clean
from reports.reproduce import repeated, reproduction
from reports.symptom import focus, symptom
from reports.tables import tables
from reports.words import Words, moment, words

SCHEMA = "diagnostics.run/1"
FINDINGS_MAX = 500
EVIDENCE_MAX = 50
TEXT_MAX = 2_000
SOURCES_MAX = 10
_PLACEHOLDER = re.compile(r"<(?:secret|id):[a-z0-9-]+#\d+[^<>]{0,200}>")


def document(
    report: Report,
    contract: Contract,
    *,
    language: str,
    formats: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Everything a report says, recomputable from its tape. `formats`: format to written path."""
    said, seen = words(language), digest(report, contract)
    line = focus(report, seen)
    asked = question(report, contract, line, seen, said)
    made: dict[str, Any] = {
        **_verdict(report, contract, line, said),
        **_headline(report, contract, line, seen, said),
        "asks_provider": asked["asks"],
        "question": asked["text"],
        "question_en": asked["text_en"],
        "todo": steps(report, contract, said, asks=asked["asks"]),
        **_found(report, said),
        "tables": tables(report, said),
        **_cost(report, said),
        **_course(report, seen),
        **_exchange(report, contract, line, seen),
        "environment": _environment(report.tape.case, contract),
        "reproduction": reproduction(report, contract, repeated(report, line, seen), said),
        "report": dict(formats or {}),
    }
    made["redacted"] = _redacted(made)
    cleaned: dict[str, Any] = clean(made)
    return cleaned


def _verdict(
    report: Report, contract: Contract, line: Line | None, said: Words
) -> Mapping[str, Any]:
    case, judgement = report.tape.case, report.judgement
    target = case.target
    return {
        "schema": SCHEMA,
        "run_id": case.run_id,
        "language": said.language,
        "target": {
            "kind": target.kind,
            "provider": target.provider,
            "title": contract.title,
            "base_url": target.base_url,
            "fault": target.fault,
            "recorded": target.recorded,
            "origin": target.origin,
            "contract": target.version,
            "reach": reach(report, contract),
        },
        "verdict": judgement.verdict,
        "blame": judgement.blame,
        "certainty": judgement.certainty,
        "code": judgement.code,
        "code_meaning": code_meaning(contract, judgement.code, line),
        "interrupted": report.interrupted,
        "running_jobs": list(report.running_jobs),
    }


def code_meaning(contract: Contract, code: str | None, line: Line | None) -> str | None:
    """Every meaning the provider's pages give; else the job state or HTTP status of that name."""
    if code is None:
        return None
    if code in contract.errors:
        return " / ".join(meaning.text for meaning in contract.errors[code].meanings)
    if line is not None and line.state == code and line.kind == "poll":
        return None if line.state_name == code else line.state_name
    try:
        return HTTPStatus(int(code)).phrase
    except ValueError:
        return None


def _heard(report: Report) -> str | None:
    """`silent` when the host said nothing at all, `dry` when nothing was sent to it."""
    own = [e for e in report.tape if e.request.purpose is not Purpose.MEDIA]
    if any(e.response is not None for e in own):
        return None
    return "silent" if any(isinstance(e.answer, Fault) for e in own) else "dry"


def _headline(
    report: Report, contract: Contract, line: Line | None, seen: Digest, said: Words
) -> Mapping[str, Any]:
    judgement, target = report.judgement, report.tape.case.target
    who = reach(report, contract)
    facts = {
        "title": contract.title,
        "fault": target.fault,
        "host": host_of(target.base_url) or target.base_url,
        "date": target.recorded or "?",
        "files": sources(report.tape) or "?",
    }
    if who in {"live", "foreign"}:
        who = _heard(report) or who
    played = said.say(f"played.{who}", **facts)
    settled = judgement.blame not in {Blame.NONE, Blame.UNDECIDED}
    noun = said.say(f"noun.{judgement.blame}")
    sentence = said.say(f"sentence.{_tone(judgement.verdict, settled=settled)}", noun=noun)
    faulted = "_fault" if who == "emulator" and target.fault else ""
    if who == "emulator" and target.kind is TargetKind.IMPORTED:
        faulted = "_imported"
    if target.kind is TargetKind.CASSETTE:
        made = _RECORDED.get(target.origin or Origin.LIVE, "")
        faulted = "_recorded" if who == "emulator" else made
    return {
        "symptom": symptom(report, line, seen, said),
        "headline": {
            "sentence": f"{sentence}{played}" if settled else sentence,
            "blame": f"{noun}{played}" if settled else noun,
            "played": played,
            "odds": said.odds(judgement.certainty),
            "answered": said.say(f"answered.{who}{faulted}", **facts),
        },
    }


def sources(tape: Tape) -> str:
    """The files that an imported tape was read from."""
    named = (one.source.rpartition(": ")[0] for one in tape if one.source)
    return ", ".join(list(dict.fromkeys(named))[:SOURCES_MAX])


_RECORDED = {Origin.WRITTEN: "_written", Origin.IMPORTED: "_imported"}


def _tone(verdict: Verdict, *, settled: bool) -> str:
    if verdict is Verdict.PASS:
        return "pass"
    return f"{verdict}" if settled else f"{verdict}_open"


def _found(report: Report, said: Words) -> Mapping[str, Any]:
    findings = [
        _finding(finding, outcome.scenario, said)
        for outcome in report.outcomes
        for finding in outcome.findings
    ]
    total, kept = len(findings), findings[:FINDINGS_MAX]
    for number, one in enumerate(kept, 1):
        one["id"] = f"f{number}"
    return {
        "because": [_because(finding, kept, said) for finding in report.judgement.because],
        "excluded": [_excluded(one, said) for one in report.judgement.excluded],
        "findings": kept,
        "findings_total": total,
        "scenarios": [_scenario(outcome, said) for outcome in report.outcomes],
    }


def _finding(finding: Finding, scenario: str, said: Words) -> dict[str, Any]:
    return {
        "id": "",
        "rule": finding.rule.code,
        "severity": finding.severity,
        "scenario": scenario,
        "subject": finding.subject[:TEXT_MAX],
        "message": finding.message(said.language)[:TEXT_MAX],
        "blame": finding.blame,
        "remedy": finding.remedy(said.language)[:TEXT_MAX],
        "evidence": list(finding.evidence[:EVIDENCE_MAX]),
        "evidence_total": len(finding.evidence),
        "certainty": finding.certainty,
        "code": finding.code,
        "explains": sorted(finding.explains),
    }


def _because(finding: Finding, kept: list[dict[str, Any]], said: Words) -> dict[str, Any]:
    made = _finding(finding, "", said)
    alike = ("rule", "subject", "message", "evidence")
    for one in kept:
        if all(one[name] == made[name] for name in alike):
            return {**made, "scenario": one["scenario"], "id": one["id"]}
    return made


def _excluded(one: Excluded, said: Words) -> Mapping[str, Any]:
    return {
        "blame": one.blame,
        "why": _text(one.why, said),
        "evidence": list(one.evidence[:EVIDENCE_MAX]),
    }


def _text(text: Text | None, said: Words) -> str | None:
    return None if text is None else text.in_language(said.language)[:TEXT_MAX]


def _scenario(outcome: Outcome, said: Words) -> Mapping[str, Any]:
    return {
        "name": outcome.scenario,
        "title": said.name("scenario", outcome.scenario),
        "verdict": outcome.verdict,
        "requests": outcome.requests,
        "duration_s": outcome.duration_s,
        "findings": len(outcome.findings),
        "note": _text(outcome.note, said),
    }


def _cost(report: Report, said: Words) -> Mapping[str, Any]:
    spent = report.spending
    return {
        "requests": spent.requests,
        "paid_requests": spent.paid_requests,
        "credits": {
            "before": spent.credits_before,
            "after": spent.credits_after,
            "spent": spent.credits_spent,
        },
        "credits_spent": spent.credits_spent,
        "budget": report.tape.case.budget,
        "ambiguous_creates": [
            {
                "operation": one.operation,
                "position": one.position,
                "started": moment(one.started_s),
                "why": one.why,
                "looked_up": one.looked_up or said.say("ambiguous.no_list"),
            }
            for one in report.ambiguous
        ],
    }


def _course(report: Report, seen: Digest) -> Mapping[str, Any]:
    case = report.tape.case
    return {
        "virtual_time": case.virtual_time,
        "started": moment(case.started_s),
        "ended": moment(seen.ended_s),
        "duration_s": seen.ended_s - seen.began_s,
        "first_failure": moment(seen.failures.first_s),
        "last_failure": moment(seen.failures.last_s),
        "last_success": moment(seen.successes.last_s),
        "clock_offset_s": seen.clock_offset_s,
        "exchanges": len(report.tape),
        "failed": seen.failed,
        "unsent": dict(seen.unsent),
        "polls": seen.polls,
        "states": [
            {**one, "first": moment(one["first_s"]), "last": moment(one["last_s"])}
            for one in seen.states
        ],
        "identifiers": seen.identifiers.found(seen.rows.wanted),
        "identifiers_more": seen.identifiers.more,
        "timeline": timeline(seen),
        "media": seen.media,
    }


def _exchange(
    report: Report, contract: Contract, line: Line | None, seen: Digest
) -> Mapping[str, Any]:
    wires = [shown.wire(exchange, host) for host, exchange in seen.wire.items()]
    if line is None:
        return {"request": None, "answer": None, "frequency": None, "wire": wires}
    exchange = line.exchange
    if exchange.wire is not None:
        wires = [
            shown.wire(exchange, host_of(exchange.request.url)),
            *(one for one in wires if one["position"] != exchange.position),
        ]
    tally = seen.operations.get(exchange.request.operation or "")
    return {
        "request": shown.request(line, report.tape.case, contract),
        "answer": shown.answer(line),
        "frequency": {"failed": tally.failed, "of": tally.sent} if tally else None,
        "wire": wires,
    }


def _environment(case: Case, contract: Contract) -> Mapping[str, Any]:
    place = case.environment
    return {
        "harness": place.harness,
        "contract": f"{contract.name} {contract.version}".strip(),
        "python": place.python or "?",  # of a stranger's capture nobody knows
        "system": place.system or "?",
        "libraries": dict(place.libraries),
        "proxy": place.proxy,
        "container": place.container,
        "ci": place.ci,
        "timezone": place.timezone,
        "credential_headers": list(case.auth_headers),
        "keys": [_key(key) for key in case.keys],
        "seed": case.seed,
        "poll": {"interval_s": case.poll.interval_s, "max_polls": case.poll.max_polls},
        "retry": {
            "max_retries": case.retry.max_retries,
            "base_delay_s": case.retry.base_delay_s,
            "cap_s": case.retry.cap_s,
            "put_back": case.retry.put_back,
        },
    }


def _key(key: KeyFacts) -> Mapping[str, Any]:
    return {
        "name": key.name,
        "present": key.present,
        "length": key.length,
        "problems": list(key.problems),
        "origin": key.origin,
    }


def _redacted(made: Mapping[str, Any]) -> list[str]:
    places = f"{made['request']} {made['answer']} {made['timeline']}"
    return sorted(set(_PLACEHOLDER.findall(places)))
