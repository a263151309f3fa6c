"""What does one answer mean, in the provider's own terms?

Used by every judge that reads an exchange. A success gives no finding.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from diagnostics.answer_rules import (
    ADDRESS,
    BODY,
    BUSINESS_CODE,
    CONTENT,
    FAULT_RULES,
    HTTP_STATUS,
    LATER,
    NO_CODE,
    NO_SUCH_ADDRESS,
    NOT_JSON,
    PARTIAL,
    RULES,
    STATUSES,
    UNKNOWN_CODE,
    WALL,
)
from diagnostics.contract import Contract, dig
from diagnostics.finding import Finding
from diagnostics.model import Blame, Exchange, Fault, Response, Text, Unsent
from diagnostics.promise import ErrorCode, Meaning, Reading

__all__ = ["RULES", "business", "certainty_of", "findings", "subject", "succeeded"]


def findings(contract: Contract, exchange: Exchange) -> list[Finding]:
    """What is wrong with this answer; nothing for a success or for what was never sent."""
    answer = exchange.answer
    if isinstance(answer, Unsent):
        return []
    if isinstance(answer, Fault):
        found = [_fault(exchange, answer)]
    else:
        found = _response(contract, exchange, answer)
    return [replace(finding, evidence=(exchange.position,)) for finding in found]


def subject(exchange: Exchange) -> str:
    """What the finding is about: the operation, else method and path."""
    request = exchange.request
    asked = f"{request.method} {request.url.partition('?')[0]}".strip()
    return request.operation or asked or exchange.source or "?"


def succeeded(contract: Contract, exchange: Exchange) -> bool:
    """A whole answer which the provider itself calls a success."""
    response = exchange.response
    return response is not None and contract.read(response, exchange.request.operation).ok


def _fault(exchange: Exchange, fault: Fault) -> Finding:
    arrived = fault.may_have_arrived and exchange.request.spends
    return Finding(
        rule=FAULT_RULES[fault.kind],
        subject=subject(exchange),
        facts={"detail": fault.message, "ambiguous": arrived},
        certainty=0.85,
        code=None if fault.status is None else str(fault.status),
    )


def _response(contract: Contract, exchange: Exchange, response: Response) -> list[Finding]:
    reading = contract.read(response, exchange.request.operation)
    if reading.ok:
        return [*_caught(contract, exchange, reading), *_partial(exchange, reading)]
    if reading.code is not None:
        return [business(contract, exchange, reading)]
    return [_without_code(exchange, response, reading)]


def _partial(exchange: Exchange, reading: Reading) -> list[Finding]:
    if not reading.partial:
        return []
    facts = {"count": len(reading.partial), "parts": str(list(reading.partial))[:300]}
    return [Finding(rule=PARTIAL, subject=subject(exchange), facts=facts, certainty=0.9)]


def _caught(contract: Contract, exchange: Exchange, reading: Reading) -> Iterator[Finding]:
    """A success in name only: cut, filtered or refused, as its own fields say."""
    operation = contract.operations.get(exchange.request.operation or "")
    for path, codes in operation.catches.items() if operation else ():
        for value in dig(reading.body, path)[:_VALUES_MAX]:
            word = value if isinstance(value, str) else ""
            code = (codes.get(word) or codes.get("*")) if word else None
            if code in contract.errors:
                told = Reading(ok=False, code=code, message=f"{path}: {word}", body=reading.body)
                yield business(contract, exchange, told)
                return


_VALUES_MAX = 200


def business(contract: Contract, exchange: Exchange, reading: Reading) -> Finding:
    """The finding for a provider's own error code."""
    code, name = str(reading.code), subject(exchange)
    known = contract.errors.get(code)
    if known is None or known.blame is Blame.NONE:  # elsewhere's success is no answer here
        found = Finding(
            rule=UNKNOWN_CODE,
            subject=name,
            facts={"code": code, "message": reading.message},
            certainty=0.4,
            code=code,
        )
        return _by_status(found, exchange.response)
    operation = contract.operations.get(exchange.request.operation or "")
    meant = meaning_of(known, reading.message)
    said = meant.text if meant else operation.codes.get(code) if operation else None
    meaning = said or known.meanings[0].text
    return Finding(
        rule=BUSINESS_CODE,
        subject=name,
        facts={
            "code": code,
            "message": reading.message,
            "meaning": "" if _same(meaning, reading.message) else f" ({meaning})",
            "remedy_en": known.remedy.en,
            "remedy_ru": known.remedy.ru,
        },
        blame=(meant.blame if meant else None) or known.blame,
        certainty=_SURE_OF_WORDS if meant else certainty_of(known),
        code=code,
    )


