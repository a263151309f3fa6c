"""What does one answer mean, in the provider's own terms?

Used by every judge that reads an exchange. A success gives no finding.
"""

from dataclasses import replace

from diagnostics.contract import Contract
from diagnostics.finding import Finding, Rule
from diagnostics.model import (
    Blame,
    Exchange,
    Fault,
    FaultKind,
    Response,
    Severity,
    Text,
    Unsent,
)
from diagnostics.promise import ErrorCode, Reading

BUSINESS_CODE = Rule(
    code="answer-business-code",
    severity=Severity.FAIL,
    blame=Blame.UNDECIDED,
    says=Text(
        en="{subject} answered code {code}: {message} ({meaning})",
        ru="{subject} ответил кодом {code}: {message} ({meaning})",
    ),
    remedy=Text(en="{remedy_en}", ru="{remedy_ru}"),
)
UNKNOWN_CODE = Rule(
    code="answer-unknown-code",
    severity=Severity.FAIL,
    blame=Blame.UNDECIDED,
    says=Text(
        en="{subject} answered code {code}, which the provider's pages do not list: {message}",
        ru="{subject} ответил кодом {code}, которого нет в документации: {message}",
    ),
    remedy=Text(
        en="Ask the provider what code {code} means; quote the request id of this report.",
        ru="Спросите у провайдера, что значит код {code}; укажите идентификатор запроса из отчёта.",
    ),
)
PARTIAL = Rule(
    code="answer-partial-success",
    severity=Severity.WARN,
    blame=Blame.PROVIDER,
    says=Text(
        en="{subject} reports success but lists {count} parts that failed: {parts}",
        ru="{subject} сообщает об успехе, но часть задания не выполнена ({count}): {parts}",
    ),
    remedy=Text(
        en="Treat each listed part as failed; do not count it as done.",
        ru="Считайте перечисленные части неудачными, а не выполненными.",
    ),
)
HTTP_STATUS = Rule(
    code="answer-http-status",
    severity=Severity.FAIL,
    blame=Blame.UNDECIDED,
    says=Text(
        en="{subject} answered HTTP {code} {reason} without a code of the provider's own",
        ru="{subject} ответил HTTP {code} {reason} без собственного кода провайдера",
    ),
    remedy=Text(en="{remedy_en}", ru="{remedy_ru}"),
)
NO_SUCH_ADDRESS = Rule(
    code="answer-no-such-address",
    severity=Severity.FAIL,
    blame=Blame.ENDPOINT,
    says=Text(
        en="{subject}: nothing stands at {url} (HTTP {code}, not the provider's JSON)",
        ru="{subject}: по адресу {url} ничего нет (HTTP {code}, и это не JSON провайдера)",
    ),
    remedy=Text(
        en="Check host, path and version against the documentation: diagnostics run endpoints.",
        ru="Сверьте хост, путь и версию с документацией: diagnostics run endpoints.",
    ),
)
NOT_JSON = Rule(
    code="answer-not-json",
    severity=Severity.FAIL,
    blame=Blame.PROVIDER,
    says=Text(
        en="{subject} answered HTTP {code} with a body that is not JSON ({kind}, {size} bytes)",
        ru="{subject} ответил HTTP {code}, но тело не JSON ({kind}, {size} байт)",
    ),
    remedy=Text(
        en="If a proxy or gateway stands in between, ask it; otherwise send this report to the "
        "provider: the answer breaks its own format.",
        ru="Если между вами и провайдером есть прокси или шлюз, начните с него; иначе отправьте "
        "отчёт провайдеру: ответ нарушает его собственный формат.",
    ),
)
NO_CODE = Rule(
    code="answer-wrong-shape",
    severity=Severity.FAIL,
    blame=Blame.PROVIDER,
    says=Text(
        en="{subject} answered JSON without the field that says success or failure",
        ru="{subject} ответил JSON без поля, по которому видно, удался ли вызов",
    ),
    remedy=Text(
        en="Do not read silence as success; check the address and ask the provider.",
        ru="Не считайте молчание успехом; проверьте адрес и спросите провайдера.",
    ),
)
FAULTS: dict[FaultKind, tuple[Blame, Text, Text]] = {
    FaultKind.BAD_REQUEST: (
        Blame.CLIENT,
        Text(en="the request could not be put on the wire", ru="запрос не удалось отправить"),
        Text(
            en="Look for line breaks or odd characters in the key and the address.",
            ru="Ищите перевод строки или посторонние символы в ключе и адресе.",
        ),
    ),
    FaultKind.DNS: (
        Blame.NETWORK,
        Text(en="the host name does not resolve", ru="имя хоста не разрешается"),
        Text(
            en="Check the spelling of the host, the DNS server and whether a VPN is needed.",
            ru="Проверьте написание хоста, DNS-сервер и не нужен ли VPN.",
        ),
    ),
    FaultKind.REFUSED: (
        Blame.NETWORK,
        Text(en="the connection was refused", ru="в соединении отказано"),
        Text(
            en="Nothing listens there, or a firewall refuses: check host and port.",
            ru="Там никто не слушает или мешает межсетевой экран: проверьте хост и порт.",
        ),
    ),
    FaultKind.CONNECT_TIMEOUT: (
        Blame.NETWORK,
        Text(en="no connection within the time-out", ru="соединение не установлено вовремя"),
        Text(
            en="A firewall usually drops the packets: try from another network.",
            ru="Обычно пакеты отбрасывает межсетевой экран: попробуйте из другой сети.",
        ),
    ),
    FaultKind.CONNECT: (
        Blame.NETWORK,
        Text(en="no connection", ru="соединиться не удалось"),
        Text(en="Check route, firewall and proxy.", ru="Проверьте маршрут, экран и прокси."),
    ),
    FaultKind.TLS: (
        Blame.NETWORK,
        Text(en="the TLS handshake failed", ru="не удалось установить TLS"),
        Text(
            en="Check the certificate, the machine's date and any inspecting proxy; never switch "
            "verification off.",
            ru="Проверьте сертификат, дату на машине и проверяющий прокси; не отключайте проверку.",
        ),
    ),
    FaultKind.PROXY: (
        Blame.NETWORK,
        Text(en="the proxy refused", ru="отказал прокси-сервер"),
        Text(
            en="Check HTTPS_PROXY, its user and password, and NO_PROXY.",
            ru="Проверьте HTTPS_PROXY, логин с паролем и NO_PROXY.",
        ),
    ),
    FaultKind.WRITE: (
        Blame.NETWORK,
        Text(en="the connection broke while sending", ru="соединение оборвалось при отправке"),
        Text(en="Try again from a stable network.", ru="Повторите из надёжной сети."),
    ),
    FaultKind.READ_TIMEOUT: (
        Blame.NETWORK,
        Text(en="no answer within the time-out", ru="ответа нет дольше отведённого времени"),
        Text(
            en="Try a free read of the same host; if that hangs as well, it is the way there.",
            ru="Проверьте бесплатным чтением с того же хоста: если и оно висит, дело в сети.",
        ),
    ),
    FaultKind.RESET: (
        Blame.NETWORK,
        Text(
            en="the connection was closed before an answer came",
            ru="соединение закрыто до ответа",
        ),
        Text(
            en="Look for a proxy or firewall that cuts connections; try from another network.",
            ru="Ищите прокси или экран, обрывающий соединения; попробуйте из другой сети.",
        ),
    ),
    FaultKind.CUT_BODY: (
        Blame.NETWORK,
        Text(en="the answer was cut short", ru="ответ оборван на середине"),
        Text(en="Read again; reads are free.", ru="Прочитайте ещё раз: чтение бесплатно."),
    ),
    FaultKind.PROTOCOL: (
        Blame.NETWORK,
        Text(en="what came back is not HTTP", ru="пришёл не HTTP-ответ"),
        Text(
            en="Check scheme and port: an HTTPS port was perhaps spoken to in HTTP.",
            ru="Проверьте схему и порт: возможно, к HTTPS-порту обратились по HTTP.",
        ),
    ),
    FaultKind.REDIRECTS: (
        Blame.ENDPOINT,
        Text(en="redirects lead in a circle", ru="перенаправления ходят по кругу"),
        Text(en="Use the final address.", ru="Используйте конечный адрес."),
    ),
}
FAULT_RULES = {
    kind: Rule(
        code=f"answer-fault-{kind.value}",
        severity=Severity.FAIL,
        blame=blame,
        says=Text(
            en=f"{{subject}}: {says.en} ({{detail}})", ru=f"{{subject}}: {says.ru} ({{detail}})"
        ),
        remedy=remedy,
    )
    for kind, (blame, says, remedy) in FAULTS.items()
}
RULES = (
    BUSINESS_CODE,
    UNKNOWN_CODE,
    PARTIAL,
    HTTP_STATUS,
    NO_SUCH_ADDRESS,
    NOT_JSON,
    NO_CODE,
    *FAULT_RULES.values(),
)

