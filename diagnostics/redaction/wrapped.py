"""What in a text stands encoded, and what is inside it? Base64, percent signs, `data:` URLs."""

import base64
import binascii
import re
from urllib.parse import unquote

from diagnostics.redaction.ledger import Clean
from diagnostics.redaction.names import Place
from diagnostics.redaction.survey import found_within, replaced, survey
from diagnostics.redaction.values import is_placeholder, looks_random, quoted

_DEEPEST = 8
_OPENED_MAX = 65_536
_RUN_LEAST = 20
_RUN = re.compile(r"(?<![A-Za-z0-9+/_\-])[A-Za-z0-9+/_\-]{20,65536}+={0,2}")
_PATH = re.compile(r"[a-z/_\-]+")
"""Twenty characters of base64 without a capital or a digit: once in a hundred million."""
_LOGIN = re.compile(r"[^\s:]{1,64}:([^\s:]{8,512})")


def base64_runs(clean: Clean, text: str, place: Place, depth: int) -> str:
    """Base64 that decodes to text with a secret in it goes as a whole."""

    def run(found: re.Match[str]) -> str:
        if _PATH.fullmatch(found[0]):
            return found[0]
        plain = _undone(found[0])
        if plain is None or is_placeholder(plain):
            return found[0]
        login = _LOGIN.fullmatch(plain)
        holds = clean.text(plain, place, depth + 2) != plain if len(plain) < _OPENED_MAX else False
        if holds or (login and looks_random(login[1], least=8)):
            return clean.ledger.hide(found[0], kind="base64", rule="base64", place=place)
        return found[0]

    if depth >= _DEEPEST:
        return text
    return replaced(text, found_within(_RUN, text, survey(text).regions(_RUN_LEAST)), run)


def _undone(run: str) -> str | None:
    bare = run.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        raw = base64.b64decode(bare + "=" * (-len(bare) % 4))
        plain = raw.decode()
    except (binascii.Error, ValueError):
        return None
    return plain if all(c.isprintable() or c in "\r\n\t\x1b" for c in plain) else None


_DATA = re.compile(
    r"(data:[\w.+\-]{1,60}/[\w.+\-]{1,60}(?:;[\w\-]+=[\w\-]+)*;base64,)([A-Za-z0-9+/_\-=%]{64,})"
)


def data_urls(clean: Clean, text: str, place: Place, _depth: int) -> str:
    """`data:` URLs are private media: type stays, content goes."""

    def shown(found: re.Match[str]) -> str:
        hidden = clean.ledger.hide(found[2], kind="data", rule="data-url", place=place)
        return found[1] + hidden.replace("<", "%3C").replace(">", "%3E").replace(
            "#", "%23"
        ).replace(":", "%3A")

    return _DATA.sub(shown, text) if ";base64," in text else text


_ESCAPED = re.compile(r"[^\s\"'<>]*%(?:25){0,3}(?:2[0-9A-Fa-f]|3[aAdDfF]|7[bB])[^\s\"'<>]*")
_ESCAPES = ("%2", "%3", "%7")


def percents(clean: Clean, text: str, place: Place, depth: int) -> str:
    """Whatever stands percent-encoded, and was no URL."""

    def shown(found: re.Match[str]) -> str:
        if "://" in found[0]:
            return found[0]
        plain = unquote(found[0], errors="surrogateescape")
        cleaned = clean.text(plain, place, depth + 1)
        same = cleaned in {plain, found[0]}  # a URL's own placeholders stand encoded in it
        return found[0] if same else quoted(cleaned, "/:?&=,;+")

    if depth >= _DEEPEST or not any(mark in text for mark in _ESCAPES):
        return text
    return "".join([_ESCAPED.sub(shown, one) if "%" in one else one for one in _TOKENS.split(text)])


_TOKENS = re.compile(r"([\s\"'<>]+)")
