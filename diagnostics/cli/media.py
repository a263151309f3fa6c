"""`diagnostics media FILE|URL…`: what is it really, and which limit would it break?"""

import argparse
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from urllib.parse import quote

from diagnostics import contract_load, media
from diagnostics.cli.screen import Screen
from diagnostics.cli.which import Clues, provider
from diagnostics.contract import Contract
from diagnostics.errors import Exit, UsageError
from diagnostics.finding import Finding
from diagnostics.inspection.judge import of_file, of_inputs
from diagnostics.inspection.link import Input
from diagnostics.model import (
    Ask,
    Blame,
    Case,
    Exchange,
    Json,
    MediaFacts,
    Request,
    Severity,
    Tape,
    Target,
    TargetKind,
    Text,
    Together,
    Verdict,
)
from diagnostics.promise import MediaLimits, Operation

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:/")
_EXITS = {
    Verdict.PASS: Exit.OK,
    Verdict.WARN: Exit.OK,
    Verdict.FAIL: Exit.FINDINGS,
    Verdict.INCONCLUSIVE: Exit.INCONCLUSIVE,
}
_UNKNOWN = Text(en="not known", ru="неизвестно")
_HEADS = (Text(en="file", ru="файл"), Text(en="what it is", ru="что это"))
_SEVERITIES = {
    Severity.FAIL: Text(en="fail", ru="ошибка"),
    Severity.WARN: Text(en="warn", ru="внимание"),
    Severity.INFO: Text(en="info", ru="справка"),
}
_REMEDY = Text(en="  do: {remedy}", ru="  что делать: {remedy}")
_BREAKS = Text(
    en="{name} would break documented limits of:",
    ru="{name} нарушит документированные ограничения:",
)
_BREAKS_NONE = Text(
    en="{name} breaks no documented limit of {provider}",
    ru="{name} не нарушает документированных ограничений {provider}",
)
_ADVISED = Text(en="advised", ru="рекомендация")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """What the inputs are meant for; no limits when `--for` was not given."""

    contracts: tuple[Contract, ...]
    operation: Operation | None = None
    limits: MediaLimits | None = None

    @property
    def titles(self) -> str:
        """Whose limits were looked at."""
        return ", ".join(one.title for one in self.contracts)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Looked:
    """One input with what was found."""

    name: str
    facts: MediaFacts | None
    findings: tuple[Finding, ...]


def arguments(parser: argparse.ArgumentParser) -> None:
    """What `media` takes."""
    parser.add_argument("source", nargs="+", metavar="FILE|URL", help="media files and addresses")
    parser.add_argument(
        "--for",
        dest="wanted",
        metavar="OPERATION:PARAM",
        help="check the limits of this parameter (createLipSync:video_url)",
    )


def main(options: argparse.Namespace, screen: Screen) -> Exit:
    """Look at each, say what it is, judge it."""
    wanted = _wanted(options)
    sources = list(dict.fromkeys(options.source))
    files = {name: _file(name, wanted) for name in sources if not _ADDRESS.match(name)}
    addresses = [name for name in sources if name not in files]
    looked = {**files, **_addresses(addresses, wanted, screen)}
    found = [looked[name] for name in sources]
    verdict, blame = verdict_of([f for one in found for f in one.findings])
    if screen.as_json:
        screen.emit("media", _object(found, wanted, screen, verdict, blame))
    else:
        _show(found, wanted, screen)
    return _EXITS[verdict]


# --- what is meant ----------------------------------------------------------------------------


def _wanted(options: argparse.Namespace) -> _Wanted:
    if not options.wanted:
        names = [options.provider] if options.provider else contract_load.providers()
        return _Wanted(contracts=tuple(map(contract_load.load, names)))
    name, _, parameter = options.wanted.rpartition(":")
    if not name or not parameter:
        raise UsageError(
            f"--for takes OPERATION:PARAM, not {options.wanted!r}",
            hint="for example: --for createTalkingPhoto:talking_photo_url",
        )
    contract = contract_load.load(provider(Clues(provider=options.provider, operation=name)))
    operation = contract.operation(name)
    limits = operation.media.get(re.sub(r"\[\d+\]", "[]", parameter))
    if limits is None:
        raise UsageError(
            f"{operation.id} takes no media file in {parameter!r}", hint=_near(operation, parameter)
        )
    return _Wanted(contracts=(contract,), operation=operation, limits=limits)


