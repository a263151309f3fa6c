"""Which parts of a URL or form are secret? Host, names, dates, expiry stay; it stays a URL."""

import re
from collections.abc import Callable
from urllib.parse import unquote, unquote_plus

from diagnostics.redaction.addresses import addresses
from diagnostics.redaction.ledger import Clean
from diagnostics.redaction.names import WHEN_SIGNED, Place, words
from diagnostics.redaction.values import IN_URL, PLACEHOLDER, is_placeholder, looks_random, quoted

_PARTS = re.compile(r"([^/?#]*)([^?#]*)(\?[^#]*)?(#.*)?\Z", re.DOTALL)
_SEPARATOR = re.compile(r"(&amp;|\\u0026|[&;])")
_EXPIRY = frozenset({
    "expires", "expire", "exp", "x amz expires", "x goog expires", "e", "se", "deadline", "ws time",
    "tx time", "expiration", "expiry", "q sign time", "x oss expires", "validto", "valid until",
})  # fmt: skip
_CREDENTIAL = frozenset({"x amz credential", "x goog credential", "x oss credential"})
_AKAMAI = re.compile(r"(hmac=)([^~&]+)")
AFTER_WORD = frozenset(
    [
        "webhook",
        "webhooks",
        "hook",
        "hooks",
        "callback",
        "callbacks",
        "services",
        "upload",
        "uploads",
        "token",
        "tokens",
        "reset",
        "verify",
        "confirm",
        "invite",
        "share",
        "signed",
        "secret",
        "key",
        "auth",
        "magic",
        "unsubscribe",
        "catch",
        "incoming",
    ]
)
_WEBHOOK_HOSTS = {
    "hooks.slack.com": 1, "discord.com": 2, "discordapp.com": 2, "webhook.site": 0,
    "hooks.zapier.com": 2, "outlook.office.com": 1, "hook.eu1.make.com": 0, "ptb.discord.com": 2,
}  # fmt: skip
"""How many path segments of a webhook host are not secret."""
_DULL = re.compile(r"[a-z]{1,10}://[A-Za-z0-9.\-]{1,200}(?::\d{1,5})?(?:/[A-Za-z0-9._\-]{0,15})*")
"""No segment of these is long enough to be hidden."""
_BOT = re.compile(r"(?<=/bot)\d{4,20}:[\w\-]{10,}")
_SEGMENT_LEAST = 16
_ADDRESS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}(?![\w.])")
_HOOKED = frozenset({*_WEBHOOK_HOSTS, "api.telegram.org"})
_NAME_MOST = 16
_DEPTH_MOST = 9
_ROUNDS_MOST = 3


def clean_url(clean: Clean, url: str, depth: int = 0, *, webhook: bool = False) -> str:
    """One whole URL; unchanged, byte for byte, where there is nothing to hide."""
    url = escape_placeholders(clean.ledger.exact(url, Place.URL))
    if not webhook and is_dull(url) and not clean.hides_hosts:
        note_host(clean, url.partition("://")[2])
        return url
    scheme, mark, rest = url.partition("://")
    if not mark:
        scheme, rest = "", url
        if not rest.startswith(("/", "?")):
            return clean.text(url, Place.URL, depth + 1)
    found = next(_PARTS.finditer(rest))  # it matches any text
    authority, path, query, fragment = found.groups("")
    host = authority.rpartition("@")[2].partition(":")[0]
    authority = _host(clean, _authority(clean, authority))
    path = _path(clean, path, host.lower(), webhook=webhook)
    if query:
        query = "?" + clean_pairs(clean, query[1:], Place.QUERY, depth)
    if "=" in fragment:
        fragment = "#" + clean_pairs(clean, fragment[1:], Place.QUERY, depth)
    return f"{scheme}{mark}{authority}{path}{query}{fragment}"


def is_dull(url: str) -> bool:
    """Whether no part of a URL is long enough to be hidden, exact secrets aside."""
    return _DULL.fullmatch(url) is not None and url.split("/", 3)[2].lower() not in _HOOKED


def escape_placeholders(text: str) -> str:
    """Placeholders as a URL may hold them (a bare `#` would begin the fragment)."""
    return PLACEHOLDER.sub(_quoted, text) if "<" in text else text


def _quoted(match: re.Match[str]) -> str:
    return quoted(match[0]) if match[0].startswith("<") else match[0]


def _authority(clean: Clean, authority: str) -> str:
    user, at, host = authority.rpartition("@")
    if not at or is_placeholder(user) or is_placeholder(user.rpartition(":")[2] or user):
        return authority
    shown = clean.ledger.hide(user, kind="userinfo", rule="url-userinfo", place=Place.URL)
    return f"{quoted(shown)}@{host}"


def note_host(clean: Clean, rest: str) -> None:
    """A private address that is called stays readable in sentences about it."""
    found = _ADDRESS.match(rest) if rest[:1].isdigit() else None
    if found is not None:
        clean.ledger.call(found[0])