_KEY = Text(en="Check the key and its plan.", ru="Проверьте ключ и тариф.")
_SLOWER = Text(
    en="Send less often; honour Retry-After.", ru="Реже отправляйте; соблюдайте Retry-After."
)
_BODY = Text(
    en="Compare the body with the contract: diagnostics validate.",
    ru="Сверьте тело с контрактом: diagnostics validate.",
)
_LATER = Text(
    en="Wait and read again; if it lasts, send this report to the provider.",
    ru="Подождите и повторите чтение; если не пройдёт, отправьте отчёт провайдеру.",
)
_ADDRESS = Text(
    en="Check host, path and version: diagnostics run endpoints.",
    ru="Проверьте хост, путь и версию: diagnostics run endpoints.",
)
STATUSES: dict[int, tuple[Blame, float, Text]] = {
    400: (Blame.PARAMETERS, 0.7, _BODY),
    401: (Blame.CREDENTIALS, 0.9, _KEY),
    402: (Blame.QUOTA, 0.8, _KEY),
    403: (Blame.ACCOUNT, 0.5, _KEY),
    404: (Blame.ENDPOINT, 0.8, _ADDRESS),
    405: (Blame.ENDPOINT, 0.9, _ADDRESS),
    407: (Blame.NETWORK, 0.95, FAULTS[FaultKind.PROXY][2]),
    410: (Blame.ENDPOINT, 0.9, _ADDRESS),
    413: (Blame.PARAMETERS, 0.8, _BODY),
    415: (Blame.PARAMETERS, 0.8, _BODY),
    422: (Blame.PARAMETERS, 0.8, _BODY),
    429: (Blame.RATE_LIMIT, 0.85, _SLOWER),
    451: (Blame.CONTENT_POLICY, 0.9, _BODY),
}


