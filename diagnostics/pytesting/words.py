"""How is a judge's finding told in a test's failure? Finding, blame, remedy, and the exchange."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from diagnostics.model import Answer, Exchange, Fault, Text, Unsent

BODY_MOST = 800
FINDINGS_MOST = 10
_WEIGHT = {"fail": 0, "warn": 1, "info": 2}
_FOUND = Text(
    en="{verdict}: {provider} {scenario}, blame {blame}, certainty {certainty}",
    ru="{verdict}: {provider} {scenario}, причина {blame}, уверенность {certainty}",
)
_REMEDY = Text(en="remedy: {remedy}", ru="что делать: {remedy}")
_EXCHANGE = Text(en="exchange {position}:", ru="обмен {position}:")
_MORE = Text(en="and {count} more findings", ru="и ещё находок: {count}")
_WHOLE = Text(
    en="the whole run: blame {blame}, certainty {certainty}: {message}",
    ru="весь прогон: причина {blame}, уверенность {certainty}: {message}",
)


def findings_of(told: Mapping[str, Any], scenario: str) -> list[Mapping[str, Any]]:
    """What one scenario found, the worst and surest first."""
    found = [one for one in told.get("findings", ()) if one.get("scenario") == scenario]
    return sorted(
        found, key=lambda one: (_WEIGHT.get(one["severity"], 3), -float(one["certainty"]))
    )


def lines(
    told: Mapping[str, Any], scenario: Mapping[str, Any], folder: Path, language: str
) -> Iterator[str]:
    """The failure of one scenario."""
    found = findings_of(told, scenario["name"])
    serious = [one for one in found if one["severity"] != "info"] or found
    worst: Mapping[str, Any] = serious[0] if serious else {}
    yield _FOUND.fill(
        language,
        {
            "verdict": scenario["verdict"],
            "provider": told["target"]["provider"],
            "scenario": scenario["name"],
            "blame": worst.get("blame", "undecided"),
            "certainty": worst.get("certainty", "?"),
        },
    )
    if scenario.get("note"):
        yield str(scenario["note"])
    for one in serious[:FINDINGS_MOST]:
        yield f"  {one['rule']}: {one['message']}"
        yield "  " + _REMEDY.fill(language, {"remedy": one["remedy"]})
    if len(serious) > FINDINGS_MOST:
        yield _MORE.fill(language, {"count": len(serious) - FINDINGS_MOST})
    yield from _evidence(worst, told, folder, language)
    yield from _whole(told, scenario["name"], language)


def _whole(told: Mapping[str, Any], scenario: str, language: str) -> Iterator[str]:
    """What decides the run, where another scenario found it; and what answered at all."""
    deciding: Mapping[str, Any] = next(iter(told.get("because") or ()), {})
    if deciding and deciding.get("scenario") != scenario:
        facts = {name: told.get(name) for name in ("blame", "certainty")}
        yield _WHOLE.fill(language, {**facts, "message": deciding.get("message")})
    answered = (told.get("headline") or {}).get("answered")
    if answered:
        yield str(answered)


def _evidence(
    finding: Mapping[str, Any], told: Mapping[str, Any], folder: Path, language: str
) -> Iterator[str]:
    """The exchange that the finding stands on, as it is on the tape: gated."""
    positions = finding.get("evidence") or ()
    if not positions:
        return
    from diagnostics import tape  # noqa: PLC0415  # only of a failure
    from diagnostics.errors import DiagnosticsError  # noqa: PLC0415  # see above

    try:
        exchanges = tape.read(folder / str(told["run_id"])).exchanges
    except DiagnosticsError:
        return
    if positions[0] < len(exchanges):
        yield _EXCHANGE.fill(language, {"position": positions[0]})
        yield from exchange_lines(exchanges[positions[0]])


def exchange_lines(exchange: Exchange) -> Iterator[str]:
    """Request and answer, short."""
    request = exchange.request
    yield f"  > {request.method} {request.url}"
    if request.body:
        yield f"  > {_short(request.body)}"
    yield from (f"  < {line}" for line in _answer(exchange.answer))


def _answer(answer: Answer) -> Iterator[str]:
    if isinstance(answer, Unsent):
        yield f"({answer.reason.value}) {answer.message}".rstrip()
        return
    if isinstance(answer, Fault):
        yield f"{answer.kind.value}: {answer.message}"
    else:
        yield f"{answer.http_version} {answer.status} {answer.reason}".rstrip()
        if answer.media is not None:
            yield f"{answer.media.container}, {answer.media.size_bytes} bytes"
    if answer.body:
        yield _short(answer.body)


def _short(body: bytes) -> str:
    text = body[: BODY_MOST * 4].decode("utf-8", "replace")
    visible = "".join(letter if letter.isprintable() else " " for letter in text)
    return visible if len(visible) <= BODY_MOST else f"{visible[:BODY_MOST]}…"
