"""Is a value a secret, or does it only stand where one could: a placeholder, an id, a word?"""

import base64
import binascii
import math
import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from urllib.parse import quote

from diagnostics.redaction.names import Strength, Suspicion

KIND = r"[a-z]{1,24}(?:-[a-z]{1,24}){0,5}"

_GAP = r"(?: |\+|%(?:25)?20)"
_EQUALS = r"(?:=|%(?:25)?3D)"
_COLON = r"(?::|%(?:25)?3A)"
_DOTS = r"(?:…|%E2%80%A6|%25E2%2580%25A6|\\u2026)"
_FEW = r"[^\s<>&%\\]{1,4}"
_TIME = rf"\d{{4}}-\d\d-\d\dT\d\d{_COLON}\d\d{_COLON}\d\dZ"
_DETAIL = (
    rf"(?:{_FEW}{_DOTS}|{_DOTS}{_FEW}|len{_EQUALS}\d{{1,9}}|(?:exp|iat){_EQUALS}{_TIME}"
    rf"|(?:starts|ends){_EQUALS}[A-Za-z0-9_\-]{{1,4}}|iss{_EQUALS}[a-z0-9.\-]{{1,80}}"
    rf"|(?:\d{{1,15}}|some){_GAP}bytes(?:{_COLON}{_GAP}[a-z]{{1,24}}(?:{_GAP}[a-z]{{1,24}}){{0,7}})?)"
)
"""The useful half: first or last characters, length, a token's times, why a body is withheld."""
PLACEHOLDER = re.compile(
    rf"(?:<|%3C|%253C|&lt;|\\u003[cC])(?:secret|id|pii|withheld){_COLON}{KIND}"
    rf"(?:\#|%23|%2523)\d{{1,9}}(?:{_GAP}{_DETAIL}){{0,4}}"
    r"(?:>|%3E|%253E|&gt;|\\u003[eE])"
    r"|(?:<|%3C|&lt;|\\u003[cC])(?:user|host)(?:>|%3E|&gt;|\\u003[eE])"
)
"""What this gate, or an earlier one, put in a secret's place, as is or escaped once or twice."""
IN_URL = re.compile(
    rf"(%3C(?:secret|id|pii|withheld)%3A{KIND}%23\d{{1,9}}(?:%20{_DETAIL}){{0,4}}%3E)"
)
"""The same as it stands in a URL."""

_STANDS_FOR = re.compile(
    r"(?ix) \s* [\"']? \s* (?:"
    r" \$\{?\{?\s*[A-Za-z_][\w.]*(?::?-)?\s*\}?\}?"  # $NAME ${NAME} ${{ secrets.NAME }}
    r"| %[A-Za-z_]\w*%"  # %NAME%
    r"| \$\(\s*[^)]*\)"
    r"| <[^<>]{0,60}> | \{\{[^{}]{0,60}\}\} | \{[A-Za-z_]\w*\} | \[[A-Za-z_ ]{0,40}\]"
    r"| [*•.…xX_-]+"
    r"| (?:my|your|the|an?|some|insert|enter|put|replace|paste)[\s_-]+ [A-Za-z_\s-]{2,60}"
    r"| [A-Za-z]{0,12}[_-]?(?:api)?[_-]?(?:key|token|secret|password)[_-]?(?:here|goes[_-]here)"
    r"| (?:sk|r8|whsec|ghp|hf)[-_](?:proj[-_])?(?:[*•.…xX]+|your[\w-]*)"
    r"| redacted | filtered | hidden | masked | removed | changeme | placeholder | example"
    r"| null | none | nil | undefined | true | false | yes | no | required | optional"
    r"| string | str | bytes"
    r"| (?:os\.environ|os\.getenv|process\.env|getenv|env)\b[\w.\[\]()\"'-]*"
    r") \s* [\"']? \s*"
)
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_HEX = re.compile(r"[0-9a-fA-F]+")
_HEX_IDS = frozenset({24, 32, 40, 64})
_LABEL = re.compile(r"[a-z]{3,20}(?:[_\-.][a-z]{1,20}){0,6}(?:[_\-.][0-9]{1,4}[a-z]{0,2})?")
_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:[T ][\d:.]{4,18}(?:Z|[+\-][\d:]{4,6})?)?")
_CLOSE = re.compile(r"[A-Za-z0-9_\-+/=.~!:%|]+")
_PROSE = re.compile(r"[\"'`(]?[A-Za-zА-Яа-яЁё][A-Za-zА-Яа-яЁё_'-]{0,24}[\"'`)]?[.,:;!?]?")
_NEAR = 1024
_PHONE_LEAST = 5
"""`?0` under `sec-ch-ua-mobile` and `ios` under `mobile` are nobody's number."""
_PLACEHOLDERS_MOST = 8192
_EDGE = re.compile(r"[\s;,(){}<>]")
_RANDOM_LENGTH = 12
_RANDOM_BITS = 2.5
"""Bits a character; repeated letters and most words have less."""
_HEYGEN_ID = re.compile(rb"[0-9a-f]{32}(?:-\d{1,16})?")


