"""What became of the addresses whose end was announced: gone as told, or still there?"""

from collections.abc import Iterator, Sequence

from diagnostics.finding import Finding, Rule
from diagnostics.model import Blame, Severity, Text
from scenarios._endpoints_addresses import DOCUMENTED, Address, State

GONE = Rule(
    code="endpoint-retired",
    severity=Severity.FAIL,
    blame=Blame.ENDPOINT,
    says=Text(
        en="{subject}: {method} {path} is gone (HTTP {status}); its end was announced for {day}",
        ru="{subject}: {method} {path} больше нет (HTTP {status}); отключение объявляли на {day}",
    ),
    remedy=Text(
        en="Move to the call that the provider names in its place; nothing here will come back.",
        ru="Перейдите на вызов, который провайдер назвал взамен: этот адрес не вернётся.",
    ),
)
ALIVE = Rule(
    code="endpoint-retiring",
    severity=Severity.WARN,
    blame=Blame.ENDPOINT,
    says=Text(
        en="{subject}: {method} {path} answers, though its end was announced for {day}",
        ru="{subject}: {method} {path} отвечает, хотя отключение объявлено на {day}",
    ),
    remedy=Text(
        en="Move away before it goes; an answer today says nothing of tomorrow.",
        ru="Переходите заранее: сегодняшний ответ ничего не говорит о завтрашнем.",
    ),
)
SEVERAL = Rule(
    code="endpoint-retired-others",
    severity=Severity.INFO,
    blame=Blame.NONE,
    says=Text(
        en="announced to be retired on {day}: {alive} still answer, {gone} are gone ({subject})",
        ru="объявлено отключение на {day}: ещё отвечают {alive}, уже нет {gone} ({subject})",
    ),
    remedy=Text(en="Do not build on them.", ru="Не стройте на них новое."),
)
RULES = (GONE, ALIVE, SEVERAL)


def retiring(address: Address) -> bool:
    """Whether its end was announced; whether it came is for the answer to say."""
    return address.set == DOCUMENTED and bool(address.operation.retired)


def judge(addresses: Sequence[Address], needed: set[str], *, emulated: bool) -> Iterator[Finding]:
    """What the call needs line by line, the rest by day. An emulator's word counts for little."""
    others: dict[str, list[Address]] = {}
    for address in filter(retiring, addresses):
        if not (address.called or address.operation.id in needed):
            others.setdefault(address.operation.retired, []).append(address)
        elif address.state is State.MISSING:
            yield _of(GONE, address, Severity.FAIL)
        elif address.state in {State.ALIVE, State.METHOD}:
            yield _of(ALIVE, address, Severity.INFO if emulated else Severity.WARN)
    for day, members in others.items():
        alive = sum(one.state in {State.ALIVE, State.METHOD} for one in members)
        gone = sum(one.state is State.MISSING for one in members)
        yield Finding(
            rule=SEVERAL,
            subject=", ".join(one.operation.id for one in members[:_NAMES_MAX]),
            facts={"day": day, "alive": alive, "gone": gone},
            evidence=tuple(n for one in members for n in one.evidence[:1])[:_NAMES_MAX],
            certainty=0.9,
        )


_NAMES_MAX = 12


def _of(rule: Rule, address: Address, severity: Severity) -> Finding:
    status = "" if address.status is None else str(address.status)
    gone = rule is GONE and bool(status)
    return Finding(
        rule=rule,
        subject=address.operation.id,
        facts={
            "method": address.method,
            "path": address.url,
            "status": status or "—",
            "day": address.operation.retired,
        },
        evidence=tuple(address.evidence),
        certainty=0.95,
        severity=severity,
        code=status if gone else None,
        explains=frozenset({status} if gone else ()),
    )