def findings(contract: Contract, exchange: Exchange) -> list[Finding]:
    """What is wrong with this answer; nothing for a success or for what was never sent."""
    answer = exchange.answer
    if isinstance(answer, Unsent):
        return []
    if isinstance(answer, Fault):
        found = [_fault(exchange, answer)]
    else:
        found = _response(contract, exchange, answer)
    return [replace(finding, evidence=(exchange.position,)) for finding in found]


def subject(exchange: Exchange) -> str:
    """What the finding is about: the operation, else method and path."""
    request = exchange.request
    return request.operation or f"{request.method} {request.url.partition('?')[0]}"


def succeeded(contract: Contract, exchange: Exchange) -> bool:
    """A whole answer which the provider itself calls a success."""
    response = exchange.response
    return response is not None and contract.read(response, exchange.request.operation).ok


def _fault(exchange: Exchange, fault: Fault) -> Finding:
    arrived = fault.may_have_arrived and exchange.request.spends
    return Finding(
        rule=FAULT_RULES[fault.kind],
        subject=subject(exchange),
        facts={"detail": fault.message, "ambiguous": arrived},
        certainty=0.85,
        code=None if fault.status is None else str(fault.status),
    )


def _response(contract: Contract, exchange: Exchange, response: Response) -> list[Finding]:
    reading = contract.read(response, exchange.request.operation)
    if reading.ok:
        return _partial(exchange, reading)
    if reading.code is not None:
        return [business(contract, exchange, reading)]
    return [_without_code(exchange, response, reading)]


