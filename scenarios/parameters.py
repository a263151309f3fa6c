"""Is the request right, before anything is sent?

The planned call is only built; the judge holds every request it finds on a tape against the
contract, so it serves a dry run, a replay and somebody's capture alike.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from urllib.parse import parse_qsl, unquote, urlsplit

from diagnostics.check import Violation, check
from diagnostics.contract import Contract, decode
from diagnostics.finding import Finding, Rule
from diagnostics.inspection.link import near
from diagnostics.model import (
    Ask,
    Blame,
    Case,
    Exchange,
    Json,
    Purpose,
    Severity,
    Tape,
    TargetKind,
    Text,
)
from diagnostics.promise import Operation
from diagnostics.scenario import Scenario, needs_plan

DISTINCT_MAX = 200
"""Different requests that are judged on one tape; a thousand equal polls are one."""

FIELDS_MAX = 500
"""Fields of a query that are judged: no documented call has more than a few."""

_SAYS = Text(en="{text_en}", ru="{text_ru}")
_REMEDY = Text(en="{remedy_en}", ru="{remedy_ru}")
WRONG = Rule(
    code="parameter-wrong",
    severity=Severity.FAIL,
    blame=Blame.PARAMETERS,
    says=_SAYS,
    remedy=_REMEDY,
)
DOUBTFUL = Rule(
    code="parameter-doubtful",
    severity=Severity.WARN,
    blame=Blame.PARAMETERS,
    says=_SAYS,
    remedy=_REMEDY,
)
NOT_JSON = Rule(
    code="parameters-not-json",
    severity=Severity.FAIL,
    blame=Blame.PARAMETERS,
    says=Text(
        en="the body of {subject} is not JSON ({size} bytes)",
        ru="тело {subject} не является JSON ({size} байт)",
    ),
    remedy=Text(
        en="Send strict JSON: no comments, no trailing commas, double quotes.",
        ru="Отправляйте строгий JSON: без комментариев и лишних запятых, с двойными кавычками.",
    ),
)
FIT = Rule(
    code="parameters-fit",
    severity=Severity.INFO,
    blame=Blame.NONE,
    says=Text(
        en="{subject}: {count} parameters checked against the documentation, all right",
        ru="{subject}: проверено параметров: {count}, всё по документации",
    ),
    remedy=Text(en="Nothing to do.", ru="Ничего делать не нужно."),
)
RULES = (WRONG, DOUBTFUL, NOT_JSON, FIT)

_OUT_OF_REACH = frozenset({"url-local", "url-placeholder"})
"""Well-formed addresses at which the provider finds no file: that is the input's fault."""

_NO_REMEDY = Text(
    en="Compare with the documentation: {source}.", ru="Сверьте с документацией: {source}."
)


def ask(contract: Contract, case: Case) -> Ask:
    """Build the planned call."""
    plan = case.plan
    if plan is not None:
        yield contract.request(plan.operation, body=plan.body, query=plan.query, path=plan.path)


def judge(contract: Contract, tape: Tape) -> Iterable[Finding]:
    """Every documented call on the tape, each different request once."""
    local = near(tape.case)
    for exchange in islice(_different(contract, tape), DISTINCT_MAX):
        operation = contract.operations[exchange.request.operation or ""]
        yield from _judged(contract, operation, exchange, local=local)


def _different(contract: Contract, tape: Tape) -> Iterator[Exchange]:
    seen: set[tuple[str, str, bytes]] = set()
    imported = tape.case.target.kind is TargetKind.IMPORTED
    for exchange in tape:
        request = exchange.request
        key = (request.operation or "", request.url, request.body)
        operation = contract.operations.get(request.operation or "")
        if request.purpose is not Purpose.CALL or operation is None:
            continue
        if imported and _unseen(operation, exchange):
            continue
        if key not in seen:
            seen.add(key)
            yield exchange


def _unseen(operation: Operation, exchange: Exchange) -> bool:
    """An answer that somebody quoted without its call, a body that was not kept, an old read."""
    request = exchange.request
    kept_none = not request.body and any(_is_length(*pair) for pair in request.headers)
    logged = not (request.body or request.headers) and operation.body_schema is not None
    if not request.url or kept_none or (logged and exchange.response is not None):
        return True
    own, given = (_segments(one) for one in (operation.path, request.url.partition("://")[2]))
    told = zip(reversed(own), reversed(given), strict=False)
    fits = len(given) >= len(own) and all("{" in a or a == b for a, b in told)
    return not fits and not request.body


def _is_length(name: str, value: str) -> bool:
    return name.lower() == "content-length" and value.strip() != "0"


