"""Is there anything in this text worth a second look? The quick test that most exchanges pass."""

import re

from diagnostics.redact_ledger import Ledger
from diagnostics.redact_rules import SHAPES

_WORDS = (
    "token", "secret", "pass", "pwd", "key", "auth", "sign", "sig", "credential", "cookie", "sess",
    "sid=", "jwt", "bearer", "basic ", "client", "csrf", "xsrf", "policy", "hmac", "hdn", "phone",
    "mobile", "webhook", "callback", "hook", "notif", "code=", "state=", "nonce", "ticket", "verify",
    ";base64,", "encoding", "organization", "otp", "/home/", "/users/", "users\\", "-u ", "-user", "@",
    "private", "hash=", "md5=", "/bot", "invite", "upload", "services/", "%3d", "%2f%2f", "?", "q-ak",
    "-----", "confirm", "reset", "magic", "share", "unsubscribe", "catch", "incoming", "**",
)  # fmt: skip
_SHAPES = (n.lower() for rule in SHAPES for n in rule.needles if len(n) > 1)
_NEEDLES = tuple(dict.fromkeys((*_WORDS, *_SHAPES)))
_ANY = re.compile("|".join(re.escape(needle) for needle in sorted(_NEEDLES)))
_RUN = re.compile(r"[A-Za-z0-9+/_\-]{28}|(?:[0-9A-Fa-f]{2}[:\-]){5}")
"""A run of letters and digits this long may be base64, or a key that no name announces."""
_DULL = b":,{}[]0123456789.+-eE \r\n\t"
_PIECES_MOST = 50_000
_FAMILIAR_MOST = 65_536


def is_suspicious(text: str) -> bool:
    """Whether the full search is due. Over-cautious by design; knows no registered secret."""
    return _ANY.search(text.lower()) is not None or _RUN.search(text) is not None


class Familiar:
    """Remembers the pieces of JSON bodies that were found clean, since answers repeat themselves."""

    def __init__(self, ledger: Ledger, machine: tuple[str, str]) -> None:
        self._ledger, self._host = ledger, machine[1].encode()
        self._clean: set[bytes] = set()

    def forget(self) -> None:
        """A secret was registered: what was clean may no longer be."""
        self._clean.clear()

    def is_clean(self, body: bytes) -> bool:
        """Whether nothing in a JSON body can be secret, judged string by string."""
        if len(body) > _FAMILIAR_MOST or body[:1] not in {b"{", b"["} or self._ledger.quoted:
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
            return not self._ledger.has_digits or self._ledger.stands_in(piece.decode()) is None
        try:
            text = piece.decode()
        except UnicodeDecodeError:
            return False
        if is_suspicious(text) or self._host and self._host in piece:  # noqa: RUF021  # as read
            return False
        return self._ledger.stands_in(text) is None
