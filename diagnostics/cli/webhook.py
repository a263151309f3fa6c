"""`diagnostics webhook verify|listen`: is this callback the provider's, and what does it say?"""

import argparse
import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from diagnostics import contract_load
from diagnostics.cli.numbers import port
from diagnostics.cli.screen import Screen
from diagnostics.errors import Exit, UsageError
from diagnostics.finding import Finding
from diagnostics.model import Json, Severity, Text, Verdict
from diagnostics.webhooks import secrets
from diagnostics.webhooks.dump import read
from diagnostics.webhooks.inspector import Inspector
from diagnostics.webhooks.judge import Checked, deciding, verdict_of
from reports.words import words

_ACTIONS = ("verify", "listen")
_EXITS = {
    Verdict.PASS: Exit.OK,
    Verdict.WARN: Exit.OK,
    Verdict.FAIL: Exit.FINDINGS,
    Verdict.INCONCLUSIVE: Exit.INCONCLUSIVE,
}
_WORST = (Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.WARN, Verdict.PASS)
_HEADS = (
    Text(en="", ru=""),
    Text(en="rule", ru="правило"),
    Text(en="what is wrong", ru="что не так"),
    Text(en="what to do", ru="что делать"),
)
_SEVERITIES = {
    Severity.FAIL: Text(en="fail", ru="ошибка"),
    Severity.WARN: Text(en="warn", ru="внимание"),
    Severity.INFO: Text(en="info", ru="сведение"),
}
_VERDICTS = {
    Verdict.PASS: Text(
        en="pass: {place} is {sender}'s callback", ru="пройдено: {place} — вызов от {sender}"
    ),
    Verdict.WARN: Text(
        en="warn: {place} is {sender}'s callback; to look at: {rules}",
        ru="внимание: {place} — вызов от {sender}; посмотрите: {rules}",
    ),
    Verdict.FAIL: Text(
        en="fail: {place} cannot be trusted ({blame}): {rules}",
        ru="ошибка: {place} доверять нельзя ({blame}): {rules}",
    ),
    Verdict.INCONCLUSIVE: Text(
        en="inconclusive: {place} could not be verified: {rules}",
        ru="не определено: {place} проверить не удалось: {rules}",
    ),
}
_SAYS = Text(
    en="  job {job}, state {state}, signed {signed}, id {id}",
    ru="  задание {job}, состояние {state}, подписано {signed}, идентификатор {id}",
)
_UNKNOWN = "—"


def arguments(parser: argparse.ArgumentParser) -> None:
    """What `webhook` takes."""
    parser.add_argument("action", choices=_ACTIONS, help="check saved callbacks, or receive them")
    parser.add_argument(
        "given",
        nargs="*",
        metavar="PROVIDER [FILE|- …]",
        help="whose they are, and for verify the files: an HTTP dump (headers, blank line, raw "
        'body) or JSON {"headers": {…}, "body": "…"}; in listen the provider may be left out',
    )
    age = parser.add_argument_group("how old they may be")
    age.add_argument(
        "--tolerance", type=_seconds, metavar="S", help="default: the provider's own, if it has one"
    )
    age.add_argument(
        "--received", type=_moment, metavar="WHEN", help="unix or ISO time, or now (verify)"
    )
    listen = parser.add_argument_group(
        "listen",
        "Answers 200 to every callback, a repeated one included, and 401 to one whose\n"
        "  signature is wrong or missing: a provider repeats what is not answered 200, so\n"
        "  nothing is lost while you mend the secret. OPTIONS is answered 204.",
    )
    listen.add_argument("--port", type=port, default=0, metavar="N", help="default: a free one")
    listen.add_argument("--host", default="127.0.0.1", metavar="ADDRESS", help="(127.0.0.1)")
    listen.add_argument("--once", action="store_true", help="end after one callback")
    listen.add_argument("--count", type=_count, metavar="N", help="end after N callbacks")
    listen.add_argument("--timeout", type=_seconds, metavar="S", help="end after S seconds")
    listen.add_argument("--out", default="out", metavar="DIR", help="keeps gated copies (out/)")


def main(options: argparse.Namespace, screen: Screen) -> Exit:
    """Verify files, or receive until told to stop."""
    provider, files = _meant(options)
    inspector = _inspector(provider, options, screen)
    if options.action == "listen":
        from diagnostics.cli.webhook_listen import listen  # noqa: PLC0415  # brings the server

        return listen(options, provider, inspector, screen)
    now_s = time.time()
    checked = []
    for name in files:
        delivery = read(name, sys.stdin.buffer if name == "-" else None)
        if options.received is not None:
            delivery = replace(delivery, received_s=options.received)
        checked.append(inspector.inspect(delivery, now_s))
        if not screen.as_json:
            show(checked[-1], screen)
    if screen.as_json:
        screen.emit("webhook", as_json(checked, screen.language))
    return _EXITS[overall(checked)]


