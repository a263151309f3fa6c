"""Is there enough for the planned call: credits, price, rate limits?

One free read: of the balance, where there is one; any answer may tell of limits. A price that the
documents do not give stays unknown: an emulator's price is never held against a real balance.
"""

import math
import re
from collections.abc import Iterator, Mapping

from diagnostics import answers
from diagnostics.contract import Contract, dig
from diagnostics.drive.policy import in_seconds
from diagnostics.finding import Finding, Rule
from diagnostics.model import (
    Ask,
    Blame,
    Case,
    Certainty,
    Exchange,
    Json,
    Purpose,
    Tape,
    Text,
    Unsent,
)
from diagnostics.promise import Operation, Price
from diagnostics.scenario import Scenario
from scenarios._quota_rules import (
    DISPUTED,
    ENOUGH,
    INSUFFICIENT,
    LIMITS,
    NEARLY_EMPTY,
    NO_BALANCE,
    ODD_BALANCE,
    PRICE_UNKNOWN,
    RATE_HEADERS,
    RATE_SPENT,
    RULES,
    THROTTLED,
)

NAME = "quota"


def offered(contract: Contract, _case: Case) -> Text | None:
    """Only a provider with a free read can be asked what its answer tells."""
    if contract.probe:
        return None
    return Text(
        en="the contract names no free authenticated read",
        ru="в контракте нет бесплатного чтения с аутентификацией",
    )


def ask(contract: Contract, _case: Case) -> Ask:
    """Read the balance once; where there is none, whatever free answer tells of limits."""
    yield from contract.probing("balance" if _has_balance(contract) else "probe")


def _has_balance(contract: Contract) -> bool:
    return contract.roles.get("balance") in contract.operations


def judge(contract: Contract, tape: Tape) -> Iterator[Finding]:
    """Balance against price, then what is known and seen of rate limits."""
    reads = _reads(contract, tape)
    if not reads:
        return
    last = reads[-1]
    response = last.response
    if response and answers.succeeded(contract, last):
        body = contract.read(response, last.request.operation).body
        if _has_balance(contract):
            yield from _balance(contract, tape.case, last, body)
        else:
            yield _not_told(contract, last)
        yield from _turned_away(contract, reads)
    yield from answers.findings(contract, last)
    yield from _headers(contract, last)
    if contract.limits and last.response:
        yield _limits(contract)


def _reads(contract: Contract, tape: Tape) -> list[Exchange]:
    reads = [
        exchange
        for exchange in tape
        if exchange.scenario in {NAME, ""}
        and exchange.request.operation == contract.probe
        and exchange.request.purpose is Purpose.CALL
        and not isinstance(exchange.answer, Unsent)
    ]
    return sorted(reads, key=lambda exchange: exchange.started_s)


# --- credits ----------------------------------------------------------------------------------


def _balance(contract: Contract, case: Case, read: Exchange, body: Json) -> Iterator[Finding]:
    found = dig(body, contract.roles.get("balance_field", ""))
    seen = found[0] if found else None
    balance = _number(seen)
    if balance is None or balance < 0:
        shown = "?" if not found else repr(seen)[:80]
        yield _of(ODD_BALANCE, read, answers.subject(read), certainty=0.8, seen=shown)
    if balance is not None:
        yield from _against_price(contract, case, read, balance)


def _not_told(contract: Contract, read: Exchange) -> Finding:
    where = contract.support.get("billing") or contract.support.get("docs") or contract.title
    return _of(NO_BALANCE, read, contract.title, certainty=0.95, where=where)


