"""Which things can be wrong with an answer, and what is to be done about each?"""

from diagnostics.finding import Rule
from diagnostics.model import Blame, FaultKind, Severity, Text

BUSINESS_CODE = Rule(
    code="answer-business-code",
    severity=Severity.FAIL,
    blame=Blame.UNDECIDED,
    says=Text(
        en="{subject} answered code {code}: {message}{meaning}",
        ru="{subject} ответил кодом {code}: {message}{meaning}",
    ),
    remedy=Text(en="{remedy_en}", ru="{remedy_ru}"),
)
UNKNOWN_CODE = Rule(
    code="answer-unknown-code",
    severity=Severity.FAIL,
    blame=Blame.UNDECIDED,
    says=Text(
        en="{subject} answered code {code}, which the provider's pages do not list for such an "
        "answer: {message}",
        ru="{subject} ответил кодом {code}, которого для такого ответа нет в документации: "
        "{message}",
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
        en="{subject} answered HTTP {code}{reason} without a code of the provider's own",
        ru="{subject} ответил HTTP {code}{reason} без собственного кода провайдера",
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
    FaultKind.LOCAL: (
        Blame.CLIENT,
        Text(en="this machine could not do its part", ru="своя часть не удалась этой машине"),
        Text(
            en="Look at free disk space, memory and the rights on the folder, then repeat.",
            ru="Проверьте место на диске, память и права на папку, затем повторите.",
        ),
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

KEY = Text(en="Check the key and its plan.", ru="Проверьте ключ и тариф.")
SLOWER = Text(
    en="Send less often; honour Retry-After.", ru="Реже отправляйте; соблюдайте Retry-After."
)
BODY = Text(
    en="Compare the body with the contract: diagnostics validate.",
    ru="Сверьте тело с контрактом: diagnostics validate.",
)
LATER = Text(
    en="Wait and read again; if it lasts, send this report to the provider.",
    ru="Подождите и повторите чтение; если не пройдёт, отправьте отчёт провайдеру.",
)
CONTENT = Text(
    en="Moderation refused the content, whatever the status says: change the prompt or the "
    "picture; repeating it cannot help.",
    ru="Содержимое не прошло модерацию, что бы ни говорил статус: измените запрос или картинку; "
    "повторы не помогут.",
)
WALL = Text(
    en="The page is not the provider's JSON: a gateway, firewall or country block may stand in "
    "between. Read the page, try from another network, then ask the provider.",
    ru="Это не JSON провайдера: возможно, отказывает шлюз, межсетевой экран или блокировка по "
    "стране. Прочитайте страницу, попробуйте из другой сети, потом спросите провайдера.",
)
ADDRESS = Text(
    en="Check host, path and version: diagnostics run endpoints.",
    ru="Проверьте хост, путь и версию: diagnostics run endpoints.",
)
STATUSES: dict[int, tuple[Blame, float, Text]] = {
    400: (Blame.PARAMETERS, 0.7, BODY),
    401: (Blame.CREDENTIALS, 0.9, KEY),
    402: (Blame.QUOTA, 0.8, KEY),
    403: (Blame.ACCOUNT, 0.5, KEY),
    404: (Blame.ENDPOINT, 0.8, ADDRESS),
    405: (Blame.ENDPOINT, 0.9, ADDRESS),
    407: (Blame.NETWORK, 0.95, FAULTS[FaultKind.PROXY][2]),
    410: (Blame.ENDPOINT, 0.9, ADDRESS),
    413: (Blame.PARAMETERS, 0.8, BODY),
    415: (Blame.PARAMETERS, 0.8, BODY),
    422: (Blame.PARAMETERS, 0.8, BODY),
    429: (Blame.RATE_LIMIT, 0.85, SLOWER),
    451: (Blame.CONTENT_POLICY, 0.9, CONTENT),
}
