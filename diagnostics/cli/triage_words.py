"""How does triage speak on the screen: verdict first, then what shows it and where it stands?"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from diagnostics.capture import place_in
from diagnostics.cli.run_words import advice, settled
from diagnostics.finding import Finding
from diagnostics.model import Exchange, Json, Severity, Text

if TYPE_CHECKING:  # the words alone need no judges
    from diagnostics.triage import Told, Triage

FINDINGS_MOST = 12
PLACES_MOST = 4
BROKEN_MOST = 5
HOSTS_MOST = 6
GOOD_MOST = 5
_PATH_MOST = 120

_ABOUT = Text(
    en="Entries about {title}: {about} of {entries}, in {files}",
    ru="Записей о {title}: {about} из {entries}, в {files}",
)
_MEANS = Text(en="Code {code} means: {code_meaning}", ru="Код {code} значит: {code_meaning}")
_SHOWN = Text(en="What shows it:", ru="По чему это видно:")
_MORE = Text(en="and {count} more (-v shows all)", ru="и ещё {count} (все покажет -v)")
_MORE_PLACES = Text(en="and {count} more", ru="и ещё {count}")
_BROKEN = Text(
    en="Entries that could not be read: {count}", ru="Записей, которые не удалось прочесть: {count}"
)
_ELSEWHERE = Text(
    en="Entries about no provider we know: {count} ({hosts})",
    ru="Записей не о знакомых провайдерах: {count} ({hosts})",
)
_NOTHING = Text(
    en="inconclusive: nothing in {files} is about a provider we know",
    ru="не решено: в {files} нет ничего о знакомых провайдерах",
)
_SAW = Text(en="Entries: {entries}; hosts: {hosts}", ru="Записей: {entries}; хосты: {hosts}")
_NO_ADDRESS = Text(en="without an address:", ru="без адреса:")
_NO_HOSTS = Text(en="none", ru="нет")
_KNOWN = Text(
    en="Known are: {names}. If one of them stands behind a gateway, name it: --provider NAME. "
    "A browser's HAR has to be exported with content, after the failing call.",
    ru="Известны: {names}. Если один из них стоит за шлюзом, назовите его: --provider NAME. "
    "HAR из браузера нужно сохранять с содержимым и уже после неудачного вызова.",
)
_SEVERITIES = {
    Severity.FAIL: Text(en="fail", ru="сбой"),
    Severity.WARN: Text(en="warn", ru="внимание"),
    Severity.INFO: Text(en="info", ru="к сведению"),
}
_ORDER = (Severity.FAIL, Severity.WARN, Severity.INFO)
_SPENT = Text(
    en="The capture shows paid calls: {paid_requests}, credits: {spent}",
    ru="В записи платных вызовов: {paid_requests}, кредитов: {spent}",
)
_QUESTION = Text(en="The question to ask: {question}", ru="Вопрос провайдеру: {question}")
_UNKNOWN = Text(en="not known", ru="неизвестно сколько")
_AMBIGUOUS = Text(
    en="Outcome unknown: {operation} at {started}. Look it up before it is sent again",
    ru="Исход неизвестен: {operation}, {started}. Прежде чем повторять, найдите задание",
)


def lines(
    found: "Triage", made: Sequence[Mapping[str, Json]], language: str, *, verbose: int = 0
) -> Iterator[str]:
    """Everything a reader has to know, provider after provider."""
    for number, (told, said) in enumerate(zip(found.told, made, strict=True)):
        if number:
            yield ""
        yield from _provider(found, told, said, language, verbose=verbose)
    if not found.told:
        yield from _nothing(found, language)
    yield from _left_out(found, language)


def _provider(
    found: "Triage", told: "Told", said: Mapping[str, Json], language: str, *, verbose: int
) -> Iterator[str]:
    yield settled(said, language)
    yield said["symptom"]
    facts = {"about": len(told.report.tape), "entries": found.entries, "files": _files(found)}
    yield _ABOUT.fill(language, {"title": told.contract.title, **facts})
    yield said["headline"]["answered"]
    if said["code_meaning"] and any(one.response for one in told.report.tape):
        yield _MEANS.fill(language, said)
    yield from _findings(told, language, verbose=verbose)
    if said["asks_provider"]:
        yield _QUESTION.fill(language, said)
    yield from advice(said, language)
    if said["paid_requests"]:
        spent = said["credits_spent"]
        cost = _UNKNOWN.in_language(language) if spent is None else f"{spent:g}"
        yield _SPENT.fill(language, {**said, "spent": cost})
    for one in said["ambiguous_creates"]:
        yield _AMBIGUOUS.fill(language, one)
    for name, path in said["report"].items():
        yield f"  {name}: {path}"


def _files(found: "Triage") -> str:
    return ", ".join(
        f"{one.name} ({one.creator})" if one.creator else one.name for one in found.captures
    )


# --- what shows it ----------------------------------------------------------------------------


def _findings(told: "Told", language: str, *, verbose: int) -> Iterator[str]:
    because = told.report.judgement.because
    every = [*because, *(f for f in told.report.findings if f not in because)]
    every.sort(key=lambda one: _ORDER.index(one.severity))
    heavy = [one for one in every if verbose or one.severity is not Severity.INFO]
    heavy = heavy or every[: -GOOD_MOST - 1 : -1]  # the call itself was judged last
    most = len(heavy) if verbose else FINDINGS_MOST
    if heavy:
        yield _SHOWN.in_language(language)
    for one in heavy[:most]:
        severity = _SEVERITIES[one.severity].in_language(language)
        yield f"  - {severity}: {one.message(language)} [{one.rule.code}]"
        yield from _places(told, one, language)
    if len(heavy) > most:
        yield f"  - {_MORE.fill(language, {'count': len(heavy) - most})}"


def _places(told: "Told", finding: Finding, language: str) -> Iterator[str]:
    exchanges = told.report.tape.exchanges
    at = [exchanges[n] for n in finding.evidence if 0 <= n < len(exchanges)]
    for exchange in at[:PLACES_MOST]:
        yield f"      {place(exchange, language)}"
    if len(at) > PLACES_MOST:
        yield f"      {_MORE_PLACES.fill(language, {'count': len(at) - PLACES_MOST})}"


def place(exchange: Exchange, language: str) -> str:
    """`capture.har: entry 17, POST /api/open/v3/…`."""
    request = exchange.request
    call = f"{request.method} {_path(request.url)}".strip()
    source = place_in(language, exchange.source)
    return ", ".join(part for part in (source, call) if part)


def _path(url: str) -> str:
    try:
        path = urlsplit(url).path
    except ValueError:
        path = url
    return path[:_PATH_MOST]


# --- what was left out ------------------------------------------------------------------------


def _left_out(found: "Triage", language: str) -> Iterator[str]:
    if found.broken:
        yield _BROKEN.fill(language, {"count": len(found.broken)})
        for one in found.broken[:BROKEN_MOST]:
            stands = place_in(language, one.place)
            yield f"  - {stands}: {one.why.in_language(language)}"
    count = sum(found.elsewhere.values())
    if count and found.told:
        yield _ELSEWHERE.fill(language, {"count": count, "hosts": _hosts(found, language)})


def _hosts(found: "Triage", language: str) -> str:
    nameless = _NO_ADDRESS.in_language(language)
    hosts = [
        f"{nameless if host in {'', '?'} else host} {count}"
        for host, count in found.elsewhere.items()
    ]
    more = ", …" if len(hosts) > HOSTS_MOST else ""
    return ", ".join(hosts[:HOSTS_MOST]) + more or _NO_HOSTS.in_language(language)


def _nothing(found: "Triage", language: str) -> Iterator[str]:
    from diagnostics.contract_load import index  # noqa: PLC0415  # only where nobody was found

    yield _NOTHING.fill(language, {"files": _files(found)})
    facts = {"entries": found.entries, "hosts": _hosts(found, language)}
    yield _SAW.fill(language, facts)
    names = ", ".join(f"{one.name} ({', '.join(one.hosts)})" for one in index())
    yield _KNOWN.fill(language, {"names": names})
