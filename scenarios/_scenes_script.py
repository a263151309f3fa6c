"""What did the language model make of the prompt? The first stage of `scenes.py`."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from diagnostics import answers
from diagnostics.contract import Contract
from diagnostics.film.asking import SCRIPT
from diagnostics.film.order import Film
from diagnostics.film.script import Script, read
from diagnostics.film.stages import STAGE, seconds
from diagnostics.finding import Finding, Rule
from diagnostics.model import Exchange, Tape, Unsent
from scenarios._scenes_script_rules import FALLBACK, FLAWS, NOT_ASKED, SCRIPT_WRITTEN


def script(contract: Contract, tape: Tape, film: Film) -> Iterator[Finding]:
    """Every flaw of the answer by its own name, and what the film is made of instead."""
    asked = [e for e in tape if e.request.label == SCRIPT]
    if not asked:
        return
    last = asked[-1]
    pen = contract.of(last.request.provider)
    if isinstance(last.answer, Unsent):
        yield _about(NOT_ASKED, asked, detail=last.answer.message or last.answer.reason.value)
        return
    failed = not answers.succeeded(pen, last)  # a success that is none has its own flaws below
    for finding in answers.findings(pen, last) if failed else ():
        yield replace(finding, facts={**finding.facts, STAGE: SCRIPT})
    written = scenes_of(pen, last, film)
    for flaw in written.flaws:
        facts = {"shown": written.shown, "found": written.found, "count": film.scenes}
        yield _about(FLAWS[flaw], asked, **facts)
    if written.scenes:
        facts = {"count": len(written.scenes), "seconds": seconds(asked)}
        yield _about(SCRIPT_WRITTEN, asked, **facts)
    else:
        yield _about(FALLBACK, asked, count=film.scenes)


def scenes_of(pen: Contract, told: Exchange, film: Film) -> Script:
    """The script in an answer; empty, without a flaw, when the call itself failed."""
    response = told.response
    if response is None:
        return Script()
    reading = pen.read(response, told.request.operation)
    return read(reading.body, film.scenes) if reading.ok else Script()


def _about(rule: Rule, asked: Sequence[Exchange], **facts: object) -> Finding:
    return Finding(
        rule=rule,
        subject=SCRIPT,
        facts={STAGE: SCRIPT, **facts},
        evidence=tuple(exchange.position for exchange in asked[-3:]),
    )
