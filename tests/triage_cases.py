"""What do people send? Exchanges as a reader of captures gives them, all invented."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from diagnostics.capture import Capture
from diagnostics.cli import discover
from diagnostics.finding import Finding, Report
from diagnostics.model import (
    Answer,
    Exchange,
    Request,
    Response,
    Unsent,
    UnsentReason,
)
from diagnostics.redact import Gate
from diagnostics.triage import Triage, triage
from tests.har_cases import BEGAN_S, BODY, CREATE, JOB, KEY, STATUS, told

KEYED = (("x-api-key", KEY),)
POLL = f"{STATUS}?video_model_id={JOB}"
RESULT = "https://results.invented-cdn.net/film.mp4"
OVERLOAD = {"code": 1015, "msg": "create video error, please try again later"}
NOBODY = {"code": 1101, "msg": "Invalid authorization"}


def seen(  # noqa: PLR0913  # the parts of an exchange
    method: str = "",
    url: str = "",
    *,
    body: Any = None,
    status: int = 200,
    answer: Any = None,
    headers: Sequence[tuple[str, str]] = (),
    at_s: float = 0.0,
    came: Answer | None = None,
    kind: str = "",
) -> Exchange:
    """One exchange of a stranger's file."""
    raw = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    typed = (("Content-Type", kind),) if kind else ()
    response: Answer = Response(status=status, body=raw, headers=typed, size_bytes=len(raw))
    sent = b"" if body is None else json.dumps(body).encode()
    return Exchange(
        request=Request(method=method, url=url, headers=tuple(headers), body=sent),
        answer=came or (response if answer is not None else nothing()),
        started_s=at_s and BEGAN_S + at_s,
    )


def nothing() -> Unsent:
    return Unsent(reason=UnsentReason.NOT_RECORDED)


def create(answer: Any = None, *, at_s: float = 1.0, **given: Any) -> Exchange:
    """A create of AKOOL with a key."""
    made = {"body": BODY, "headers": KEYED, **given}
    return seen("POST", CREATE, answer=answer, at_s=at_s, **made)


def poll(state: int, *, at_s: float, url: str = "") -> Exchange:
    return seen("GET", POLL, answer=told(state, url), headers=KEYED, at_s=at_s)


def captured(*exchanges: Exchange, name: str = "story.txt", **given: Any) -> Capture:
    """A file that held them, each with its place."""
    placed = [
        replace(one, source=f"{name}: entry {n}", position=n - 1)
        for n, one in enumerate(exchanges, 1)
    ]
    return Capture(name=name, format="text", exchanges=placed, **given)


def judged(*captures: Capture, provider: str = "", gate: Gate | None = None) -> Triage:
    """What triage makes of them, by the judges that ship."""
    scenarios = list(discover.scenarios().values())
    return triage(captures, scenarios, gate or Gate(("someone", "machine")), provider=provider)


def alone(*exchanges: Exchange, provider: str = "") -> Report:
    """The report of the only provider that they are about."""
    found = judged(captured(*exchanges), provider=provider)
    assert len(found.told) == 1, [one.contract.name for one in found.told]
    return found.told[0].report


def rules(report: Report) -> set[str]:
    return {one.rule.code for one in report.findings}


def finding(report: Report, rule: str) -> Finding:
    return next(one for one in report.findings if one.rule.code == rule)
