"""What of a named value may stay: the scheme of a header, the name of a cookie, a timestamp?"""

import re
from collections.abc import Callable

from diagnostics.redaction.addresses import addresses
from diagnostics.redaction.ledger import Clean
from diagnostics.redaction.names import (
    PERSONAL_KINDS,
    Place,
    Strength,
    Suspicion,
    is_content,
    is_version,
    suspect,
    words,
)
from diagnostics.redaction.values import PLACEHOLDER, is_placeholder, is_prose, is_secret

PLAIN_HEADERS = frozenset(
    [
        "date",
        "age",
        "etag",
        "expires",
        "last-modified",
        "content-type",
        "content-length",
        "content-encoding",
        "vary",
        "server",
        "cf-ray",
        "x-request-id",
        "x-amz-cf-id",
        "x-amz-request-id",
        "x-amz-id-2",
        "x-amz-cf-pop",
        "x-cache",
        "traceparent",
        "tracestate",
        "retry-after",
        "accept",
        "accept-encoding",
        "accept-language",
        "cache-control",
        "connection",
        "transfer-encoding",
        "content-range",
        "range",
        "accept-ranges",
        "alt-svc",
        "x-goog-generation",
        "x-goog-hash",
        "strict-transport-security",
        "access-control-allow-headers",
        "access-control-expose-headers",
        "idempotency-key",
        "x-trace-id",
        "host",
        "x-powered-by",
        "keep-alive",
        "if-none-match",
        "pragma",
        "user-agent",
    ]
)
"""Headers whose values are never secret: only exact secrets are looked for in them."""

_SCHEME = re.compile(r"\s*([A-Za-z][A-Za-z0-9_\-]{1,24})[ \t]+(\S.*)\Z", re.DOTALL)
_OURS = PLACEHOLDER.pattern
_DIGEST = re.compile(
    rf"""((?:response|nonce|cnonce|opaque|username)=)("[^"]*"|(?:{_OURS}|[^\s,"])+)"""
)
_AWS_KEY = re.compile(rf"(Credential=)((?:{_OURS}|[^/,\s])+)")
_AWS_SIGNATURE = re.compile(rf"(Signature=)((?:{_OURS}|[^,\s])+)")
_COOKIE = re.compile(rf"{_OURS}|(\s*[^=;\s]{{1,128}}\s*=)([^;]*)")
_SET_COOKIES = re.compile(r",(?=\s*[\w!#$%&'*+.^`|~\-]{1,128}=)")
_STAMPED = re.compile(rf"{_OURS}|([A-Za-z][A-Za-z0-9_]{{0,15}}=)([^,;]+)")
_SVIX = re.compile(rf"(v\d{{1,2}}[a-z]?,)((?:{_OURS}|\S)+)")
_TIME_NAMES = frozenset({"t=", "ts=", "time=", "timestamp="})
_WEBHOOK = frozenset({
    "webhook url", "webhookurl", "webhook", "callback url", "callback", "notify url", "webhooks",
    "notification url", "callbackurl", "hook url", "webhook uri", "webhook endpoint",
})  # fmt: skip


def clean_field(clean: Clean, name: str, value: str, place: Place, depth: int = 0) -> str:
    """The value that stands under a name, as far as it may be shown."""
    if clean.hides_content and value and is_content(name):
        return hide_content(clean, value, place)
    if not value or is_placeholder(value) and not clean.ledger.knows(value):  # noqa: RUF021  # as read
        return value
    special = _SPECIAL.get(name.lower().replace("_", "-"))
    if special is not None:
        return special(clean, value, place)
    suspicion = promised(clean, name, place)
    if suspicion is not None or clean.ledger.knows(value):
        return _suspicious(clean, value, place, depth, suspicion)
    return _unsuspected(clean, name, value, place, depth)


def _unsuspected(clean: Clean, name: str, value: str, place: Place, depth: int) -> str:
    if "://" in value and " ".join(words(name)) in _WEBHOOK:
        return clean.url(value, depth, webhook=True)
    if is_version(name):
        return clean.shapes(clean.ledger.exact(value, place), place)
    return clean.text(value, place, depth + 1)


def promised(clean: Clean, name: str, place: Place) -> Suspicion | None:
    """What a name promises, unless it is personal and personal data stay."""
    suspicion = suspect(name, place)
    if suspicion is None or not clean.keeps_personal or suspicion.kind not in PERSONAL_KINDS:
        return suspicion
    return None


def hide_content(clean: Clean, value: str, place: Place) -> str:
    """A prompt, of which length and writing stay; the same words get the same number."""
    return clean.ledger.hide(value, kind="content", rule="content", place=place)