def _meant(options: argparse.Namespace) -> tuple[str, Sequence[str]]:
    """Provider (empty: whoever sent it) and files."""
    known = contract_load.providers()
    given: list[str] = options.given
    if given and given[0] in known:
        provider, files = given[0], given[1:]
    elif given and (options.action == "listen" or not _is_file(given[0])):
        raise UsageError(f"no provider {given[0]!r}", hint=f"providers: {', '.join(known)}")
    else:
        provider, files = options.provider or "", given
    if options.action == "verify" and not files:
        raise UsageError(
            "name a file", hint="diagnostics webhook verify PROVIDER FILE (- is stdin)"
        )
    if options.action == "listen" and files:
        raise UsageError(f"listen takes no file: {files[0]}", hint="to check a file: verify")
    return provider, files


def _is_file(name: str) -> bool:
    return name == "-" or Path(name).exists()


def _inspector(provider: str, options: argparse.Namespace, screen: Screen) -> Inspector:
    contracts = [contract_load.load(name) for name in contract_load.providers()]
    keys = secrets.read(contracts, os.environ, Path(".env"))
    keys.register(screen.gate)
    return Inspector(contracts, keys.values, provider=provider, tolerance_s=options.tolerance)


# --- saying -----------------------------------------------------------------------------------


def overall(checked: Sequence[Checked]) -> Verdict:
    """What all of them come to; none is no pass."""
    verdicts = {one.verdict for one in checked}
    return next((one for one in _WORST if one in verdicts), Verdict.INCONCLUSIVE)


def show(checked: Checked, screen: Screen) -> None:
    """One callback for people."""
    screen.show(headline(checked, screen.language))
    screen.show(_SAYS.fill(screen.language, _told(checked)))
    heads = [head.in_language(screen.language) for head in _HEADS]
    screen.table(heads, [_row(one, screen.language) for one in _ordered(checked.findings)])


def headline(checked: Checked, language: str) -> str:
    """Verdict, place, and the rules that made it."""
    weighty = [f for f in _ordered(checked.findings) if f.severity is not Severity.INFO]
    decided = deciding(checked.findings)
    facts = {
        "place": checked.delivery.place,
        "sender": _title(checked.provider),
        "blame": words(language).name("blame", decided.blame if decided else "none"),
        "rules": ", ".join(dict.fromkeys(f.rule.code for f in weighty)),
    }
    return _VERDICTS[checked.verdict].fill(language, facts)


def _title(provider: str) -> str:
    return contract_load.load(provider).title if provider else "?"


def _told(checked: Checked) -> dict[str, str]:
    return {
        "job": checked.job or _UNKNOWN,
        "state": checked.state or _UNKNOWN,
        "signed": instant(checked.signed_s) or _UNKNOWN,
        "id": checked.seal.id or _UNKNOWN,
    }


def instant(seconds: float | None) -> str | None:
    """A moment in UTC; None where there is none, or no calendar holds it."""
    if seconds is None:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return None


def _ordered(findings: Sequence[Finding]) -> list[Finding]:
    ranks = list(_SEVERITIES)
    return sorted(findings, key=lambda finding: ranks.index(finding.severity))


def _row(finding: Finding, language: str) -> tuple[str, ...]:
    return (
        _SEVERITIES[finding.severity].in_language(language),
        finding.rule.code,
        finding.message(language),
        finding.remedy(language),
    )


def as_json(checked: Sequence[Checked], language: str) -> dict[str, Json]:
    """All of them for programs."""
    found = [finding for one in checked for finding in one.findings]
    verdict = overall(checked)
    decided = deciding(found) if verdict is not Verdict.PASS else None
    return {
        "verdict": verdict,
        "blame": decided.blame if decided else "none",
        "certainty": decided.certainty if decided else _sure(found),
        "callbacks": [_callback(one) for one in checked],
        "findings": list(_findings(found, language)),
    }


def _sure(found: Sequence[Finding]) -> float | None:
    return min((finding.certainty for finding in found), default=None)


def _callback(checked: Checked) -> dict[str, Json]:
    checks = verdict_of(checked.findings, checked=checked.verified is not None)
    return {
        "place": checked.delivery.place,
        "provider": checked.provider or None,
        "verified": checked.verified,
        "verdict": checks,
        "id": checked.seal.id or None,
        "job": checked.job or None,
        "state": checked.state or None,
        "signed_at": instant(checked.signed_s),
        "variant": checked.seal.variant or None,
        "payload": checked.payload,
    }


def _findings(found: Sequence[Finding], language: str) -> Iterator[dict[str, Json]]:
    for finding in found:
        yield {
            "rule": finding.rule.code,
            "subject": finding.subject,
            "severity": finding.severity,
            "message": finding.message(language),
            "remedy": finding.remedy(language),
            "blame": finding.blame,
            "certainty": finding.certainty,
        }


# --- numbers ----------------------------------------------------------------------------------

_YEARS_S = 1e11


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise ValueError(text)
    return value


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 < value < _YEARS_S:
        raise ValueError(text)
    return value


def _moment(text: str) -> float:
    """Unix seconds, ISO 8601 (UTC unless it says otherwise), or `now`."""
    if text == "now":
        return time.time()
    try:
        value = float(text)
    except ValueError:
        moment = datetime.fromisoformat(text)
        value = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    if not 0 <= value < _YEARS_S:
        raise ValueError(text)
    return value