def _host(clean: Clean, authority: str) -> str:
    """Whom the request went to: known to whoever helps, unless the copy is for strangers."""
    user, at, host = authority.rpartition("@")
    if not clean.hides_hosts:
        note_host(clean, host)
        return authority
    if PLACEHOLDER.match(host):
        return authority
    shown = escape_placeholders(addresses(clean, host, Place.URL))
    if shown.startswith("[%3C"):
        shown = shown.replace("[", "", 1).replace("]", "", 1)
    return f"{user}{at}{shown}"


def _path(clean: Clean, path: str, host: str, *, webhook: bool) -> str:
    if len(path) < 2:  # noqa: PLR2004  # nothing but the slash
        return path
    if host == "api.telegram.org":
        return _BOT.sub(lambda found: _hidden(clean, found[0], "url-path"), path)
    kept = _WEBHOOK_HOSTS.get(host, 1 if webhook else None)
    segments = path.split("/")
    if webhook and kept == 1 and looks_random(unquote(segments[1]), least=_SEGMENT_LEAST):
        kept = 0
    if kept is not None and "".join(segments[kept + 1 :]):
        tail = "/".join(segments[kept + 1 :])
        hooked = host not in {"discord.com", "discordapp.com"} or "webhooks" in segments
        if hooked and not is_placeholder(unquote(tail)):
            return "/".join([*segments[: kept + 1], _hidden(clean, tail, "webhook-path")])
    return "/".join(
        _segment(clean, one, before) for before, one in zip(["", *segments], segments, strict=False)
    )


def _segment(clean: Clean, segment: str, before: str) -> str:
    if ";" in segment and "=" in segment:
        name, mark, pairs = segment.partition(";")
        return name + mark + clean_pairs(clean, pairs, Place.QUERY, 0)
    plain = unquote(segment)
    if before.lower() in AFTER_WORD and looks_random(plain, least=_SEGMENT_LEAST):
        return _hidden(clean, plain, "url-path")
    shown = clean.shapes(plain, Place.URL) if len(plain) >= _SEGMENT_LEAST else plain
    return segment if shown == plain else quoted(shown)


def _hidden(clean: Clean, value: str, rule: str) -> str:
    return quoted(clean.ledger.hide(value, kind=rule, rule=rule, place=Place.URL))


def clean_pairs(clean: Clean, text: str, place: Place, depth: int) -> str:
    """`name=value` pairs of a query, fragment or form body; names and order stay."""
    pieces = _SEPARATOR.split(text)
    signed = any(" ".join(words(unquote(one.partition("=")[0]))) in _EXPIRY for one in pieces[::2])
    pieces[::2] = [
        _pair(clean, one, place, depth, signed=signed) if one else one for one in pieces[::2]
    ]
    return "".join(pieces)


def _pair(clean: Clean, pair: str, place: Place, depth: int, *, signed: bool) -> str:
    name, equals, value = pair.partition("=")
    if depth > _DEPTH_MOST or is_placeholder(unquote(value)) and equals:  # noqa: RUF021  # as read
        return pair
    plain_name = unquote_plus(name)
    if plain_name != name or len(name) > _NAME_MOST:
        shown_name = clean.text(plain_name, place, depth + 1)
        name = name if shown_name == plain_name else quoted(shown_name)
    plain, rounds = _decoded(value)
    shown = _value(clean, plain_name, plain, place, depth, signed=signed) if plain else plain
    return f"{name}{equals}{value if shown == plain else _encoded(shown, rounds)}"


def _value(clean: Clean, name: str, value: str, place: Place, depth: int, *, signed: bool) -> str:  # noqa: PLR0913  # a pair and where it stands
    joined = " ".join(words(name))
    if joined in _CREDENTIAL and "/" in value:
        key, slash, scope = value.partition("/")
        return clean.field(name, key, place, depth) + slash + scope
    if joined in {"hdnts", "hdnea", "hdntl"} and "hmac=" in value:
        return _AKAMAI.sub(_hider(clean, place), value)
    if signed and joined in WHEN_SIGNED and len(value) >= _SEGMENT_LEAST:
        return clean.ledger.hide(value, kind="signature", rule="signed-url", place=place)
    return clean.field(name, value, place, depth + 1)


def _hider(clean: Clean, place: Place) -> Callable[[re.Match[str]], str]:
    def hidden(found: re.Match[str]) -> str:
        if is_placeholder(found[2]):
            return found[0]
        return found[1] + clean.ledger.hide(
            found[2], kind="signature", rule="signed-url", place=place
        )

    return hidden


def _decoded(value: str) -> tuple[str, int]:
    """The value with percent signs undone, and how often they had been doubled."""
    rounds, plain = 1, _once(value)
    while rounds < _ROUNDS_MOST and "%" in plain:
        again = _once(plain)
        if again == plain:
            break
        plain, rounds = again, rounds + 1
    return plain, rounds


def _once(text: str) -> str:
    """Undo percent signs once, but not those of a placeholder: it is as it should be."""
    pieces = IN_URL.split(text)
    pieces[::2] = [unquote(piece, errors="surrogateescape") for piece in pieces[::2]]
    return "".join(pieces)


def _encoded(value: str, rounds: int) -> str:
    for _ in range(rounds):
        value = quoted(value)
    return value