def is_placeholder(value: str) -> bool:
    """Nothing but placeholders (ours or anybody's), markers, words like `true`, or blanks."""
    if len(value) > _PLACEHOLDERS_MOST:
        return False
    bare = PLACEHOLDER.sub("", value).strip()
    return not bare or len(bare) <= 100 and _STANDS_FOR.fullmatch(bare) is not None  # noqa: PLR2004, RUF021  # a name at most


def looks_random(value: str, *, least: int = _RANDOM_LENGTH) -> bool:
    """Letters and digits without words or blanks, and not shaped like an id, path or date."""
    if len(value) < least or not _CLOSE.fullmatch(value):
        return False
    if (
        _UUID.fullmatch(value)
        or _DATE.fullmatch(value)
        or (_HEX.fullmatch(value) and len(value) in _HEX_IDS)
    ):
        return False
    has_digit, has_letter = any(map(str.isdigit, value)), any(map(str.isalpha, value))
    if not has_letter or not (has_digit or mixed_case(value)) or _is_path(value):
        return False
    return entropy(value) >= _RANDOM_BITS


def _is_label(value: str) -> bool:
    """`resolution_720p`: the key of a row, in words."""
    return _LABEL.fullmatch(value) is not None


def quoted(text: str, safe: str = "") -> str:
    """Percent-encoded, whatever bytes or halves of characters stand in it."""
    try:
        return quote(text, safe, errors="surrogateescape")
    except UnicodeEncodeError:
        return quote(text, safe, errors="surrogatepass")


def mixed_case(value: str) -> bool:
    """Capitals in the middle of small letters, oftener than a name of several words has them."""
    changes = sum(a.islower() and b.isupper() for a, b in pairwise(value))
    return changes >= 3  # noqa: PLR2004  # camelCase names have one or two


def _is_path(value: str) -> bool:
    return value.count("/") > 1 or "." in value.rsplit("/", 1)[-1][-6:] or "://" in value


def is_secret(value: str, suspicion: Suspicion) -> bool:
    """Whether to hide a value that stands under a suspicious name."""
    if is_placeholder(value):
        return False
    if suspicion.kind == "phone":
        return sum(map(str.isdigit, value)) >= _PHONE_LEAST
    if suspicion.strength is Strength.LIKELY:
        return is_likely(value)
    if suspicion.strength is Strength.MAYBE:
        return looks_random(value) and not (suspicion.kind == "api-key" and _is_label(value))
    return suspicion.kind in {"password", "secret"} or not is_prose(value)


def is_likely(value: str) -> bool:
    """Neither short, nor a plain word, nor a path or date."""
    if len(value) < 8 or _DATE.fullmatch(value) or _is_path(value) or not _CLOSE.fullmatch(value):  # noqa: PLR2004  # as short as keys get
        return False
    return any(c.isdigit() for c in value) and any(c.isalpha() for c in value) or len(value) >= 20  # noqa: PLR2004, RUF021  # longer than a word


def is_prose(value: str) -> bool:
    """Three words or more, all of letters: a message about a field, not the field's value."""
    said = value.split()
    return len(said) >= 3 and all(_PROSE.fullmatch(word) for word in said)  # noqa: PLR2004  # a sentence


def entropy(value: str) -> float:
    """Bits per character, by the value's own character counts."""
    size = len(value)
    return -sum(n / size * math.log2(n / size) for n in Counter(value).values()) if size else 0.0


def is_real(value: str) -> bool:
    """A hard shape counts as a leak only if what it holds could be a secret at all."""
    lower = value.lower()
    invented = ("xxxx", "0000", "1234567890", "your", "example", "placeholder", "....", "****")
    return entropy(value) >= 3.0 and not any(mark in lower for mark in invented)  # noqa: PLR2004  # bits a character


def is_heygen_key(value: str) -> bool:
    """Old HeyGen keys: base64 that decodes to a 32-digit hex id, often with a suffix."""
    try:
        raw = base64.b64decode(value + "=" * (-len(value) % 4), validate=True)
    except (binascii.Error, ValueError):
        return False
    return _HEYGEN_ID.fullmatch(raw) is not None


def near_placeholders(text: str) -> Iterator[tuple[int, int]]:
    """What stands around the placeholders of a text, cut where words end."""
    begin = stop = -1
    for found in PLACEHOLDER.finditer(text):
        start, end = found.start() - _NEAR, found.end() + _NEAR
        if begin < 0:
            begin, stop = _edge(text, start), end
        elif start > stop:
            yield begin, (cut := _edge(text, stop))
            begin, stop = max(cut, _edge(text, start)), end
        stop = max(stop, end)
    if begin >= 0:
        yield begin, _edge(text, stop)


def _edge(text: str, at: int) -> int:
    """The nearest end of a word from there on, or the text's own end."""
    if at <= 0:
        return 0
    found = _EDGE.search(text, at, at + _NEAR)
    return found.start() if found else min(at, len(text))
