"""Which call does a line of PowerShell make? Its options, told as `curl` would be told them."""

import json
import re
from typing import Any

from diagnostics.model import Json

LONGEST = 1 << 20
_SPACE = re.compile(r"(?:[ \t]|`\r?\n)*")
_BLANK = re.compile(r"(?:\s|;|`\r?\n|\#[^\n]*)*")
_OPTION = re.compile(r"-([A-Za-z]+):?")
_NAME = re.compile(r"[\w-]+")
_BARE = re.compile(r"[^\s;|)}`]+")
_SET = re.compile(r"(?m)^[ \t]*\$(\w{1,80})[ \t]*=[ \t]*")
_ADDED = re.compile(r"(?m)^[ \t]*\$(\w{1,80})(?:\.Add\(|\[)[ \t]*")
_SOFT = re.compile(r"`(.)|\"\"", re.DOTALL)
_SHORT = {"n": "\n", "t": "\t", "r": "\r", "0": "\0"}
_FLAGS = frozenset({"usebasicparsing", "verbose", "skipcertificatecheck", "skiphttperrorcheck"})
_DEPTH_MOST = 20
_GLUE = re.compile(r"[\s,\]=]*")


class Values:
    """Reads values at a place of the text; gives None and the same place where none stands."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.known: dict[str, Json] = {}
        self._hopeless = len(text)
        self._no_end: set[str] = set()
        self._learnt = 0

    def read(self, at: int, depth: int = 0) -> tuple[Json, int]:
        """One value: a text, a table, a list, a variable, or a bare word."""
        text = self._text
        two = text[at : at + 2]
        if two in {"@'", '@"'}:
            return self._between(at + 2, f"\n{two[1]}@")
        if two[:1] in {"'", '"'}:
            return self._quoted(at, two[0])
        if two == "@{" and depth < _DEPTH_MOST:
            return self._table(at + 2, depth)
        if two[:1] == "(" or two == "@(":
            one = two[0] == "("
            return self._list(at + 2 - one, depth, one=one) if depth < _DEPTH_MOST else (None, at)
        return self._word(at)

    def _word(self, at: int) -> tuple[Json, int]:
        found = _BARE.match(self._text, at)
        if found is None:
            return None, at
        word = found[0]
        if word.startswith("$"):
            fixed = {"true": True, "false": False, "null": None}
            name = word[1:].lower()
            return fixed.get(name, self.known.get(name, word)), found.end()
        word = word.rstrip(",")
        return int(word) if word.isdecimal() and len(word) < 16 else word, found.end()  # noqa: PLR2004  # what fits JSON

    def _between(self, at: int, closing: str) -> tuple[Json, int]:
        end = -1 if closing in self._no_end else self._text.find(closing, at)
        if end < 0:
            self._no_end.add(closing)
            return None, at
        return self._text[at:end].lstrip("\r").removeprefix("\n"), end + len(closing)

    def _quoted(self, at: int, kind: str) -> tuple[Json, int]:
        text, end = self._text, at + 1
        limit = min(len(text), at + LONGEST, self._hopeless)
        while (end := text.find(kind, end, limit)) >= 0:
            if kind == '"' and text[end - 1] == "`" and text[end - 2] != "`":
                end += 1
            elif text[end + 1 : end + 2] == kind:
                end += 2
            else:
                break
        if end < 0:
            self._hopeless = at
            return None, at + 1
        inner = text[at + 1 : end]
        return (inner.replace("''", "'") if kind == "'" else self._soft(inner)), end + 1

    def _soft(self, text: str) -> str:
        plain = _SOFT.sub(lambda one: _SHORT.get(one[1], one[1]) if one[1] else '"', text)
        return re.sub(r"\$(\w{1,80})", self._variable, plain)

    def _variable(self, found: re.Match[str]) -> str:
        value = self.known.get(found[1].lower())
        return value if isinstance(value, str) else found[0]

    def _table(self, at: int, depth: int) -> tuple[Json, int]:
        made: dict[str, Json] = {}
        while True:
            at = self._past(_BLANK, at)
            name: Json = None
            if self._text[at : at + 1] in {"'", '"'}:
                name, at = self.read(at, depth + 1)
            elif found := _NAME.match(self._text, at):
                name, at = found[0], found.end()
            if name is None:
                return made, at + (self._text[at : at + 1] == "}")
            at = self._past(_SPACE, at)
            if self._text[at : at + 1] != "=":
                return made, at
            made[str(name)], at = self.read(self._past(_SPACE, at + 1), depth + 1)

    def _list(self, at: int, depth: int, *, one: bool = False) -> tuple[Json, int]:
        items: list[Json] = []
        while at < len(self._text):
            at = self._past(_BLANK, at)
            if self._text[at : at + 1] in {")", ""}:
                break
            if self._text[at] in "|,":
                piped = self._text[at] == "|"
                at = self._text.find(")", at) if piped else at + 1
                if at < 0:
                    return (items[0] if one and items else items), len(self._text)
                continue
            value, after = self.read(at, depth + 1)
            if after == at:
                break
            items.append(value)
            at = after
        return (items[0] if one and items else items), min(at + 1, len(self._text))

    def _past(self, pattern: re.Pattern[str], at: int) -> int:
        found = pattern.match(self._text, at)
        return found.end() if found else at

    def learn(self, until: int) -> None:
        """Variables that were set before that place."""
        begin, self._learnt = self._learnt, max(until, self._learnt)
        for found in _SET.finditer(self._text, begin, self._learnt):
            value, _ = self.read(found.end())
            self.known[found[1].lower()] = {} if value == "New-Object" else value
        for found in _ADDED.finditer(self._text, begin, self._learnt):
            table = self.known.get(found[1].lower())
            if isinstance(table, dict):
                name, at = self.read(found.end())
                value, _ = self.read(self._past(_GLUE, at))
                table[str(name)] = value


def invoked(values: Values, text: str, start: int) -> tuple[list[str], int]:
    """The words that `curl` would be given for the same call, and where the command ends."""
    values.learn(start)
    named = _NAME.match(text, start)
    at = named.end() if named else start
    given: dict[str, Any] = {}
    while True:
        found = _SPACE.match(text, at)
        at = found.end() if found else at
        option = _OPTION.match(text, at)
        if option:
            at = option.end()
            name = option[1].lower()
            if name in _FLAGS:
                continue
            space = _SPACE.match(text, at)
            at = space.end() if space else at
        elif text[at : at + 1] in {"", "\r", "\n", "|", ";", ")", "}"}:
            break
        else:
            name = "uri" if "uri" not in given else "-"
        value, after = values.read(at)
        if after == at:
            break
        given[name], at = value, after
    return _words(given), at


def _words(given: dict[str, Any]) -> list[str]:
    headers = given.get("headers")
    pairs = headers.items() if isinstance(headers, dict) else ()
    body = given.get("body")
    words = ["Invoke", "-X", str(given.get("method") or "GET").upper()]  # GET even with a body
    for name, value in (*pairs, ("Content-Type", given.get("contenttype"))):
        words += ["-H", f"{name}: {value}"] if value is not None else []
    if body is not None:
        words += ["--data-raw", body if isinstance(body, str) else json.dumps(body)]
    if given.get("infile"):
        words += ["--data-binary", f"@{given['infile']}"]
    return [*words, str(given.get("uri", ""))]
