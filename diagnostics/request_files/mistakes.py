"""What mistake keeps this text from being JSON, and how is that very mistake mended?"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from json import JSONDecodeError

from diagnostics.errors import UsageError
from diagnostics.model import Json
from diagnostics.request_files.table import DOCUMENTS, MISTAKES, STRICT, Mistake

_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]', re.DOTALL)
"""A whole text or one bracket. Possessive: a million escapes cost no more than their length."""
_WORD = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[-+\w.]+', re.DOTALL)
_SPACE = re.compile(r"[ \t\r\n]*")
_NEAR = 200
_SHOWN = 60
_SECRET = re.compile(
    r"([\w-]*(?:secret|token|key|passw|auth|credential|cookie)[\w-]*[\"']?\s*[:=]\s*[\"']?)"
    r"([^\"',}\n]+)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A word that Python's reader takes and JSON does not know."""

    word: str


_JSON_WORDS = {"none": "null"}


def explained(text: str, name: str, error: JSONDecodeError | Kept) -> UsageError:
    """The error to raise: what is wrong, the line with its place marked, the remedy."""
    if isinstance(error, Kept):
        return _of_word(text, name, error.word)
    other = _other_document(text, name)
    if other is not None:
        return other
    at = _culprit(text, error)
    before = text[:at].rstrip(" \t\r\n")
    for one in MISTAKES:
        if _fits(one, text, at, before[-1:], error.msg):
            spot = len(before) - 1 if one.is_back else at
            facts = _facts(text, at)
            return _error(text, name, spot, one.says.format_map(facts), one.hint.format_map(facts))
    return _error(text, name, at, "this is not JSON", STRICT)


def _culprit(text: str, error: JSONDecodeError) -> int:
    """Where the mistake stands; versions of Python differ by a space or an escape."""
    if "control" in error.msg:
        return error.pos
    if "escape" in error.msg:
        return text.rfind("\\", 0, error.pos + 1)
    found = _SPACE.match(text, error.pos)
    return found.end() if found else error.pos


def _fits(one: Mistake, text: str, at: int, before: str, why: str) -> bool:
    if one.why not in why or (one.before and (not before or before not in one.before)):
        return False
    pattern = r"\Z" if one.at == "$" else one.at.replace("|$", r"|\Z")
    return re.compile(pattern).match(text, at) is not None


def _facts(text: str, at: int) -> dict[str, str]:
    word = re.compile(r"[-+$\w]{0,40}").match(text, at)
    seen = word[0] if word else ""
    return {
        "seen": seen,
        "name": seen,
        "json": _JSON_WORDS.get(seen.lower(), seen.lower()),
        "code": f"{ord(text[at]):04X}" if at < len(text) else "",
        "open": _open_bracket(text, at),
    }


def _open_bracket(text: str, at: int) -> str:
    opened: list[tuple[str, int]] = []
    for sign, position in _brackets(text):
        if position >= at:
            break
        if sign in "[{":
            opened.append((sign, position))
        else:
            opened = opened[:-1]
    if not opened:
        return ""
    sign, position = opened[-1]
    return f": {sign} of line {text.count(chr(10), 0, position) + 1} is still open"


def _of_word(text: str, name: str, word: str) -> UsageError:
    at = next((m.start() for m in _WORD.finditer(text) if m[0] == word), 0)
    if word[-1:].isdigit():
        return _error(
            text, name, at, "this number is too great to be read", "write a smaller number"
        )
    return _error(text, name, at, f"JSON has no {word}", "write a number or null")


def _other_document(text: str, name: str) -> UsageError | None:
    start = text[:_NEAR].lstrip()
    for pattern, what, hint in DOCUMENTS:
        if start[:1] not in {"{", "[", '"'} and re.match(pattern, start, re.IGNORECASE):
            return UsageError(f"{name} holds {what}, not JSON", place=f"{name}:1:1", hint=hint)
    return None


def _error(text: str, name: str, at: int, says: str, hint: str) -> UsageError:
    line, caret = excerpt(text, at)
    marked = f"\n    {line}\n    {' ' * caret}^" if line else ""
    return UsageError(f"not JSON: {says}{marked}", place=where(name, text, at), hint=hint)


# --- places -----------------------------------------------------------------------------------


def where(name: str, text: str, at: int) -> str:
    """`call.json:3:7`."""
    return f"{name}:{text.count(chr(10), 0, at) + 1}:{at - text.rfind(chr(10), 0, at)}"


def excerpt(text: str, at: int) -> tuple[str, int]:
    """The line around a place, short, its secrets blotted out, and the column of the place."""
    start = max(text.rfind("\n", 0, at) + 1, at - _NEAR)
    newline = text.find("\n", at)
    end = min(newline if newline >= 0 else len(text), at + _NEAR)
    line = _SECRET.sub(lambda m: m[1] + "·" * len(m[2]), text[start:end])
    line = "".join(c if c.isprintable() else " " for c in line)
    caret, cut = at - start, start > 0 and text[start - 1] != "\n"
    if cut or caret > _SHOWN:
        line, caret = _from(line, caret)
    if len(line) > caret + _SHOWN or (end < len(text) and text[end] != "\n"):
        line = _until(line, caret)
    return line.rstrip(), caret


def _from(line: str, caret: int) -> tuple[str, int]:
    """Cut before the place, never through a word: half a secret would not be recognised."""
    begin = max(0, caret - _SHOWN)
    while begin < caret and not line[begin].isspace():
        begin += 1
    return f"… {line[begin:].lstrip()}", 2 + caret - begin - _leading(line[begin:])


def _leading(text: str) -> int:
    return len(text) - len(text.lstrip())


def _until(line: str, caret: int) -> str:
    end = min(len(line), caret + _SHOWN)
    while end > caret + 1 and not line[end - 1].isspace():
        end -= 1
    return f"{line[:end].rstrip()} …"


# --- structure --------------------------------------------------------------------------------


def _brackets(text: str) -> Iterator[tuple[str, int]]:
    return ((m[0], m.start()) for m in _TOKEN.finditer(text) if m[0][0] != '"')


def depth_passed(text: str, limit: int) -> int | None:
    """Where brackets first nest deeper than the limit; None: nowhere."""
    if text.count("[") + text.count("{") <= limit:
        return None
    depth = 0
    for sign, position in _brackets(text):
        depth += 1 if sign in "[{" else -1
        if depth > limit:
            return position
    return None


def not_a_body(value: Json, name: str) -> None:
    """Refuse JSON that is a known document of another kind."""
    if not isinstance(value, dict):
        return
    log, info = value.get("log"), value.get("info")
    if isinstance(log, dict) and isinstance(log.get("entries"), list):
        raise UsageError(
            f"{name} is a HAR capture, not a request body",
            place=f"{name}:1:1",
            hint="keep only the JSON of one request's postData.text; this release does not read "
            "HAR files",
        )
    if isinstance(info, dict) and isinstance(value.get("item"), list):
        raise UsageError(
            f"{name} is a Postman collection, not a request body",
            place=f"{name}:1:1",
            hint="keep only the JSON of one request's body",
        )
