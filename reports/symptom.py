"""Which exchange does the developer complain about, and how is that said in one line?"""

from diagnostics.finding import Report
from diagnostics.model import Exchange, Verdict
from reports.digest import Digest, Tally
from reports.line import Line, called
from reports.words import Words

CANDIDATES_MAX = 50
ASIDE = {"media", "probe", "unsent"}


def focus(report: Report, seen: Digest) -> Line | None:
    """The exchange that shows the verdict best: its code, then what failed, then the evidence."""
    plan, best, rank = report.tape.case.plan, None, -1
    wanted = plan.operation if plan else None
    decisive = {one for finding in report.judgement.because for one in finding.evidence}
    for line in _candidates(report, seen, wanted):
        worth = _worth(report, line, wanted) + 2 * (line.exchange.position in decisive)
        if worth >= rank:
            best, rank = line, worth
    return best


def _candidates(report: Report, seen: Digest, wanted: str | None) -> list[Line]:
    """Latest of equals wins, so the deciding evidence stands last."""
    planned = seen.operations.get(wanted or "", Tally())
    tallies = [*seen.operations.values(), planned]
    lines = [planned.kept_back] if planned.kept_back else []
    lines += [line for one in tallies for line in (one.last_well, one.last_failed) if line]
    for finding in reversed(report.judgement.because):
        for position in finding.evidence[-CANDIDATES_MAX:]:
            exchange = at(report, position)
            if exchange is not None:
                lines.append(seen.reader.read(exchange))
    return lines


def at(report: Report, position: int) -> Exchange | None:
    """The exchange at a position of the tape, if the tape has one there."""
    exchanges = report.tape.exchanges
    if 0 <= position < len(exchanges) and exchanges[position].position == position:
        return exchanges[position]
    return None


def _worth(report: Report, line: Line, wanted: str | None) -> int:
    code = report.judgement.code
    named = code is not None and code in {line.code, str(line.status), line.state}
    failing = report.judgement.verdict is not Verdict.PASS
    failed = failing and line.ok is False
    return (
        4 * (named and failing)
        + 3 * failed
        + (line.exchange.request.operation == wanted and (failed or not failing))
        + (line.kind not in ASIDE)
        + (line.ok is not None)
    )


def symptom(report: Report, line: Line | None, seen: Digest, words: Words) -> str:
    """Vendor, operation, stage, code: the first line of a ticket."""
    emulated, title = report.tape.case.target.emulated, seen.reader.contract.title
    if line is not None:
        title = seen.reader.contract.of(line.exchange.request.provider).title
    vendor = words.say("vendor.emulated" if emulated else "vendor.real", title=title)
    if line is None or line.kind == "unsent":
        return words.say("symptom.unsent", vendor=vendor, what=_finding(report, words))
    request = line.exchange.request
    return words.say(
        "symptom.sent",
        vendor=vendor,
        call=request.operation or called(line.exchange),
        stage=_stage(line, words),
        what=trouble(report, line, words),
    )


def trouble(report: Report, line: Line, words: Words) -> str:
    """What came back; where that looks well enough by itself, what is wrong with it."""
    because = report.judgement.because
    if line.ok and because and report.judgement.verdict is not Verdict.PASS:
        return because[0].message(words.language).rstrip(".")[:300]
    if line.kind == "probe" and not because and report.findings:
        return _finding(report, words).rstrip(".")  # a probe's own 404 would read like trouble
    return what(line, words)


def _stage(line: Line, words: Words) -> str:
    if line.kind != "retry":
        return words.name("kind", line.kind)
    first = words.name("kind", "create" if line.exchange.request.spends else "call")
    return f"{first}, {words.say('label.attempt').lower()} {line.exchange.attempt}"


def _finding(report: Report, words: Words) -> str:
    for finding in (*report.judgement.because, *report.findings):
        return finding.message(words.language)[:300]
    return words.say("symptom.nothing")


def stands(state: str, name: str | None, words: Words) -> str:
    """A state as it came, and what the pages call it where that is another word."""
    known = name or words.say("state.unknown")
    return state if known == state else f"{state} ({known})"


def what(line: Line, words: Words) -> str:
    """What came back, shortest first: fault, state, code, HTTP status."""
    if line.fault:
        return words.name("fault", line.fault)
    if line.state is not None and line.kind == "poll":
        return words.say("symptom.state", state=stands(line.state, line.state_name, words))
    if line.code is not None:
        return f"{line.code} {line.message}".strip()
    if line.garbled:
        return f"HTTP {line.status}, {words.say('symptom.not_json')}"
    return f"HTTP {line.status} {line.message}".strip()