_SURE_OF_WORDS = 0.8
"""Of a code with several meanings the words of the answer tell which one it is."""


def meaning_of(known: ErrorCode, words: str) -> Meaning | None:
    """The one of several meanings that the answer's own words give a code."""
    text = words[:_WORDS_MAX]
    told = (m for m in known.meanings if m.pattern and re.search(m.pattern, text, re.IGNORECASE))
    return next(told, None)


_REFUSED = re.compile(
    r"(content|usage|safety)[ _-]?polic|moderation|safety (filter|system)|flagged as|\bnsfw\b",
    re.IGNORECASE,
)
"""A refusal of content may come under any status, a gateway's 500 included (symptom 44)."""
_WORDS_MAX = 4_000
_SURE_OF_STATUS = 0.7
"""An HTTP status tells something where the provider's own word tells nothing."""


def _by_status(found: Finding, response: Response | None) -> Finding:
    """An unknown code, blamed as the HTTP status under which it came suggests."""
    status = response.status if response else 0
    if status < 400:  # noqa: PLR2004  # HTTP's own border of failure
        return found
    blame, certainty, _ = _status(status)
    if _REFUSED.search(str(found.facts["message"])):
        blame = Blame.CONTENT_POLICY
    return replace(found, blame=blame, certainty=certainty * _SURE_OF_STATUS)


def _same(one: str, other: str) -> bool:
    return one.strip(" .").casefold() == other.strip(" .").casefold()


def certainty_of(known: ErrorCode) -> float:
    """How far a code alone decides: less when pages disagree or inputs may be the cause."""
    if known.inspect_inputs:
        return 0.45
    return 0.65 if known.alternatives else 0.9


def _without_code(exchange: Exchange, response: Response, reading: Reading) -> Finding:
    status = response.status
    facts = {
        "code": status,
        "reason": f" {response.reason}" if response.reason else "",
        "url": exchange.request.url.partition("?")[0],
        "size": len(response.body),
        "kind": _kind(response.body),
    }
    found = Finding(
        rule=HTTP_STATUS, subject=subject(exchange), facts=facts, certainty=0.9, code=str(status)
    )
    blind = response.truncated and not response.body  # a capture that kept no bodies
    if status in {404, 410} and reading.body is None and not blind:
        return replace(found, rule=NO_SUCH_ADDRESS, blame=Blame.ENDPOINT)
    if status >= 300:  # noqa: PLR2004  # HTTP's own border of success
        blame, certainty, remedy = _status(status)
        if status == 403 and reading.body is None and not blind:  # noqa: PLR2004  # HTTP: forbidden
            blame, certainty, remedy = Blame.UNDECIDED, 0.4, WALL
        if reading.body is not None and _REFUSED.search(str(reading.body)[:_WORDS_MAX]):
            blame, certainty, remedy = Blame.CONTENT_POLICY, 0.9, CONTENT
        facts |= {"remedy_en": remedy.en, "remedy_ru": remedy.ru}
        return replace(found, facts=facts, blame=blame, certainty=certainty)
    if reading.body is None:
        html = facts["kind"] == "HTML"
        blame = Blame.ENDPOINT if html else Blame.PROVIDER
        return replace(found, rule=NOT_JSON, blame=blame, certainty=0.6 if html else 0.75)
    return replace(found, rule=NO_CODE, blame=Blame.PROVIDER, certainty=0.6)


def _status(status: int) -> tuple[Blame, float, Text]:
    if status >= 500:  # noqa: PLR2004  # HTTP: the server's own failure
        return Blame.PROVIDER, 0.85, LATER
    if status < 400:  # noqa: PLR2004  # HTTP: a redirect, which an API call never follows
        return Blame.ENDPOINT, 0.8, ADDRESS
    return STATUSES.get(status, (Blame.UNDECIDED, 0.4, BODY))


def _kind(body: bytes) -> str:
    start = body[:256].lstrip().lower()
    if not start:
        return "empty"
    if start.startswith(b"<"):
        return "HTML" if b"<html" in start or b"<!doctype html" in start else "markup"
    return "broken JSON" if start[:1] in b"{[" else "text"
