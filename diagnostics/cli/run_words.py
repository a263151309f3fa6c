"""How does a run speak on the screen? Its first line, its rows, its last lines."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from diagnostics.contract import Contract
from diagnostics.finding import Outcome
from diagnostics.following.words import word
from diagnostics.jobs import poll_of
from diagnostics.model import Exchange, Json, Origin, Purpose, Severity, TargetKind, Text, Verdict
from diagnostics.promise import Operation

if TYPE_CHECKING:  # `order` reads files and keys: no need of it to choose words
    from diagnostics.cli.order import Order

_WHO = {
    "played": Text(
        en="{title}: the embedded emulator answers, in virtual time; this says nothing about the "
        "provider itself{fault}",
        ru="{title}: отвечает встроенный эмулятор в виртуальном времени; о самом провайдере это "
        "ничего не говорит{fault}",
    ),
    "keyless": Text(
        en="{title}: no key given, so the embedded emulator answers, in virtual time; this says "
        "nothing about the provider itself{fault}",
        ru="{title}: ключ не задан, поэтому отвечает встроенный эмулятор в виртуальном времени; о "
        "самом провайдере это ничего не говорит{fault}",
    ),
    "emulator": Text(
        en="{title}: the emulator answers at {base}, not the provider{fault}",
        ru="{title}: отвечает эмулятор {base}, а не провайдер{fault}",
    ),
    "cassette": Text(
        en="{title}: a recording of {date} answers; nothing is sent{origin}",
        ru="{title}: отвечает запись от {date}; ничего не отправляется{origin}",
    ),
    "live": Text(
        en="{title}: the live host {base} is asked; {money}",
        ru="{title}: запросы идут на настоящий хост {base}; {money}",
    ),
}
_MONEY = Text(en="up to {budget:g} credits may be spent", ru="разрешено потратить до {budget:g}")
_FREE = Text(
    en="nothing that costs credits is sent (no --budget)",
    ru="платные вызовы не отправляются (нет --budget)",
)
_FAULT = Text(en="; it plays {fault}", ru="; он разыгрывает {fault}")

_NOTHING = Text(en="", ru="")
_ORIGINS = {
    Origin.EMULATED: Text(
        en="; it was made against the emulator and says nothing about the provider itself",
        ru="; она сделана на эмуляторе и о самом провайдере ничего не говорит",
    ),
    Origin.WRITTEN: Text(
        en="; it was written by hand: the provider never gave these answers",
        ru="; она составлена вручную: провайдер таких ответов не давал",
    ),
    Origin.IMPORTED: Text(
        en="; another tool made it, and nobody here saw it happen",
        ru="; её сделал другой инструмент, и здесь никто этого не видел",
    ),
}

VERDICTS = {
    Verdict.PASS: Text(en="pass", ru="исправно"),
    Verdict.WARN: Text(en="warn", ru="с замечаниями"),
    Verdict.FAIL: Text(en="fail", ru="сбой"),
    Verdict.INCONCLUSIVE: Text(en="inconclusive", ru="не решено"),
}
STATES = {
    "running": Text(en="running", ru="идёт"),
    "skipped": Text(en="skipped", ru="пропущен"),
}
_COUNT = Text(en="requests: {requests}", ru="запросов: {requests}")


def headline(order: "Order", language: str) -> str:
    """Who answers, before anything is asked."""
    case, title = order.case, order.contract.title
    kind = case.target.kind
    who: str = kind.value
    if case.virtual_time and kind is TargetKind.EMULATOR:
        who = "keyless" if order.keyless else "played"
    fault = _FAULT.fill(language, {"fault": case.target.fault}) if case.target.fault else ""
    money = _FREE.in_language(language)
    if case.budget is not None:
        money = _MONEY.fill(language, {"budget": case.budget})
    origin = _ORIGINS.get(case.target.origin or Origin.LIVE, _NOTHING).in_language(language)
    facts = {"title": title, "base": case.target.base_url, "date": case.target.recorded or "?"}
    facts["origin"] = origin
    return _WHO[who].fill(language, {**facts, "fault": fault, "money": money})


def row(name: str, state: str, found: Outcome | None, language: str) -> tuple[object, ...]:
    """One line of the live table."""
    if found is None or state != "done":
        note = found.note.in_language(language) if found is not None and found.note else ""
        return name, STATES.get(state, STATES["running"]).in_language(language), "", note
    worst = [f for f in found.findings if f.severity is not Severity.INFO]
    counted = _COUNT.fill(language, {"requests": found.requests})
    said = worst[0].message(language) if worst else ""
    return name, VERDICTS[found.verdict].in_language(language), counted, said


def latest(contract: Contract, exchange: Exchange, language: str) -> tuple[object, ...] | None:
    """The row of a scenario that follows a job, after one more answer; None: nothing new."""
    request = exchange.request
    operation = contract.operations.get(request.operation or "")
    if operation is None or request.purpose is not Purpose.CALL or exchange.response is None:
        return None
    reading = contract.read(exchange.response, operation.id)
    said = f"{operation.id}: {reading.code or exchange.response.status}"
    if operation.job is None:
        job = next((o.job for o in contract.operations.values() if _is_read(o, operation)), None)
        poll = poll_of(contract, job, exchange) if job else None
        if poll is None:
            return None
        said = f"{request.label}: {word(poll.state) if poll.state else poll.value}"
    elif exchange.attempt > 1:
        said += f" ({_ATTEMPT.fill(language, {'number': exchange.attempt})})"
    return exchange.scenario, STATES["running"].in_language(language), "", said


def _is_read(operation: Operation, reader: Operation) -> bool:
    """Does `reader` tell the state of that operation's jobs?"""
    return operation.job is not None and operation.job.read == reader.id


