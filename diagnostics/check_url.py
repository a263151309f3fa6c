"""Could the provider fetch this address at all? Judges a URL by its spelling, sends nothing."""

import ipaddress
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from urllib.parse import SplitResult, urlsplit

from diagnostics.check_words import Violation, sentence, shown
from diagnostics.model import Text

_URL_MAX = 8192
_ORDINARY = re.compile(r"https?://([a-z0-9-]+(?:\.[a-z0-9-]+)+)(?:/[!#-;=?-\[\]_a-z~]*)?")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_FILE_PATH = re.compile(r"[A-Za-z]:[\\/]|[/~\\]|\.{1,2}[/\\]|file:", re.IGNORECASE)
_BARE_HOST = re.compile(r"(?:[a-z0-9-]+\.)+[a-z]{2,}(?::\d+)?(?:/|$)", re.IGNORECASE)
_PLACEHOLDER_HOST = re.compile(
    r"(?:.*\.)?(?:example\.(?:com|net|org|edu)|x{3,}\.[a-z]+|your[a-z0-9-]*\.[a-z.]+)"
)
_TEMPLATE = re.compile(r"[<>{}]|YOUR[_-]|\.\.\.$|…")
_LOCAL_ENDINGS = ("localhost", "local", "internal", "lan", "intranet", "home.arpa")
_RESERVED_ENDINGS = ("test", "invalid", "example")
_VIEWERS = re.compile(
    r"drive\.google\.com/(?:file|open)|docs\.google\.com|dropbox\.com/.*[?&]dl=0|youtu\.be/"
    r"|youtube\.com/watch|github\.com/[^/]+/[^/]+/blob/|disk\.yandex\.\w+/|yadi\.sk/"
)
_NAME_BYTES_MAX = 253
_LABEL_MAX = 63

_TROUBLES: Mapping[str, tuple[bool, Text, Text]] = {
    "url-file-path": (
        True,
        Text(
            en="`{parameter}` is {given}: a file on your own machine, which the provider cannot "
            "read.",
            ru="`{parameter}` = {given}: это файл на вашей машине, провайдер его не прочитает.",
        ),
        Text(
            en="Upload the file and give its public https address.",
            ru="Загрузите файл и укажите его публичный адрес https.",
        ),
    ),
    "url-data": (
        True,
        Text(
            en="`{parameter}` carries the file itself (a data: URL or base64); an address is due.",
            ru="В `{parameter}` передан сам файл (data: или base64), а нужен его адрес.",
        ),
        Text(
            en="Upload the file and give its public https address.",
            ru="Загрузите файл и укажите его публичный адрес https.",
        ),
    ),
    "url-no-scheme": (
        True,
        Text(
            en="`{parameter}` is {given}, which does not start with https://.",
            ru="`{parameter}` = {given}: адрес не начинается с https://.",
        ),
        Text(en="Write https:// before it.", ru="Добавьте https:// в начало."),
    ),
    "url-scheme": (
        True,
        Text(
            en="`{parameter}` is {given}; only http and https addresses can be fetched.",
            ru="`{parameter}` = {given}; загрузить можно только адрес http или https.",
        ),
        Text(en="Give a public https address.", ru="Укажите публичный адрес https."),
    ),
    "url-malformed": (
        True,
        Text(
            en="`{parameter}` is {given}, which is not a URL.",
            ru="`{parameter}` = {given}: это не URL.",
        ),
        Text(
            en="Give an absolute https address of the file.",
            ru="Укажите полный адрес файла с https.",
        ),
    ),
    "url-space": (
        True,
        Text(
            en="`{parameter}` is {given}: a space, line break or control character stands in it.",
            ru="`{parameter}` = {given}: в адресе есть пробел, перевод строки или управляющий "
            "символ.",
        ),
        Text(
            en="Remove it; inside a file name write %20.",
            ru="Уберите его; в имени файла пишите %20.",
        ),
    ),
    "url-local": (
        True,
        Text(
            en="`{parameter}` is {given}: an address of your own machine or network, which the "
            "provider cannot reach.",
            ru="`{parameter}` = {given}: это адрес вашей машины или внутренней сети, провайдер до "
            "него не дойдёт.",
        ),
        Text(en="Put the file on a public host.", ru="Разместите файл на общедоступном сервере."),
    ),
    "url-reserved": (
        True,
        Text(
            en="`{parameter}` is {given}: no host of that name can exist on the Internet.",
            ru="`{parameter}` = {given}: хоста с таким именем в интернете быть не может.",
        ),
        Text(en="Give the file's real address.", ru="Укажите настоящий адрес файла."),
    ),
    "url-placeholder": (
        False,
        Text(
            en="`{parameter}` is {given}: a placeholder as documentation uses it; no file of yours "
            "is there.",
            ru="`{parameter}` = {given}: это адрес-заглушка из документации, вашего файла там нет.",
        ),
        Text(en="Give the file's real address.", ru="Укажите настоящий адрес файла."),
    ),
    "url-template": (
        False,
        Text(
            en="`{parameter}` is {given}: a place to be filled seems to be left in it.",
            ru="`{parameter}` = {given}: похоже, в адресе остался незаполненный шаблон.",
        ),
        Text(en="Give the file's real address.", ru="Укажите настоящий адрес файла."),
    ),
    "url-credentials": (
        False,
        Text(
            en="`{parameter}` carries a user name or password before its host.",
            ru="В `{parameter}` перед именем хоста стоят логин или пароль.",
        ),
        Text(
            en="Use a signed link instead: this one ends up in other people's logs.",
            ru="Используйте подписанную ссылку: эта попадёт в чужие журналы.",
        ),
    ),
    "url-not-ascii": (
        False,
        Text(
            en="`{parameter}` is {given}: letters beyond ASCII are not percent-encoded.",
            ru="`{parameter}` = {given}: символы вне ASCII не закодированы через %.",
        ),
        Text(en="Percent-encode the path.", ru="Закодируйте путь (percent-encoding)."),
    ),
    "url-viewer": (
        False,
        Text(
            en="`{parameter}` is {given}, which looks like a page for people, not the file itself.",
            ru="`{parameter}` = {given}: похоже на страницу для просмотра, а не на сам файл.",
        ),
        Text(en="Give a direct link to the file.", ru="Укажите прямую ссылку на файл."),
    ),
    "webhook-http": (
        False,
        Text(
            en="`{parameter}` is {given}: a callback over plain http can be read on its way.",
            ru="`{parameter}` = {given}: обратный вызов по http могут прочитать по пути.",
        ),
        Text(en="Give an https address.", ru="Укажите адрес https."),
    ),
    "webhook-local": (
        False,
        Text(
            en="`{parameter}` is {given}: the provider cannot reach that host, so no callback will "
            "ever come.",
            ru="`{parameter}` = {given}: провайдер до этого хоста не дойдёт, обратного вызова не "
            "будет.",
        ),
        Text(
            en="Give a public https address, or leave it out and poll.",
            ru="Укажите публичный адрес https или уберите параметр и опрашивайте статус.",
        ),
    ),
}