def _suspicious(
    clean: Clean, value: str, place: Place, depth: int, suspicion: Suspicion | None
) -> str:
    known = clean.ledger.exact(value, place)
    if known != value and is_placeholder(known):
        return known
    if suspicion is None:
        return clean.ledger.hide(value, kind="secret", rule="exact", place=place)
    if suspicion.kind == "signature" and place is Place.HEADER:
        return _signature(clean, value, place)
    if "://" in value and suspicion.kind not in {"password", "secret"}:
        return (
            clean.url(value, depth + 1) if " " not in value else clean.text(value, place, depth + 1)
        )
    if not is_secret(value, suspicion):
        return clean.text(value, place, depth + 1)
    keep = suspicion.strength is Strength.IDENTITY
    return clean.ledger.hide(
        value, kind=suspicion.kind, rule=f"named-{suspicion.kind}", place=place, keep=keep
    )


def authority(clean: Clean, value: str, place: Place) -> str:
    """HTTP/2's `:authority`, which may hold a login."""
    return clean.url(f"x://{clean.ledger.exact(value, place)}")[4:]


def authorization(clean: Clean, value: str, place: Place) -> str:
    """`Authorization`: the scheme word stays (28 of the look-alikes), what follows goes."""
    value = clean.ledger.exact(value, place)
    if is_placeholder(value) or is_prose(value):
        return value
    found = _SCHEME.match(value)
    if found is None:
        bare = value.strip().lower() in {"bearer", "basic", "token", "digest"}
        return value if bare else _hide(clean, value, "authorization", place)
    scheme, rest = found.groups()
    if scheme.lower().startswith("aws4"):
        rest = _AWS_KEY.sub(_second(clean, "key-id", place), rest)
        rest = _AWS_SIGNATURE.sub(_second(clean, "signature", place), rest)
    elif scheme.lower() == "digest":
        rest = _DIGEST.sub(_second(clean, "digest", place), rest)
    elif not is_placeholder(rest):
        rest = _hide(clean, rest, "authorization", place)
    return f"{scheme} {rest}"


def cookie(clean: Clean, value: str, place: Place) -> str:
    """`Cookie`: names stay, values go."""
    value = clean.ledger.exact(value, place)
    if "=" not in value:
        return value if is_prose(value) else _hide(clean, value, "cookie", place)
    return _COOKIE.sub(_second(clean, "cookie", place), value)


def set_cookie(clean: Clean, value: str, place: Place) -> str:
    """`Set-Cookie`: the value goes, attributes stay; several may have been joined by commas."""
    value = clean.ledger.exact(value, place)
    one = _second(clean, "cookie", place)
    return ",".join(_COOKIE.sub(one, part, count=1) for part in _SET_COOKIES.split(value))


def _signature(clean: Clean, value: str, place: Place) -> str:
    value = clean.ledger.exact(value, place)
    hide = _second(clean, "signature", place)
    if _SVIX.search(value):
        return _SVIX.sub(hide, value)
    if "=" in value.rstrip("=") and _STAMPED.match(value):
        return _STAMPED.sub(
            lambda found: found[0] if found[1] in _TIME_NAMES else hide(found), value
        )
    return _hide(clean, value, "signature", place)


def _second(clean: Clean, kind: str, place: Place) -> Callable[[re.Match[str]], str]:
    """A replacement that keeps the first group and hides the second."""

    def replaced(found: re.Match[str]) -> str:
        if found[1] is None or not found[2].strip():
            return found[0]
        return found[1] + _hide(clean, found[2], kind, place)

    return replaced


def _hide(clean: Clean, value: str, kind: str, place: Place) -> str:
    if is_placeholder(value):
        return value
    return clean.ledger.hide(value, kind=kind, rule=f"named-{kind}", place=place)


def location(clean: Clean, value: str, place: Place) -> str:
    """An address that may leave out its host: `/callback?code=…`."""
    if " " in value or not value.startswith(("/", "?", "http", "ws")):
        return clean.text(value, place, 1)
    return clean.url(value)


_SPECIAL: dict[str, Callable[[Clean, str, Place], str]] = {
    "authorization": authorization,
    "proxy-authorization": authorization,
    "x-authorization": authorization,
    "x-forwarded-authorization": authorization,
    ":authority": authority,
    ":path": location,
    "location": location,
    "content-location": location,
    "referer": location,
    "origin": location,
    "x-original-url": location,
    "x-forwarded-uri": location,
    "refresh": location,
    "cookie": cookie,
    "cookie2": cookie,
    "set-cookie": set_cookie,
    "set-cookie2": set_cookie,
}


def clean_header(clean: Clean, name: str, value: str) -> str:
    """One header field, request or response."""
    lower = name.lower()
    if lower in PLAIN_HEADERS:
        known = clean.ledger.exact(value, Place.HEADER)
        hides = clean.hides_hosts and lower == "host"
        return addresses(clean, known, Place.HEADER) if hides else known
    return clean_field(clean, name, value, Place.HEADER)
