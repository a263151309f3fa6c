"""Which things can be wrong on the way to a provider, and what is to be done about each?"""

from diagnostics.finding import Rule
from diagnostics.model import Blame, Severity, Text

REACHABLE = Rule(
    code="network-reachable",
    severity=Severity.INFO,
    blame=Blame.NONE,
    says=Text(en="{subject} answers: {how}", ru="{subject} отвечает: {how}"),
    remedy=Text(en="Nothing to do.", ru="Ничего делать не нужно."),
)
PROXY = Rule(
    code="network-proxy-refused",
    severity=Severity.FAIL,
    blame=Blame.NETWORK,
    says=Text(
        en="the proxy on the way to {subject} refused ({detail})",
        ru="прокси на пути к {subject} отказал ({detail})",
    ),
    remedy=Text(
        en="Check HTTPS_PROXY with its user and password, or put the host into NO_PROXY.",
        ru="Проверьте HTTPS_PROXY, логин и пароль к нему или внесите хост в NO_PROXY.",
    ),
)
PORTAL = Rule(
    code="network-captive-portal",
    severity=Severity.WARN,
    blame=Blame.NETWORK,
    says=Text(
        en="it is not {subject} that answers but somebody in between ({detail})",
        ru="вместо {subject} отвечает кто-то посередине ({detail})",
    ),
    remedy=Text(
        en="Sign in to the network (hotel, office, VPN) in a browser, then run this again.",
        ru="Войдите в сеть (гостиница, офис, VPN) через браузер и запустите проверку снова.",
    ),
)
SLOW_PHASE = Rule(
    code="network-slow-phase",
    severity=Severity.WARN,
    blame=Blame.NETWORK,
    says=Text(
        en="{phase} takes up to {seconds} s on the way to {subject}",
        ru="{phase}: до {seconds} с на пути к {subject}",
    ),
    remedy=Text(
        en="Look at the DNS server, VPN and proxy; keep connections open between calls.",
        ru="Проверьте DNS-сервер, VPN и прокси; не закрывайте соединения между вызовами.",
    ),
)
SLOW_PROVIDER = Rule(
    code="provider-slow",
    severity=Severity.WARN,
    blame=Blame.PROVIDER,
    says=Text(
        en="{slow} of {answers} answers took {limit} s or longer (half of them {median} s or more, "
        "the slowest {worst} s)",
        ru="{slow} из {answers} ответов заняли {limit} с и дольше (половина — от {median} с, "
        "самый долгий — {worst} с)",
    ),
    remedy=Text(
        en="Give every request a time-out well above {worst} s, poll less often, and send the "
        "provider the times in this report.",
        ru="Задайте каждому запросу тайм-аут заметно больше {worst} с, опрашивайте реже и "
        "отправьте провайдеру времена из этого отчёта.",
    ),
)
CLOCK = Rule(
    code="network-clock-skew",
    severity=Severity.WARN,
    blame=Blame.CLIENT,
    says=Text(
        en="this machine's clock is {seconds} s {side_en} the server's Date",
        ru="часы этой машины {side_ru} от Date сервера на {seconds} с",
    ),
    remedy=Text(
        en="Synchronise the clock (NTP): tokens, signed links and webhook times depend on it.",
        ru="Синхронизируйте часы (NTP): от них зависят токены, подписанные ссылки и вебхуки.",
    ),
)
CERTIFICATE = Rule(
    code="network-certificate-expiring",
    severity=Severity.WARN,
    blame=Blame.PROVIDER,
    says=Text(
        en="the certificate of {subject} ends in {days} days ({expires})",
        ru="сертификат {subject} истекает через {days} дн. ({expires})",
    ),
    remedy=Text(
        en="Tell whoever runs that host, or the proxy that shows this certificate.",
        ru="Сообщите владельцу хоста или прокси, который показывает этот сертификат.",
    ),
)

TLS: dict[str, tuple[str, str, str, str, str]] = {
    "self-signed": (
        r"self[- ]signed",
        "shows a self-signed certificate",
        "предъявляет самоподписанный сертификат",
        "Behind an inspecting proxy, add its CA (SSL_CERT_FILE); never switch checks off.",
        "За проверяющим прокси добавьте его CA (SSL_CERT_FILE); не отключайте проверку.",
    ),
    "expired": (
        r"certificate has expired",
        "shows a certificate that has expired",
        "предъявляет истёкший сертификат",
        "Check this machine's date first; if it is right, tell whoever runs the host.",
        "Сначала проверьте дату на этой машине; если она верна, сообщите владельцу хоста.",
    ),
    "not-yet-valid": (
        r"not yet valid",
        "shows a certificate that is not valid yet",
        "предъявляет сертификат, срок которого ещё не начался",
        "This machine's clock is probably behind: synchronise it.",
        "Часы этой машины, вероятно, отстают: синхронизируйте их.",
    ),
    "wrong-host": (
        r"hostname mismatch|ip address mismatch|not valid for|doesn'?t match",
        "shows a certificate made out to another name",
        "предъявляет сертификат на другое имя",
        "Check the host's spelling, /etc/hosts and DNS; somebody else may be answering.",
        "Проверьте имя хоста, /etc/hosts и DNS: возможно, отвечает кто-то другой.",
    ),
    "unknown-issuer": (
        r"unable to get (?:local )?issuer|unknown ca|unable to verify the first",
        "shows a certificate whose issuer this machine does not know",
        "предъявляет сертификат, издатель которого этой машине неизвестен",
        "Update the CA bundle, or add the CA of your inspecting proxy (SSL_CERT_FILE).",
        "Обновите набор CA или добавьте CA проверяющего прокси (SSL_CERT_FILE).",
    ),
    "not-tls": (
        r"wrong[ _]version[ _]number|record layer failure|unknown protocol",
        "does not speak TLS on that port",
        "не говорит по TLS на этом порту",
        "Check scheme and port, and whether a proxy answers in plain HTTP.",
        "Проверьте схему и порт и не отвечает ли прокси открытым HTTP.",
    ),
}
"""Kind to: what OpenSSL says, what it means (en, ru), what to do (en, ru)."""
TLS_RULES = {
    kind: Rule(
        code=f"network-tls-{kind}",
        severity=Severity.FAIL,
        blame=Blame.NETWORK,
        says=Text(en=f"{{subject}} {row[1]}", ru=f"{{subject}} {row[2]}"),
        remedy=Text(en=row[3], ru=row[4]),
    )
    for kind, row in TLS.items()
}

RULES = (
    REACHABLE,
    PROXY,
    PORTAL,
    SLOW_PHASE,
    SLOW_PROVIDER,
    CLOCK,
    CERTIFICATE,
    *TLS_RULES.values(),
)
