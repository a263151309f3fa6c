"""Could the provider fetch this address at all? Judges a URL by its spelling, sends nothing."""

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import SplitResult, urlsplit

from diagnostics.checking.url_words import TROUBLES
from diagnostics.checking.words import Violation, sentence, shown

_URL_MAX = 8192
_ORDINARY = re.compile(r"https?://([a-z0-9-]+(?:\.[a-z0-9-]+)+)(?:/[!#-;=?-\[\]_a-z~]*)?")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_FILE_PATH = re.compile(r"[A-Za-z]:[\\/]|[/~\\]|\.{1,2}[/\\]|file:", re.IGNORECASE)
_BARE_HOST = re.compile(r"(?:[a-z0-9-]+\.)+[a-z]{2,}(?::\d+)?/", re.IGNORECASE)
_FILE_NAME = re.compile(r"[^/\\:\s]+\.[A-Za-z0-9]{2,4}")
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
_KEPT_MAX = 1024

REACH = frozenset({"url-local", "url-reserved"})
"""Kinds that are well-formed addresses nobody can fetch: an input's fault, not the request's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spelt:
    """An address as it stands in a call. `local`: the target stands on this machine itself."""

    url: str
    parameter: str = ""
    webhook: bool = False
    local: bool = False


def trouble(url: str, *, webhook: bool = False, local: bool = False) -> str | None:
    """The kind of what is wrong with one address, or None."""
    kind = _trouble(url, local=local)
    return _of_webhook(url, kind) if webhook else kind


def judged(
    url: str, parameter: str, *, webhook: bool = False, local: bool = False
) -> Iterator[Violation]:
    """What is wrong with one address, in words."""
    said = verdict(Spelt(url=url, parameter=parameter, webhook=webhook, local=local))
    if said is not None:
        yield said


def verdict(spelt: Spelt) -> Violation | None:
    """The same, remembered for addresses of ordinary length."""
    return _verdict(spelt) if len(spelt.url) <= _KEPT_MAX else _verdict.__wrapped__(spelt)


@lru_cache(maxsize=2048)
def _verdict(spelt: Spelt) -> Violation | None:
    kind = trouble(spelt.url, webhook=spelt.webhook, local=spelt.local)
    if kind is None:
        return None
    fails, says, remedy = TROUBLES[kind]
    facts = {"parameter": spelt.parameter, "given": shown(spelt.url)}
    return Violation(
        parameter=spelt.parameter,
        kind=kind,
        says=sentence(says, facts),
        fails=fails,
        remedy=sentence(remedy, facts),
    )


def _of_webhook(url: str, kind: str | None) -> str | None:
    """A callback's address: what nobody can reach is not refused, the callback never comes."""
    if kind is None or kind == "url-viewer":
        return "webhook-http" if url.startswith("http://") else None
    if kind in REACH:
        return "webhook-local"
    return f"webhook-{kind}" if f"webhook-{kind}" in TROUBLES else kind


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
    scheme = _SCHEME.match(url)
    named = scheme[1].lower() if scheme else ""
    if named in {"http", "https"}:
        return None if url.isprintable() and " " not in url else "url-space"
    if named == "data" or len(url) > _URL_MAX:
        return "url-data"
    if _BARE_HOST.match(url) or url.startswith("//"):
        return "url-no-scheme"
    if _FILE_PATH.match(url) or _FILE_NAME.fullmatch(url):
        return "url-file-path"
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
    return None if address.is_global else "url-local"