def _near(operation: Operation, parameter: str) -> str:
    if not operation.media:
        return "it takes no media file at all; see: diagnostics list operations"
    near = get_close_matches(parameter, operation.media, n=3, cutoff=0.5)
    return f"nearest: {', '.join(near)}" if near else f"there are: {', '.join(operation.media)}"


# --- looking ----------------------------------------------------------------------------------


def _file(name: str, wanted: _Wanted) -> _Looked:
    facts = media.inspect_file(Path(name))
    item = Input(parameter=name, url=quote(Path(name).name), limits=wanted.limits)
    return _Looked(name=name, facts=facts, findings=tuple(of_file(facts, item)))


def _addresses(urls: Sequence[str], wanted: _Wanted, screen: Screen) -> dict[str, _Looked]:
    if not urls:
        return {}
    contract = wanted.contracts[0]  # no key is sent and no host is special: any will do
    target = Target(kind=TargetKind.LIVE, provider=contract.name, base_url=contract.host)
    case = Case(run_id="media", target=target, started_s=time.time())
    tape = Tape(case=case, exchanges=_fetched(urls, contract, target, screen))
    items = [Input(parameter=url, url=url, limits=wanted.limits) for url in urls]
    findings = list(of_inputs(contract, tape, wanted.operation, items))
    return {
        url: _Looked(
            name=(shown := screen.gate.url(url)),
            facts=next((f for e in reversed(tape.exchanges) if (f := _facts_of(e, url))), None),
            findings=tuple(replace(f, subject=shown) for f in findings if f.subject == url),
        )
        for url in urls
    }


def _facts_of(exchange: Exchange, url: str) -> MediaFacts | None:
    ours = exchange.request.label == url and exchange.response is not None
    return exchange.response.media if ours and exchange.response else None


class _Recorder:
    """Keeps the exchanges in memory; nothing of them is written."""

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []

    def record(self, exchange: Exchange) -> Exchange:
        """Give the exchange its place."""
        placed = replace(exchange, position=len(self.exchanges))
        self.exchanges.append(placed)
        return placed

    def intend(self, request: Request, slot: object, started_s: float) -> None:
        """Nothing here is paid for."""


def _fetched(
    urls: Sequence[str], contract: Contract, target: Target, screen: Screen
) -> list[Exchange]:
    """Fetch all at once, as the provider would: no credentials at all, bounded in every way."""
    import random  # noqa: PLC0415  # files on disk need none of these

    from diagnostics.drive.authority import Authority  # noqa: PLC0415  # brings asyncio
    from diagnostics.drive.budget import Budget  # noqa: PLC0415  # with the rest
    from diagnostics.drive.clock import RealClock, run  # noqa: PLC0415  # brings asyncio
    from diagnostics.drive.conversation import Conversations  # noqa: PLC0415  # brings asyncio
    from diagnostics.drive.live import Live  # noqa: PLC0415  # brings httpx
    from diagnostics.drive.policy import Policy  # noqa: PLC0415  # with the rest
    from diagnostics.model import RetryPolicy  # noqa: PLC0415  # with the rest
    from scenarios.media import fetch  # noqa: PLC0415  # with the rest

    recorder, clock = _Recorder(), RealClock()

    async def work() -> None:
        driver = Live(
            contract=contract,
            target=target,
            authority=Authority(
                contract=contract,
                values={},
                register=screen.gate.register,
                hosts=frozenset(),
            ),
            budget=Budget(kind=target.kind),
            clock=clock,
            recorder=recorder,
        )
        conversations = Conversations(
            driver=driver,
            policy=Policy(contract=contract, retry=RetryPolicy(), random=random.Random(0)),
            clock=clock,
            recorder=recorder,
            scenario="media",
        )

        def together() -> Ask:
            yield Together(asks=tuple(fetch(url, url, local=False) for url in urls))

        try:
            await conversations.run(together())
        finally:
            await driver.aclose()

    run(work(), clock)
    return recorder.exchanges


# --- judging and saying -----------------------------------------------------------------------