def _partial(exchange: Exchange, reading: Reading) -> list[Finding]:
    if not reading.partial:
        return []
    facts = {"count": len(reading.partial), "parts": str(list(reading.partial))[:300]}
    return [Finding(rule=PARTIAL, subject=subject(exchange), facts=facts, certainty=0.9)]


def business(contract: Contract, exchange: Exchange, reading: Reading) -> Finding:
    """The finding for a provider's own error code."""
    code, name = str(reading.code), subject(exchange)
    known = contract.errors.get(code)
    if known is None:
        facts = {"code": code, "message": reading.message}
        return Finding(rule=UNKNOWN_CODE, subject=name, facts=facts, certainty=0.4, code=code)
    operation = contract.operations.get(exchange.request.operation or "")
    meaning = (operation.codes.get(code) if operation else None) or known.meanings[0].text
    return Finding(
        rule=BUSINESS_CODE,
        subject=name,
        facts={
            "code": code,
            "message": reading.message,
            "meaning": meaning,
            "remedy_en": known.remedy.en,
            "remedy_ru": known.remedy.ru,
        },
        blame=known.blame,
        certainty=certainty_of(known),
        code=code,
    )


def certainty_of(known: ErrorCode) -> float:
    """How far a code alone decides: less when pages disagree or inputs may be the cause."""
    if known.inspect_inputs:
        return 0.45
    return 0.65 if known.alternatives else 0.9


def _without_code(exchange: Exchange, response: Response, reading: Reading) -> Finding:
    status = response.status
    facts = {
        "code": status,
        "reason": response.reason,
        "url": exchange.request.url.partition("?")[0],
        "size": len(response.body),
        "kind": _kind(response.body),
    }
    about = {"subject": subject(exchange), "code": str(status)}
    if status in {404, 410} and reading.body is None:
        return Finding(rule=NO_SUCH_ADDRESS, facts=facts, certainty=0.9, **about)
    if status >= 300:  # noqa: PLR2004  # HTTP's own border of success
        blame, certainty, remedy = _status(status)
        facts |= {"remedy_en": remedy.en, "remedy_ru": remedy.ru}
        return Finding(rule=HTTP_STATUS, facts=facts, blame=blame, certainty=certainty, **about)
    if reading.body is None:
        html = facts["kind"] == "HTML"
        blame = Blame.ENDPOINT if html else Blame.PROVIDER
        return Finding(
            rule=NOT_JSON, facts=facts, blame=blame, certainty=0.6 if html else 0.75, **about
        )
    return Finding(rule=NO_CODE, facts=facts, certainty=0.6, **about)


def _status(status: int) -> tuple[Blame, float, Text]:
    if status >= 500:  # noqa: PLR2004  # HTTP: the server's own failure
        return Blame.PROVIDER, 0.85, _LATER
    if status < 400:  # noqa: PLR2004  # HTTP: a redirect, which an API call never follows
        return Blame.ENDPOINT, 0.8, _ADDRESS
    return STATUSES.get(status, (Blame.UNDECIDED, 0.4, _BODY))


def _kind(body: bytes) -> str:
    start = body[:256].lstrip().lower()
    if not start:
        return "empty"
    if start.startswith(b"<"):
        return "HTML" if b"<html" in start or b"<!doctype html" in start else "markup"
    return "broken JSON" if start[:1] in b"{[" else "text"
