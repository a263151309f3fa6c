"""What may a placeholder still tell of the secret that it stands for? Its useful half.

Whoever helps compares the length and the end of a key with what a dashboard shows, and reads when
a token ran out. Of passwords, private keys, cookies and signatures nothing is told at all.
"""

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from diagnostics.redaction.values import entropy, mixed_case

_TELLS = re.compile(
    r"(?:[a-z\-]+-)?(?:api-key|api-token|access-token|refresh-token|id-token|vendor-token"
    r"|session-token|client-secret|webhook-secret)"
    r"|token|[a-z]+-token|jwt|fal-key|google-key|url-key|authorization"
)
"""Kinds of keys and tokens that somebody issued."""
_SILENT = frozenset({"csrf-token"})
_NO_END = ("client-secret", "webhook-secret")
"""What signs other things: its length tells whether it was cut, its end tells nobody anything."""
_LENGTH_LEAST = 12
_END_LEAST, _END_MOST, _END_SHARE = 20, 4, 10
_END_BITS = 3.0
_KEY = re.compile(r"[A-Za-z0-9_\-+/=.~]+")
_END = re.compile(r"[A-Za-z0-9_\-]+")
_JWT = re.compile(r"(?:eyJ|ewog)[A-Za-z0-9_\-]*\.([A-Za-z0-9_\-]{2,16384})\.")
_TIMES = ("exp", "iat")
_TIME_MOST = 1 << 35
"""Beyond the year 3000: milliseconds, or no time at all."""
_LABEL = r"[a-z]{2,24}(?:-[a-z]{2,24}){0,3}[0-9]{0,2}"
ISSUER = rf"{_LABEL}(?:\.{_LABEL}){{0,4}}"
_ISSUER = re.compile(rf"(?:https://)?({ISSUER})/?")
_ISSUER_MOST = 80
_PRIVATE = ("lan", "local", "localdomain", "corp", "intranet", "internal", "home", "arpa")


def details(value: str, kind: str, is_free: Callable[[str], bool]) -> str:
    """`len=60 ends=wxyz`, `len=212 exp=2026-11-21T08:00:00Z`, or nothing.

    `is_free` says whether a host's name holds nothing that is hidden itself.
    """
    if kind in _SILENT or len(value) < _LENGTH_LEAST or _TELLS.fullmatch(kind) is None:
        return ""
    if _KEY.fullmatch(value) is None or _is_login(value):
        return ""
    found = [f"len={len(value)}"]
    if value.startswith(("eyJ", "ewog")):
        found += _of_claims(value, is_free)
    elif not kind.endswith(_NO_END):
        found += _end(value)
    return " ".join(found)


def _end(value: str) -> Iterator[str]:
    """The last characters: at most four, and never more than a tenth."""
    bare = value.rstrip("=")
    keyed = any(map(str.isdigit, value)) or mixed_case(value)
    if len(value) < _END_LEAST or not keyed or entropy(value) < _END_BITS:
        return
    shown = bare[-min(_END_MOST, len(value) // _END_SHARE) :]
    if _END.fullmatch(shown):
        yield f"ends={shown}"


def _of_claims(value: str, is_free: Callable[[str], bool]) -> Iterator[str]:
    claims = _claims(value)
    for name in _TIMES:
        at = claims.get(name)
        if isinstance(at, int | float) and not isinstance(at, bool) and 0 < at < _TIME_MOST:
            yield f"{name}={datetime.fromtimestamp(int(at), UTC):%Y-%m-%dT%H:%M:%SZ}"
    issuer = claims.get("iss")
    found = _ISSUER.fullmatch(issuer) if isinstance(issuer, str) else None
    if found is None or len(found[1]) > _ISSUER_MOST or found[1].endswith(_PRIVATE):
        return
    if is_free(found[1]):
        yield f"iss={found[1]}"


def _claims(value: str) -> dict[str, Any]:
    """What a JWT says of itself; nothing for what only looks like one, or is encrypted."""
    found = _JWT.match(value)
    if found is None:
        return {}
    try:
        raw = base64.urlsafe_b64decode(found[1] + "=" * (-len(found[1]) % 4))
        claims = json.loads(raw)
    except (binascii.Error, ValueError, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}


def _is_login(value: str) -> bool:
    """`user:password` in base64, as `Basic` has it: its end would be the password's."""
    try:
        raw = base64.b64decode(value + "=" * (-len(value) % 4), b"-_", validate=True)
    except (binascii.Error, ValueError):
        return False
    return b":" in raw and all(32 <= byte < 127 for byte in raw)  # noqa: PLR2004  # ASCII that prints
