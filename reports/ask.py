"""What should the provider be asked, if anything, and what should be done first?"""

from collections.abc import Iterator, Mapping
from typing import Any

from diagnostics.blame import unrecorded
from diagnostics.contract import Contract
from diagnostics.finding import Finding, Report
from diagnostics.model import Blame, Severity, TargetKind, Unsent, Verdict
from reports.digest import Digest, Tally, host_of
from reports.line import Line, called
from reports.symptom import trouble
from reports.words import Words, moment, spaced, words

ASKED = {Blame.PROVIDER, Blame.UNDECIDED, Blame.ENDPOINT, Blame.ACCOUNT}
IDS_MAX = 4
STEPS_MAX = 7


def reach(report: Report, contract: Contract) -> str:
    """Who answered, as far as words about the provider go: emulator, cassette, live, foreign…"""
    target = report.tape.case.target
    if target.kind is TargetKind.LIVE:
        host = host_of(target.base_url).partition(":")[0]
        return "live" if host in contract.hosts else "foreign"
    if (
        target.kind is TargetKind.IMPORTED and not target.emulated
    ):  # a gateway or a stand-in, as far as the address tells
        host = host_of(target.base_url).partition(":")[0]
        return "imported" if host in contract.hosts else "imported_foreign"
    return "emulator" if target.emulated else str(target.kind)


def question(
    report: Report, contract: Contract, line: Line | None, seen: Digest, said: Words
) -> Mapping[str, Any]:
    """The question in the reader's language and in English, or why there is none."""
    judgement, asked = report.judgement, reach(report, contract)
    if judgement.verdict is Verdict.PASS or judgement.blame not in ASKED:
        why = said.say("question.none", title=contract.title, why=_why_not(report, said))
        return {"asks": False, "text": why, "text_en": ""}
    if (
        asked in {"emulator", "foreign", "imported_foreign", "dry"}
        or line is None
        or _unrecorded(report)
    ):
        reason = "silence" if line is None else asked
        if asked in {"cassette", "imported"} or (asked == "live" and line is not None):
            reason = "unrecorded"
        why = said.say(
            "question.none", title=contract.title, why=said.say(f"question.because_{reason}")
        )
        return {"asks": False, "text": why, "text_en": ""}
    english = words("en")
    return {
        "asks": True,
        "text": _composed(report, line, seen, said),
        "text_en": _composed(report, line, seen, english),
    }


def _unrecorded(report: Report) -> bool:
    """Nothing is decided because the recording that answered does not hold every answer."""
    undecided = report.judgement.verdict is Verdict.INCONCLUSIVE
    return undecided and any(map(unrecorded, report.tape))


def _why_not(report: Report, said: Words) -> str:
    if report.judgement.verdict is Verdict.PASS:
        return said.say("question.because_pass")
    return said.say("question.because_blame", noun=said.say(f"noun.{report.judgement.blame}"))


def _composed(report: Report, line: Line, seen: Digest, said: Words) -> str:
    parts = [*_happened(report, line, seen, said), *_ruled_out(report, said)]
    spends = line.exchange.request.spends
    free = "" if spends or report.judgement.blame is not Blame.PROVIDER else "_free"
    parts.append(said.say(f"question.ask.{report.judgement.blame}{free}"))
    return " ".join(parts)


def _happened(report: Report, line: Line, seen: Digest, said: Words) -> Iterator[str]:
    request = line.exchange.request
    tally = seen.operations.get(request.operation or "", Tally())
    facts = {
        "call": called(line.exchange),
        "what": trouble(report, line, said),
        "times": said.count("request", max(tally.sent, 1)),
    }
    at = spaced(moment(line.exchange.started_s))
    if line.ok:
        yield said.say("question.seen", at=at, **facts)
    else:
        first, last = tally.failures.first_s, tally.failures.last_s
        span = {"first": spaced(moment(first)) if first is not None else at}
        span["last"] = spaced(moment(last)) if last is not None else at
        timed = "happened" if line.exchange.started_s else "happened_sometime"
        yield said.say(f"question.{timed}", failed=tally.failed, **span, **facts)
    ids = [one["value"] for one in seen.identifiers.found(seen.rows.wanted)[:IDS_MAX]]
    if ids:
        yield said.say("question.ids", ids=", ".join(ids))


def _ruled_out(report: Report, said: Words) -> Iterator[str]:
    whys = [one.why.in_language(said.language).rstrip(".") for one in report.judgement.excluded]
    if whys:
        yield said.say("question.ruled_out", whys="; ".join(whys))


def steps(report: Report, contract: Contract, said: Words, *, asks: bool) -> list[str]:
    """What to do, most deciding first, each step once."""
    judgement, language = report.judgement, said.language
    found = [finding.remedy(language) for finding in judgement.because]
    known = contract.errors.get(judgement.code or "")
    told = known is None or known.inspect_inputs  # the finding knows whether inputs were fit
    if known is not None and not told and known.blame is judgement.blame:
        found.append(known.remedy.in_language(language))
    found.extend(finding.remedy(language) for finding in _heavy(report))
    if report.ambiguous:
        found.insert(0, said.say("todo.ambiguous"))
    if asks:
        found.append(said.say("todo.send", to=contract.support.get("email") or contract.title))
    if not found and judgement.verdict is Verdict.INCONCLUSIVE:
        found.extend(finding.remedy(language) for finding in _withheld(report))
    if not found and judgement.verdict is Verdict.INCONCLUSIVE:
        why = (one.note.in_language(language) for one in report.outcomes if one.note)
        found.extend(said.say("todo.not_looked", why=one) for one in dict.fromkeys(why))
    if not found:
        found.append(said.say("todo.nothing"))
    return _each_once(found)[:STEPS_MAX]


def _each_once(steps: list[str]) -> list[str]:
    """Without those that another one says in passing: a finding quotes its code's own remedy."""
    told = list(dict.fromkeys(step for step in steps if step))
    return [one for one in told if not any(one in other for other in told if other != one)]


def _withheld(report: Report) -> Iterator[Finding]:
    """What tells of calls that were not made: what would let them go decides the matter."""
    kept = {e.position for e in report.tape if isinstance(e.answer, Unsent)}
    yield from (one for one in report.findings if not kept.isdisjoint(one.evidence))


def _heavy(report: Report) -> Iterator[Finding]:
    for weight in (Severity.FAIL, Severity.WARN):
        yield from (finding for finding in report.findings if finding.severity is weight)
