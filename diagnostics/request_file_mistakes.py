"""What mistake keeps this text from being JSON, and how is that very mistake mended?"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from json import JSONDecodeError

from diagnostics.errors import UsageError
from diagnostics.model import Json

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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mistake:
    """Met where `at` fits the text, after `before`; `why` is a part of the reader's complaint."""

    at: str
    says: str
    hint: str
    before: str = ""
    why: str = ""
    is_back: bool = False
    """The culprit is the sign before."""


_STRICT = "JSON has double quotes only, no comments, no comma after the last element"
_DOCUMENTS = (
    (r"<!doctype html|<html", "a web page", "an error page may have been saved instead of JSON"),
    (r"<", "HTML or XML", "an error page may have been saved instead of JSON"),
    (
        r"(\$ )?curl\s",
        "a curl command",
        "keep only the JSON that follows --data (-d); this release does not read curl commands",
    ),
    (
        r"(GET|POST|PUT|PATCH|DELETE|HEAD) \S+ HTTP/|HTTP/\d",
        "a raw HTTP message",
        'keep only its JSON body, or write {"method": …, "url": …, "body": {…}}',
    ),
    (r"```", "Markdown", "take out the ``` lines and keep the JSON between them"),
    (
        r"(const|let|var|export|import|from|def|async|await|fetch|axios|requests)\b",
        "program code",
        "print the body as JSON instead: JSON.stringify(body) or json.dumps(body)",
    ),
    (
        r"interactions:\s",
        "a vcrpy cassette",
        "this release does not read cassettes; keep only the JSON of one request's body",
    ),
    (
        r"(%YAML|---\s|- |[\w-]+:(\s|$))",
        "YAML",
        "write it as JSON; yq -o json FILE does so",
    ),
    (
        r"[\w.%\[\]-]+=[^\s&]*(&|\s*$)",
        "a form (name=value&…)",
        'AKOOL and its like take JSON: write {"name": "value"}',
    ),
)
_MISTAKES = (
    _Mistake(
        at=r"//|/\*",
        says="a comment stands here, and JSON has none",
        hint="take the comment out",
    ),
    _Mistake(at=r"#", says="a comment stands here, and JSON has none", hint="take the comment out"),
    _Mistake(
        at=r"[}\]]|$",
        before=",",
        why="Expecting",
        says="a comma stands after the last element",
        hint="take the comma out",
        is_back=True,
    ),
    _Mistake(
        at=r",",
        why="Illegal trailing",
        says="a comma stands after the last element",
        hint="take the comma out",
    ),
    _Mistake(at=r"[,}\]]|$", why="':'", says="a name without a value", hint='write "name": value'),
    _Mistake(at=r",", says="one comma too many", hint="take the comma out"),
    _Mistake(
        at=r"'",
        says="a single quote stands here; JSON has double quotes only",
        hint="write \"…\" instead of '…'",
    ),
    _Mistake(
        at=r"[“”„«»‘’‟″`]",
        says="a typographic quote or back quote stands here; JSON has straight ones only",
        hint='write "…"',
    ),
    _Mistake(
        at=r"(True|False|None)\b",
        says="this is Python's {seen}",
        hint="write {json}; json.dumps(body) does so",
    ),
    _Mistake(
        at=r"[-+]?(NaN|nan|Infinity|Inf|inf)\b",
        says="JSON has no {seen}",
        hint="write a number or null",
    ),
    _Mistake(at=r"undefined\b", says="JSON has no undefined", hint="write null, or leave it out"),
    _Mistake(
        at=r"(TRUE|FALSE|NULL|Null)\b",
        says="JSON writes {seen} in small letters",
        hint="write {json}",
    ),
    _Mistake(
        at=r"\$?\{\{?|<[\w .-]{1,60}>|\$\w",
        why="Expecting value",
        says="a place to be filled is left here",
        hint="put the value there",
    ),
    _Mistake(
        at=r"\{",
        before="{",
        why="property name",
        says="a place to be filled is left here",
        hint="put the value there",
    ),
    _Mistake(
        at=r"\.\.\.|…",
        says="an ellipsis stands here",
        hint="write out what it stands for, or take it out",
    ),
    _Mistake(
        at=r"\+\d|\.\d",
        says="no number of JSON begins like this",
        hint="write it without + and with a digit before the point: 0.5",
    ),
    _Mistake(
        at=r"[\dxXoObB_.eE]",
        before="0123456789.",
        why="delimiter",
        says="no number of JSON looks like this",
        hint="no leading zeros, no 0x, no underscores, a digit after the point",
    ),
    _Mistake(
        at=r"[\dxXoObB_.eE]",
        before="0123456789.",
        why="Extra data",
        says="no number of JSON looks like this",
        hint="no leading zeros, no 0x, no underscores, a digit after the point",
    ),
    _Mistake(
        at=r"[\w$-]+\s*:",
        why="property name",
        says="a name stands here without quotes",
        hint='write "{name}":',
    ),
    _Mistake(
        at=r"[\u00a0\u00ad\u180e\u2000-\u200f\u2028-\u202f\u205f\u2060\u3000\ufeff]",
        says="an invisible character (U+{code}) stands here",
        hint="take it out; it often comes from a web page or a messenger",
    ),
    _Mistake(
        at=r"[\n\r]",
        why="control character",
        says="a text is broken by a line break: a closing quote is missing, or \\n is due",
        hint='close the text with ", or write \\n for the line break',
    ),
    _Mistake(at=r"\t", why="control character", says="a tab stands in a text", hint="write \\t"),
    _Mistake(
        at=r"[\0-\x1f]",
        why="control character",
        says="a control character (U+{code}) stands in a text",
        hint="take it out, or write \\u{code}",
    ),
    _Mistake(
        at=r"",
        why="escape",
        says="no escape of JSON begins like this",
        hint="write \\\\ for a backslash (C:\\\\photo.jpg)",
    ),
    _Mistake(
        at=r'"',
        why="Unterminated",
        says="the quote opened here is never closed",
        hint="close the text with a double quote",
    ),
    _Mistake(at=r"=", why="':'", says="= stands where a colon is due", hint="write a colon"),
    _Mistake(at=r"", why="':'", says="a colon is missing here", hint='write "name": value'),
    _Mistake(at=r"$", says="the text ends too early{open}", hint="was the file cut off?"),
    _Mistake(
        at=r"[}\]]",
        why="delimiter",
        says="the wrong bracket closes here{open}",
        hint="close each bracket with its own kind",
    ),
    _Mistake(at=r";", says="a semicolon stands here", hint="take it out, or write a comma"),
    _Mistake(
        at=r"[\w]",
        before='"',
        why="delimiter",
        says="a quote ended the text here, but more follows",
        hint='write \\" for a quote inside a text, or add the missing comma',
    ),
    _Mistake(at=r"", why="delimiter", says="a comma is missing before this", hint="add a comma"),
    _Mistake(
        at=r"[{\[]",
        why="Extra data",
        says="a second JSON value begins here",
        hint="give one request a file",
    ),
    _Mistake(
        at=r"[}\]]", why="Extra data", says="one closing bracket too many", hint="take it out"
    ),
    _Mistake(
        at=r"", why="Extra data", says="something follows the end of the JSON", hint="take it out"
    ),
    _Mistake(at=r"[}\]]", says="a value is missing before this", hint="write the value"),
    _Mistake(
        at=r"[^\W\d]",
        says="a word stands here without quotes",
        hint='write texts in quotes: "…"',
    ),
)
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
    for one in _MISTAKES:
        if _fits(one, text, at, before[-1:], error.msg):
            spot = len(before) - 1 if one.is_back else at
            facts = _facts(text, at)
            return _error(text, name, spot, one.says.format_map(facts), one.hint.format_map(facts))
    return _error(text, name, at, "this is not JSON", _STRICT)


def _culprit(text: str, error: JSONDecodeError) -> int:
    """Where the mistake stands; versions of Python differ by a space or an escape."""
    if "control" in error.msg:
        return error.pos
    if "escape" in error.msg:
        return text.rfind("\\", 0, error.pos + 1)
    found = _SPACE.match(text, error.pos)
    return found.end() if found else error.pos


def _fits(one: _Mistake, text: str, at: int, before: str, why: str) -> bool:
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
        elif opened:
            opened.pop()
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
    for pattern, what, hint in _DOCUMENTS:
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