def verdict_of(findings: Sequence[Finding]) -> tuple[Verdict, Blame]:
    """Trouble of our own network decides nothing about a file."""
    fails = [f for f in findings if f.severity is Severity.FAIL]
    if any(f.blame is Blame.MEDIA for f in fails):
        return Verdict.FAIL, Blame.MEDIA
    if fails:
        return Verdict.INCONCLUSIVE, fails[0].blame
    if any(f.blame is Blame.UNDECIDED for f in findings):
        return Verdict.INCONCLUSIVE, Blame.UNDECIDED
    warns = [f for f in findings if f.severity is Severity.WARN]
    return (Verdict.WARN, warns[0].blame) if warns else (Verdict.PASS, Blame.NONE)


_Broken = tuple[str, str, str, list[media.Breach]]
"""Provider, operation, parameter, and what would break."""


def _broken(facts: MediaFacts, contracts: Sequence[Contract]) -> Iterator[_Broken]:
    """Operations that take such a thing, but not this one."""
    for contract in contracts:
        for operation in contract.operations.values():
            for parameter, limits in operation.media.items():
                if limits.role == "any" or not media.of_role(facts, limits):
                    continue
                found = media.breaches(facts, limits)
                if found:
                    yield contract.name, operation.id, parameter, found


def _show(found: Sequence[_Looked], wanted: _Wanted, screen: Screen) -> None:
    language = screen.language
    rows = [
        (
            one.name,
            media.describe(one.facts) if one.facts else _UNKNOWN.in_language(language),
        )
        for one in found
    ]
    screen.table([head.in_language(language) for head in _HEADS], rows)
    for finding in (f for one in found for f in one.findings if f.rule.code != "media-fine"):
        screen.show(
            f"{_SEVERITIES[finding.severity].in_language(language)}: {finding.message(language)}"
        )
        screen.show(_REMEDY.fill(language, {"remedy": finding.remedy(language)}))
    if wanted.limits is None:
        for one in found:
            _show_broken(one, wanted, screen)


def _show_broken(one: _Looked, wanted: _Wanted, screen: Screen) -> None:
    if one.facts is None:
        return
    facts = {"name": one.name, "provider": wanted.titles}
    broken = list(_broken(one.facts, wanted.contracts))
    if not broken and any(f.severity is Severity.FAIL for f in one.findings):
        return  # it fails already: that no further limit is broken would sound like praise
    screen.show((_BREAKS if broken else _BREAKS_NONE).fill(screen.language, facts))
    for provider_name, operation, parameter, found in broken:
        told = ", ".join(_told(breach, screen.language) for breach in found)
        whose = f"{provider_name} " if len(wanted.contracts) > 1 else ""
        screen.show(f"  {whose}{operation}:{parameter}  {told}")


def _told(breach: media.Breach, language: str) -> str:
    code = f" → {breach.code}" if breach.code else ""
    advised = f" ({_ADVISED.in_language(language)})" if breach.advice else ""
    return f"{breach.kind} {breach.seen} ({breach.limit}){code}{advised}"


def _object(
    found: Sequence[_Looked], wanted: _Wanted, screen: Screen, verdict: Verdict, blame: Blame
) -> dict[str, Json]:
    return {
        "verdict": verdict,
        "blame": blame,
        "findings": [_finding(f, screen.language) for one in found for f in one.findings],
        "files": [_described(one, wanted) for one in found],
    }


def _finding(finding: Finding, language: str) -> dict[str, Json]:
    return {
        "rule": finding.rule.code,
        "severity": finding.severity,
        "subject": finding.subject,
        "message": finding.message(language),
        "blame": finding.blame,
        "remedy": finding.remedy(language),
        "certainty": finding.certainty,
        "code": finding.code,
        "explains": sorted(finding.explains),
    }


def _described(one: _Looked, wanted: _Wanted) -> dict[str, Json]:
    described: dict[str, Json] = {"name": one.name}
    described["facts"] = None if one.facts is None else asdict(one.facts)
    if one.facts is not None and wanted.limits is not None:
        described["breaches"] = [asdict(b) for b in media.breaches(one.facts, wanted.limits)]
    elif one.facts is not None:
        described["would_break"] = [
            {
                "provider": name,
                "operation": operation,
                "parameter": parameter,
                "breaches": [asdict(b) for b in found],
            }
            for name, operation, parameter, found in _broken(one.facts, wanted.contracts)
        ]
    return described
