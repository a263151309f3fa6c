"""Is there anything in this text worth a second look? The quick test that most exchanges pass."""

import re

from diagnostics.redaction.addresses import MAYBE
from diagnostics.redaction.ledger import Ledger
from diagnostics.redaction.names import Place, suspect
from diagnostics.redaction.rules import SHAPES
from diagnostics.redaction.url import AFTER_WORD

_WORDS = (
    "token",
    "secret",
    "pass",
    "pwd",
    "key",
    "auth",
    "sign",
    "sig",
    "credential",
    "cookie",
    "sess",
    "sid=",
    "jwt",
    "bearer",
    "basic ",
    "client",
    "csrf",
    "xsrf",
    "policy",
    "hmac",
    "hdn",
    "phone",
    "mobile",
    "webhook",
    "callback",
    "hook",
    "notif",
    "code=",
    "state=",
    "nonce",
    "ticket",
    "verify",
    ";base64,",
    "encoding",
    "organization",
    "otp",
    "/home/",
    "/users/",
    "users\\",
    "-u ",
    "-user",
    "@",
    "private",
    "hash=",
    "md5=",
    "/bot",
    "invite",
    "upload",
    "services/",
    "%3d",
    "%2f%2f",
    "?",
    "q-ak",
    "-----",
    "confirm",
    "reset",
    "magic",
    "share",
    "unsubscribe",
    "catch",
    "incoming",
    "**",
    "+",
    "(",
    "~",
    "onedrive",
    ".lan",
    ".corp",
    ".intranet",
    ".localdomain",
    ".home.arpa",
    ".local",
    "laptop-",
    "desktop-",
)
_SHAPES = (n.lower() for rule in SHAPES for n in rule.needles if len(n) > 1)
_NEEDLES = tuple(dict.fromkeys((*_WORDS, *_SHAPES)))
_ANY = re.compile("|".join(re.escape(needle) for needle in sorted(_NEEDLES)))
_RUN = re.compile(r"[A-Za-z0-9+/_\-]{28}|(?:[0-9A-Fa-f]{2}[:\-]){5}")
"""A run of letters and digits this long may be base64, or a key that no name announces."""
_NAME = re.compile(r"[A-Za-z_][A-Za-z_\-]{0,30}")
_NAMED = (Place.JSON, Place.HEADER, Place.QUERY)
_CALLBACK = re.compile(
    rb"""(?:hook|callback|notify|notification)s?(?:_?ur[li])?"\s{0,8}:\s{0,8}"[^"]""", re.IGNORECASE
)
"""A callback address that is not empty: its path may be secret."""
_QUIET_URL = re.compile(
    r"https?://(?:[A-Za-z][A-Za-z0-9.\-]{0,200}|127\.0\.0\.1)(?::\d{1,5})?(?:/[A-Za-z0-9._\-]{0,80})*"
    r"(?:\?[A-Za-z0-9._]{1,80}=[A-Za-z0-9._\-]{0,80}(?:&[A-Za-z0-9._]{1,80}=[A-Za-z0-9._\-]{0,80})*)?"
)
_URL_NAME = re.compile(r"[?&]([^=]+)=")
_URL_WORD = re.compile(r"[A-Za-z0-9._\-]+")
_LONG = 4096
"""Hardly any text of this length has nothing worth a look."""
_DULL = b":,{}[]0123456789.+-eE \r\n\t"
_PIECES_MOST = 50_000
_FAMILIAR_MOST = 65_536


def is_suspicious(text: str) -> bool:
    """Whether the full search is due. Over-cautious by design; knows no registered secret."""
    if len(text) > _LONG or _ANY.search(text.lower()) is not None or _RUN.search(text) is not None:
        return True
    return MAYBE.search(text) is not None


def _is_plain_name(text: str) -> bool:
    """A JSON key such as `author`, which no place would take for a secret's name."""
    return (
        _NAME.fullmatch(text) is not None
        and text != "encoding"
        and all(suspect(text, place) is None for place in _NAMED)
    )


def _is_clean_word(word: str) -> bool:
    """One word of a URL: a path segment, a name or a value."""
    shapeless = _RUN.search(word) is None and _ANY.search(word.lower()) is None
    return shapeless and word not in AFTER_WORD


class Familiar:
    """Remembers the pieces of JSON bodies that were clean: answers repeat themselves."""

    def __init__(self, ledger: Ledger, machine: tuple[str, str]) -> None:
        self._ledger, self._host = ledger, machine[1].encode()
        self._clean: set[bytes] = set()
        self._clean_words: set[str] = set()

    def forget(self) -> None:
        """A secret was registered: what was clean may no longer be."""
        self._clean.clear()

    def is_clean(self, body: bytes) -> bool:
        """Whether nothing in a JSON body can be secret, judged string by string."""
        if len(body) > _FAMILIAR_MOST or body[:1] not in {b"{", b"["} or self._ledger.quoted:
            return False
        if b"://" in body and _CALLBACK.search(body) is not None:
            return False
        fresh = set(body.split(b'"')) - self._clean
        if not all(map(self._is_clean_piece, fresh)):
            return False
        if len(self._clean) > _PIECES_MOST:
            self._clean.clear()
        self._clean |= fresh
        return True

    def _is_clean_piece(self, piece: bytes) -> bool:
        if not piece.strip(_DULL):
            return not self._ledger.has_digits or self._ledger.is_free(piece.decode())
        try:
            text = piece.decode()
        except UnicodeDecodeError:
            return False
        if self._host and self._host in piece:
            return False
        if is_suspicious(text) and not _is_plain_name(text):
            return False
        return self._ledger.is_free(text)

    def is_clean_url(self, url: str) -> bool:
        """Whether a plain URL of plain words has nothing to hide."""
        if _QUIET_URL.fullmatch(url) is None or not self._ledger.is_free(url):
            return False
        fresh = set(_URL_WORD.findall(url)) - self._clean_words
        named = any(suspect(name, Place.QUERY) is not None for name in _URL_NAME.findall(url))
        if named or not all(map(_is_clean_word, fresh)):
            return False
        if len(self._clean_words) > _PIECES_MOST:
            self._clean_words.clear()
        self._clean_words |= fresh
        return True
