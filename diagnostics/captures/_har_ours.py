"""What else does a HAR of our own making say? The case, and of each entry what HAR has no word for.

With it the archive is the tape again, so its verdict is the run's. What cannot be understood is
left alone: the file is then read as anybody's.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from diagnostics.har import CREATOR, SCHEMA
from diagnostics.model import Case, Exchange, Fault, FaultKind, Json, MediaFacts, Purpose, Response
from diagnostics.tape_values import case_from, exchange_from

_ABOUT = re.compile(rb'"_diagnostics"\s*:\s*(?=\{)')
_ENTRIES = re.compile(rb'"entries"\s*:\s*\[')
_ODD = (KeyError, TypeError, ValueError, AttributeError, RecursionError, OverflowError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ours:
    """The run of which the archive tells, and what it had built and never sent."""

    case: Case
    unsent: Sequence[Exchange]


def ours(data: bytes) -> Ours | None:
    """What stands before the entries; None when another tool wrote the file, or it is torn."""
    begins = _ENTRIES.search(data)
    head = data[: begins.start()] if begins else b""
    found = _ABOUT.search(head)
    if found is None or CREATOR.encode() not in head:
        return None
    try:
        about, _ = json.JSONDecoder().raw_decode(head[found.end() :].decode())
        if about["schema"] != SCHEMA:
            return None
        return Ours(
            case=case_from(about["case"]),
            unsent=[exchange_from(line) for line in about["built"]],
        )
    except _ODD:
        return None


def restored(exchange: Exchange, entry: Mapping[str, Json]) -> Exchange:
    """The exchange as it stood on the tape."""
    try:
        return _restored(exchange, entry["_diagnostics"])
    except _ODD:
        return exchange


def _restored(exchange: Exchange, told: Mapping[str, Json]) -> Exchange:
    request = replace(
        exchange.request,
        operation=told.get("operation"),
        purpose=Purpose(told["purpose"]),
        authenticated=bool(told.get("authenticated", True)),
        provider=str(told.get("provider", "")),
        label=str(told.get("label", "")),
        spends=bool(told.get("spends", False)),
        credits=told.get("credits"),
    )
    return replace(
        exchange,
        request=request,
        answer=_answer(exchange, told),
        scenario=str(told.get("scenario", "")),
        conversation=int(told["conversation"]),
        attempt=int(told["attempt"]),
        position=int(told["position"]),
        flow=str(told.get("flow", "")),
        started_s=float(told.get("started_s", exchange.started_s)),
    )


def _answer(exchange: Exchange, told: Mapping[str, Json]) -> Response | Fault:
    answer = exchange.answer
    if "fault" in told:
        fault = told["fault"]
        status = answer.status if isinstance(answer, Response | Fault) else None
        return Fault(
            kind=FaultKind(fault["kind"]),
            message=str(fault["message"]),
            may_have_arrived=bool(fault["may_have_arrived"]),
            status=status or None,
            headers=answer.headers if isinstance(answer, Response | Fault) else (),
            body=answer.body if isinstance(answer, Response | Fault) else b"",
        )
    if not isinstance(answer, Response):
        raise TypeError("an answer that is none")
    if "media" in told:
        facts = MediaFacts(**told["media"])
        return replace(answer, media=facts, body=b"", size_bytes=facts.size_bytes)
    return replace(answer, truncated=bool(told.get("truncated", False)))