REACH = frozenset({"url-local", "url-reserved"})
"""Kinds that are well-formed addresses nobody can fetch: an input's fault, not the request's."""


def judged(
    url: str, parameter: str, *, webhook: bool = False, local: bool = False
) -> Iterator[Violation]:
    """What is wrong with one address. `local`: the target stands on this machine itself."""
    kind = _trouble(url, local=local)
    if webhook:
        kind = _of_webhook(url, kind)
    if kind is not None:
        fails, says, remedy = _TROUBLES[kind]
        facts = {"parameter": parameter, "given": shown(url)}
        yield Violation(
            parameter=parameter,
            kind=kind,
            says=sentence(says, facts),
            fails=fails,
            remedy=sentence(remedy, facts),
        )


def _of_webhook(url: str, kind: str | None) -> str | None:
    if kind in REACH:
        return "webhook-local"
    return "webhook-http" if kind is None and url.startswith("http://") else kind


def _trouble(url: str, *, local: bool) -> str | None:
    plain = _ORDINARY.fullmatch(url) if len(url) <= _URL_MAX else None
    if plain is not None and _host(plain[1]) is None and "..." not in url:
        return "url-viewer" if _VIEWERS.search(url) else None
    shape = _misshapen(url)
    if shape is not None:
        return shape
    try:
        parts = urlsplit(url)
        return _of_parts(url, parts, parts.port, local=local)
    except ValueError:
        return "url-malformed"


def _misshapen(url: str) -> str | None:
    if _FILE_PATH.match(url) and not url.startswith("//"):
        return "url-data" if len(url) > _URL_MAX else "url-file-path"
    scheme = _SCHEME.match(url)
    named = scheme[1].lower() if scheme else ""
    if named == "data" or (not scheme and len(url) > _URL_MAX):
        return "url-data"
    if named in {"http", "https"}:
        return None if url.isprintable() and " " not in url else "url-space"
    if _BARE_HOST.match(url) or url.startswith("//"):
        return "url-no-scheme"
    return "url-scheme" if scheme and "://" in url else "url-malformed"


def _of_parts(url: str, parts: SplitResult, _port: int | None, *, local: bool) -> str | None:
    if not url[len(parts.scheme) :].startswith("://") or not parts.hostname:
        return "url-template" if _TEMPLATE.search(url) else "url-malformed"
    if _TEMPLATE.search(url):
        return "url-template"
    trouble = _host(parts.hostname)
    if trouble is not None and not (local and trouble in REACH):
        return trouble
    if "@" in parts.netloc:
        return "url-credentials"
    return None if url.isascii() else "url-not-ascii"


@lru_cache(maxsize=4096)
def _host(host: str) -> str | None:
    """The verdict on a host name; remembered, since a body names the same few again and again."""
    name = host.rstrip(".").lower()
    last = name.rpartition(".")[2]
    if ":" in name or last.isdigit() or re.fullmatch(r"0x[0-9a-f]+", last):
        return _numeric(name)
    labels = name.split(".")
    if len(name) > _NAME_BYTES_MAX or not all(0 < len(part) <= _LABEL_MAX for part in labels):
        return "url-malformed"
    if len(labels) == 1 or _ends(name, _LOCAL_ENDINGS):
        return "url-local"
    if _ends(name, _RESERVED_ENDINGS):
        return "url-reserved"
    return "url-placeholder" if _PLACEHOLDER_HOST.fullmatch(name) else None


def _ends(name: str, endings: tuple[str, ...]) -> bool:
    return any(name == ending or name.endswith(f".{ending}") for ending in endings)


def _numeric(name: str) -> str | None:
    try:
        address = ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return "url-malformed"
    mapped = getattr(address, "ipv4_mapped", None)
    return None if (mapped or address).is_global else "url-local"
