"""What can be wrong on the way to an input file, from its address to its last byte?

`{likely}` is the code that the provider would answer, as ` → 1015`, or nothing.
"""

from diagnostics.finding import Rule
from diagnostics.inspection import content_rules
from diagnostics.model import Blame, Severity, Text

_FAIL, _WARN, _INFO = Severity.FAIL, Severity.WARN, Severity.INFO


def _rule(
    code: str, severity: Severity, says: Text, remedy: Text, *, blame: Blame = Blame.MEDIA
) -> Rule:
    return Rule(code=code, severity=severity, blame=blame, says=says, remedy=remedy)


_PUBLIC = Text(
    en="Put the file on a public host and give its https address.",
    ru="Выложите файл на общедоступный сервер и укажите его адрес https.",
)
_CHECK_LINK = Text(
    en="Open the link in a private browser window without signing in; upload the file again if it "
    "does not download.",
    ru="Откройте ссылку в приватном окне браузера без входа в аккаунт; если файл не скачивается, "
    "загрузите его заново.",
)

# --- the address ------------------------------------------------------------------------------

NOT_AN_ADDRESS = _rule(
    "media-not-an-address",
    _FAIL,
    Text(
        en="{subject} is not an absolute http(s) address, so nobody can fetch it{likely}",
        ru="{subject} — не полный адрес http(s), загрузить его никто не сможет{likely}",
    ),
    _PUBLIC,
)
PRIVATE = _rule(
    "media-private-host",
    _FAIL,
    Text(
        en="{subject}: {host} is a host of your own machine or network; the provider cannot reach "
        "it{likely}",
        ru="{subject}: {host} находится на вашей машине или во внутренней сети, провайдер до него "
        "не дойдёт{likely}",
    ),
    _PUBLIC,
)
PLACEHOLDER = _rule(
    "media-placeholder",
    _WARN,
    Text(
        en="{subject}: {host} is a placeholder address as documentation uses it",
        ru="{subject}: {host} — адрес-заглушка из документации",
    ),
    Text(en="Give the file's real address.", ru="Укажите настоящий адрес файла."),
)
EXPIRED = _rule(
    "media-link-expired",
    _FAIL,
    Text(
        en="{subject}: the signed link ended {ago} ago and {host} now answers {status}{likely}",
        ru="{subject}: подписанная ссылка истекла {ago} назад, {host} отвечает {status}{likely}",
    ),
    Text(
        en="Sign a new link that lives for at least a day, right before the call.",
        ru="Подпишите новую ссылку непосредственно перед вызовом, со сроком не меньше суток.",
    ),
)
EXPIRING = _rule(
    "media-link-expiring",
    _WARN,
    Text(
        en="{subject}: the signed link ends in {left}; a job that waits in a queue may find it "
        "dead",
        ru="{subject}: подписанная ссылка истечёт через {left}; пока задание ждёт в очереди, она "
        "может перестать работать",
    ),
    Text(en="Sign the link for at least a day.", ru="Подписывайте ссылку не меньше чем на сутки."),
)

# --- fetching ---------------------------------------------------------------------------------