_ATTEMPT = Text(en="attempt {number}", ru="попытка {number}")


def conclusion(told: Mapping[str, Json], language: str) -> Iterator[str]:
    """The last lines: what is wrong, whose fault, what to do, what it cost, where it stands."""
    yield ""
    yield told["symptom"]
    yield settled(told, language)
    yield from _reasons(told, language)
    yield from advice(told, language)
    yield _COST.fill(language, {**told, "spent": _spent(told, language)})
    for one in told["ambiguous_creates"]:
        yield _AMBIGUOUS.fill(language, one)
    for job in told["running_jobs"]:
        yield _RUNNING.fill(language, {"job": job})
    for name, path in told["report"].items():
        yield f"  {name}: {path}"


def settled(told: Mapping[str, Json], language: str) -> str:
    """The verdict, whose fault it is, and how sure that is."""
    head = told["headline"]
    decided = told["certainty"] and told["verdict"] != Verdict.INCONCLUSIVE
    odds = f" ({head['odds']})" if decided else ""
    return f"{VERDICTS[Verdict(told['verdict'])].in_language(language)}: {head['sentence']}{odds}"


def _reasons(told: Mapping[str, Json], language: str) -> Iterator[str]:
    reasons = list(dict.fromkeys(found["message"] for found in told["because"]))
    for reason in reasons[:_MOST]:
        yield f"  - {reason}"
    hidden = len(reasons) - _MOST
    if hidden > 0:
        yield f"  - {_MORE.fill(language, {'count': hidden})}"


def advice(told: Mapping[str, Json], language: str) -> Iterator[str]:
    """What to do, step by step; nothing where all is well."""
    if told["verdict"] != Verdict.PASS:
        yield _DO.in_language(language)
        for number, step in enumerate(told["todo"][:_MOST], 1):
            yield f"  {number}. {step['text'] if isinstance(step, dict) else step}"


def _spent(told: Mapping[str, Json], language: str) -> str:
    spent = told["credits_spent"]
    return _UNKNOWN.in_language(language) if spent is None else f"{spent:g}"


_MOST = 4
_MORE = Text(en="and {count} more in the report", ru="и ещё {count} в отчёте")
_DO = Text(en="What to do:", ru="Что делать:")
_COST = Text(
    en="What finding out cost: requests {requests}, of them paid {paid_requests}, credits {spent}",
    ru="Цена проверки: запросов {requests}, из них платных {paid_requests}, кредитов {spent}",
)
_UNKNOWN = Text(en="not known", ru="неизвестно сколько")
_AMBIGUOUS = Text(
    en="Outcome unknown: {operation} at {started}; it was not sent again. Look it up before you do",
    ru="Исход неизвестен: {operation}, {started}; повторно не отправлено. Сначала найдите задание",
)
_RUNNING = Text(en="Still running: job {job}", ru="Ещё выполняется: задание {job}")