def _number(value: Json) -> float | None:
    """A finite number, also one written as text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value[:64] if isinstance(value, str) else value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _against_price(
    contract: Contract, case: Case, read: Exchange, balance: float
) -> Iterator[Finding]:
    planned = contract.operations.get(case.plan.operation) if case.plan else None
    own = planned.codes if planned else {}
    codes = sorted(_codes(contract, Blame.QUOTA), key=lambda code: code not in own)
    facts = {"balance": f"{balance:g}", "codes": " / ".join(codes[:_CODES_MAX]) or "?"}
    facts |= _unit(contract)
    price = planned.price.of(case.plan.body) if planned and case.plan else None
    subject = planned.id if planned else answers.subject(read)
    if planned is None or price is None:
        if planned:
            source = planned.price.source
            facts["why"] = source.note or source.page
            yield _of(PRICE_UNKNOWN, read, subject, certainty=0.95, **facts)
        if balance < _cheapest(contract):
            yield _of(NEARLY_EMPTY, read, subject, certainty=0.7 if balance > 0 else 0.9, **facts)
        return
    body = case.plan.body if case.plan else None
    facts |= {"price": f"{price:g}"} | _how(planned.price, body)
    yield from _disputed(planned, read)
    if balance >= price:
        yield _of(ENOUGH, read, subject, certainty=0.95, **facts)
        return
    yield Finding(
        rule=INSUFFICIENT,
        subject=subject,
        facts=facts,
        evidence=(read.position,),
        certainty=0.9 if planned.price.source.certainty is Certainty.DOCUMENTED else 0.7,
        code=next((code for code in codes if code in planned.codes), codes[0] if codes else None),
        explains=frozenset(codes),
    )


_CODES_MAX = 4


def _unit(contract: Contract) -> dict[str, str]:
    """What the balance counts: credits, unless the contract names a currency."""
    unit = str(contract.roles.get("balance_unit", "")).upper()
    return {"unit_en": unit or "credits", "unit_ru": unit or "кредитов"}


def _of(rule: Rule, read: Exchange, subject: str, *, certainty: float, **facts: str) -> Finding:
    return Finding(
        rule=rule, subject=subject, facts=facts, evidence=(read.position,), certainty=certainty
    )


def _codes(contract: Contract, blame: Blame) -> list[str]:
    return [code for code, known in contract.errors.items() if known.blame is blame]


def _cheapest(contract: Contract) -> float:
    """Below the cheapest documented job hardly anything can be bought."""
    prices = [
        price
        for op in contract.operations.values()
        if op.job and op.spends and not op.price.per_chars
        for price in (op.price.amount, *op.price.values.values())
        if price
    ]
    return min(prices, default=1.0)


def _how(price: Price, body: Json) -> dict[str, str]:
    """How the price was worked out, so that anybody can do it again."""
    given = body if isinstance(body, dict) else {}
    if price.free:
        return {"how_en": "free", "how_ru": "бесплатно"}
    if not price.values:
        return {"how_en": "fixed", "how_ru": "фиксированная цена"}
    key = "/".join(str(given.get(name, price.defaults.get(name))) for name in price.by)
    unit = price.values.get(key)
    en = ru = f"{'/'.join(price.by)} {key}: {unit:g}" if unit is not None else key
    if price.per_s:
        spent = given.get(price.duration_field)
        en += f" × started {price.per_s:g} s of {spent}"
        ru += f" × начатые {price.per_s:g} с из {spent}"
    elif price.per_chars:
        length = len(str(given.get(price.text_field, "")))
        en += f" × {length} / {price.per_chars:g} characters"
        ru += f" × {length} / {price.per_chars:g} символов"
    return {"how_en": en, "how_ru": ru}


def _disputed(operation: Operation, read: Exchange) -> Iterator[Finding]:
    source = operation.price.source
    if source.certainty is not Certainty.DOCUMENTED or source.note:
        note = source.note or source.certainty.value
        yield _of(DISPUTED, read, operation.id, certainty=0.9, page=source.page, note=note)


# --- rates ------------------------------------------------------------------------------------

_RATE_HEADER = re.compile(
    r"(?:x-)?rate-?limit(?:-.*)?|.*-rate-?limit-.*|retry-after(?:-ms)?", re.IGNORECASE
)
_SHOWN_MAX = 8


def _headers(contract: Contract, read: Exchange) -> Iterator[Finding]:
    response = read.response
    if response is None:
        return
    named = _resets(contract) | _named(contract)
    shown = {
        name: value[:120]
        for name, value in response.headers
        if name.lower() in named or _RATE_HEADER.fullmatch(name[:120])
    }
    told = {name.lower(): value for name, value in shown.items()}
    if told:
        spent = any(
            (named.get(name) == "remaining" or "remaining" in name) and value.strip() == "0"
            for name, value in told.items()
        )
        reset_s = _reset_s(contract, read, told)
        facts = {
            "headers": ", ".join(f"{n}: {v}" for n, v in list(shown.items())[:_SHOWN_MAX]),
            "reset_en": "" if reset_s is None else f"; anew in {reset_s:g} s",
            "reset_ru": "" if reset_s is None else f"; сброс через {reset_s:g} с",
        }
        rule = RATE_SPENT if spent else RATE_HEADERS
        yield _of(rule, read, contract.title, certainty=0.8, **facts)


def _named(contract: Contract) -> dict[str, str]:
    """The headers that the contract names, and what each tells."""
    rate = contract.limits.get("rate") or {}
    headers = rate.get("headers") if isinstance(rate, dict) else None
    known = headers.items() if isinstance(headers, dict) else ()
    return {str(name).lower(): str(what) for name, what in known}


def _resets(contract: Contract) -> dict[str, str]:
    """The headers that tell when the allowance begins anew, and in which unit."""
    reset = contract.limits.get("reset")
    ways = reset.get("ways", ()) if isinstance(reset, dict) else ()
    units = {str(way["header"]).lower(): str(way["unit"]) for way in ways if "header" in way}
    return units | {n: _UNITS[what] for n, what in _named(contract).items() if what in _UNITS}


_UNITS = {"reset_s": "s", "reset_duration": "duration"}


def _reset_s(contract: Contract, read: Exchange, told: Mapping[str, str]) -> float | None:
    """In how long; of several allowances the one that takes longest."""
    now_s = read.started_s + read.duration_s
    units = {name: unit for name, unit in _resets(contract).items() if name in told}
    found = [in_seconds(told[name], unit, now_s) for name, unit in units.items()]
    return max((reset_s for reset_s in found if reset_s is not None), default=None)


def _turned_away(contract: Contract, reads: list[Exchange]) -> Iterator[Finding]:
    limited = set(_codes(contract, Blame.RATE_LIMIT))
    away = [e for e in reads if _limited(contract, e, limited)]
    if away:
        yield Finding(
            rule=THROTTLED,
            subject=answers.subject(away[0]),
            facts={"count": len(away)},
            evidence=tuple(e.position for e in away)[:10],
            certainty=0.85,
            code=next(iter(answers.findings(contract, away[0]))).code,
        )


def _limited(contract: Contract, exchange: Exchange, codes: set[str]) -> bool:
    response = exchange.response
    if response is None:
        return False
    reading = contract.read(response, exchange.request.operation)
    if reading.code is None:
        return response.status == 429  # noqa: PLR2004  # RFC 6585: too many requests
    return not reading.ok and reading.code in codes


def _limits(contract: Contract) -> Finding:
    known: list[str] = []
    unknown: list[str] = []
    for name, limit in contract.limits.items():
        if name == "reset":  # how a time is written is no limit
            continue
        words = limit if isinstance(limit, dict) else {}
        (known if words.get("known") else unknown).append(_limit(name, words))
    return Finding(
        rule=LIMITS,
        subject=contract.title,
        facts={"known": "; ".join(known) or "—", "unknown": ", ".join(unknown) or "—"},
        certainty=0.9,
    )


_NUMBERS = {
    "max": "{:g}", "jobs": "{:g}",
    "per_minute": "{:g}/min", "reads_per_minute": "{:g}/min (GET)", "per_s": "{:g}/s",
}  # fmt: skip


def _limit(name: str, words: Mapping[str, Json]) -> str:
    numbers = [
        shape.format(words[key])
        for key, shape in _NUMBERS.items()
        if isinstance(words.get(key), int | float)
    ]
    plans = words.get("plans")
    if isinstance(plans, dict):
        numbers += [f"{plan} {'∞' if most is None else most}" for plan, most in plans.items()]
    return f"{name} {', '.join(numbers)}" if numbers else name


SCENARIO = Scenario(
    name=NAME,
    title=Text(en="Credits and limits", ru="Кредиты и лимиты"),
    order=50,
    ask=ask,
    judge=judge,
    rules=RULES,
    offered=offered,
)