HOST_UNKNOWN = _rule(
    "media-host-unknown",
    _FAIL,
    Text(
        en="{subject}: the host name {host} does not resolve{likely}",
        ru="{subject}: имя хоста {host} не разрешается в DNS{likely}",
    ),
    Text(
        en="Check the host name letter by letter; a bucket or site may have been removed.",
        ru="Проверьте имя хоста по буквам; возможно, хранилище или сайт удалены.",
    ),
)
NO_CONNECTION = _rule(
    "media-no-connection",
    _FAIL,
    Text(
        en="{subject}: no connection to {host} ({detail}){likely}",
        ru="{subject}: нет соединения с {host} ({detail}){likely}",
    ),
    _PUBLIC,
)
CERTIFICATE = _rule(
    "media-certificate",
    _FAIL,
    Text(
        en="{subject}: the certificate of {host} is not trusted ({detail}){likely}",
        ru="{subject}: сертификат {host} не вызывает доверия ({detail}){likely}",
    ),
    Text(
        en="Renew the certificate with its whole chain, or put the file on another host.",
        ru="Обновите сертификат вместе с цепочкой или разместите файл на другом сервере.",
    ),
)
NO_ANSWER = _rule(
    "media-no-answer",
    _FAIL,
    Text(
        en="{subject}: {host} took the request and gave no whole answer ({detail}){likely}",
        ru="{subject}: {host} принял запрос, но ответа целиком не отдал ({detail}){likely}",
    ),
    _CHECK_LINK,
)
CUT = _rule(
    "media-cut-short",
    _FAIL,
    Text(
        en="{subject}: {host} broke off in the middle of the file{likely}",
        ru="{subject}: {host} оборвал передачу на середине файла{likely}",
    ),
    _CHECK_LINK,
)
PROXY = _rule(
    "media-proxy",
    _FAIL,
    Text(
        en="{subject}: the proxy of this machine refused the way to {host} ({detail})",
        ru="{subject}: прокси этой машины не пропустил запрос к {host} ({detail})",
    ),
    Text(
        en="Check HTTPS_PROXY and NO_PROXY; this says nothing of the file itself.",
        ru="Проверьте HTTPS_PROXY и NO_PROXY; о самом файле это ничего не говорит.",
    ),
    blame=Blame.NETWORK,
)
STATUS = _rule(
    "media-unreachable",
    _FAIL,
    Text(
        en="{subject}: {host} answers HTTP {status} instead of the file{likely}",
        ru="{subject}: {host} отвечает HTTP {status} вместо файла{likely}",
    ),
    _CHECK_LINK,
)
FORBIDDEN = _rule(
    "media-forbidden",
    _FAIL,
    Text(
        en="{subject}: {host} answers HTTP {status}: strangers may not fetch this file{likely}",
        ru="{subject}: {host} отвечает HTTP {status}: посторонним этот файл не отдают{likely}",
    ),
    Text(
        en="Make the file public or sign the link; switch off hotlink and bot protection for it.",
        ru="Откройте файл всем или подпишите ссылку; отключите для него защиту от хотлинков и "
        "ботов.",
    ),
)
REDIRECTS = _rule(
    "media-redirects-nowhere",
    _FAIL,
    Text(
        en="{subject}: redirects from {host} lead to no file ({detail}, hops: {hops}){likely}",
        ru="{subject}: перенаправления с {host} не приводят к файлу ({detail}, переходов: {hops})"
        "{likely}",
    ),
    Text(en="Give the final address.", ru="Укажите конечный адрес файла."),
)
REDIRECTED = _rule(
    "media-redirected",
    _INFO,
    Text(
        en="{subject}: {host} redirects to {final} (hops: {hops})",
        ru="{subject}: {host} перенаправляет на {final} (переходов: {hops})",
    ),
    Text(
        en="Give the final address: not every downloader follows redirects.",
        ru="Укажите конечный адрес: не всякий загрузчик следует перенаправлениям.",
    ),
)
SLOW = _rule(
    "media-slow",
    _WARN,
    Text(
        en="{subject}: {host} needs {seconds} s for the file; the provider may give up earlier",
        ru="{subject}: {host} отдаёт файл {seconds} с; провайдер может не дождаться",
    ),
    Text(
        en="Use a faster host or a smaller file.",
        ru="Возьмите более быстрый сервер или файл поменьше.",
    ),
)
NO_LENGTH = _rule(
    "media-no-length",
    _INFO,
    Text(
        en="{subject}: {host} does not say how long the file is (no Content-Length)",
        ru="{subject}: {host} не сообщает длину файла (нет Content-Length)",
    ),
    Text(
        en="Prefer a host that states it: downloaders use it to notice a cut file.",
        ru="Лучше сервер, который её сообщает: по ней загрузчики замечают обрыв.",
    ),
)
NOT_FETCHED = _rule(
    "media-not-fetched",
    _INFO,
    Text(
        en="{subject} was not fetched ({detail}), so nothing is known of it",
        ru="{subject} не загружали ({detail}), поэтому о файле ничего не известно",
    ),
    Text(
        en="Look at the file itself: diagnostics media URL, or run the media scenario.",
        ru="Посмотрите на сам файл: diagnostics media URL, или запустите сценарий media.",
    ),
    blame=Blame.UNDECIDED,
)

RULES = (
    *(rule for rule in list(globals().values()) if isinstance(rule, Rule)),
    *content_rules.RULES,
)
"""All of them, for `SCENARIO.rules` and `explain`."""