def _segments(address: str) -> list[str]:
    return address.partition("?")[0].strip("/").split("/")


def _judged(
    contract: Contract, operation: Operation, exchange: Exchange, *, local: bool
) -> Iterator[Finding]:
    sent = exchange.request.body
    body = decode(sent) if sent else None
    if sent and body is None and sent.strip() != b"null":
        if not _is_form(exchange):
            code = _refusal(contract, operation)
            yield _finding(NOT_JSON, operation.id, {"size": len(sent)}, exchange, code)
        return
    query, path = _sent(operation, exchange.request.url)
    told = check(contract, operation, body=body, query=query, path=path, local=local)
    broken = [violation for violation in told if violation.kind != _OF_THE_ADDRESS]
    for violation in broken:
        yield _violated(operation, violation, exchange)
    if not any(violation.fails for violation in broken):
        count = len(query) + len(path) + _count(body)
        yield Finding(
            rule=FIT,
            subject=operation.id,
            facts={"count": count},
            evidence=(exchange.position,),
        )


def _is_form(exchange: Exchange) -> bool:
    """Files travel in a form, which is no JSON and need not be."""
    kinds = (value for name, value in exchange.request.headers if name.lower() == "content-type")
    return any("form" in kind.lower() for kind in kinds)


def _refusal(contract: Contract, operation: Operation) -> str | None:
    """The code with which the provider turns wrong parameters down; its own page comes first."""
    known = [code for code, one in contract.errors.items() if one.blame is Blame.PARAMETERS]
    return next((code for code in known if code in operation.codes), next(iter(known), None))


_OF_THE_ADDRESS = "retired"
"""No fault of the request: the scenario `endpoints` asks the address itself."""


def _violated(operation: Operation, violation: Violation, exchange: Exchange) -> Finding:
    source = violation.source or operation.source.page
    remedy = violation.remedy
    facts = {
        "text_en": violation.says.en,
        "text_ru": violation.says.ru,
        "remedy_en": remedy.en or _NO_REMEDY.en.format(source=source),
        "remedy_ru": remedy.ru or _NO_REMEDY.ru.format(source=source),
        "kind": violation.kind,
        "place": violation.place,
        "source": source,
    }
    rule = WRONG if violation.fails else DOUBTFUL
    subject = violation.parameter or operation.id
    found = _finding(rule, subject, facts, exchange, violation.code)
    return replace(found, blame=Blame.MEDIA) if violation.kind in _OUT_OF_REACH else found


def _finding(
    rule: Rule, subject: str, facts: dict[str, Json], exchange: Exchange, code: str | None
) -> Finding:
    fails = rule.severity is Severity.FAIL
    return Finding(
        rule=rule,
        subject=subject,
        facts=facts,
        evidence=(exchange.position,),
        certainty=0.9 if fails else 0.7,
        code=code if fails else None,
        explains=frozenset({code} if code and fails else ()),
    )


def _sent(operation: Operation, url: str) -> tuple[dict[str, Json], dict[str, Json]]:
    """The query and path parameters of an address, as text."""
    try:
        parts = urlsplit(url)
        kept = "&".join(parts.query.split("&", FIELDS_MAX)[:FIELDS_MAX])
        pairs = parse_qsl(kept, keep_blank_values=True)
    except ValueError:
        return {}, {}
    wanted = operation.path.strip("/").split("/")
    given = parts.path.strip("/").split("/")[-len(wanted) :]
    path = {
        name[1:-1]: unquote(value)
        for name, value in zip(wanted, given, strict=False)
        if name.startswith("{")
    }
    return _gathered(pairs), dict(path)


def _gathered(pairs: Iterable[tuple[str, str]]) -> dict[str, Json]:
    """A name that is repeated holds a list, as `types[]=1&types[]=2` does."""
    found: dict[str, Json] = {}
    for name, value in pairs:
        if name in found:
            known = found[name]
            found[name] = [*known, value] if isinstance(known, list) else [known, value]
        else:
            found[name] = value
    return found


def _count(value: Json) -> int:
    """How many values a body holds."""
    todo, count = [value], 0
    while todo:
        one = todo.pop()
        if isinstance(one, dict):
            todo.extend(one.values())
        elif isinstance(one, list):
            todo.extend(one)
        elif one is not None:
            count += 1
    return count


SCENARIO = Scenario(
    name="parameters",
    title=Text(en="Parameters of the call", ru="Параметры вызова"),
    order=10,
    ask=ask,
    judge=judge,
    rules=RULES,
    offered=needs_plan,
    dry=True,
)
