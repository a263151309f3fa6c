"""Which words does this command line have? As a shell splits them: POSIX, cmd and PowerShell."""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from diagnostics.captures._objects import unescaped
from diagnostics.captures._powershell import Values, invoked

_STARTS = re.compile(
    r"(?m)^[ \t]*(?:[$#>%❯➜][ \t]+|PS [^\n>]{0,200}>[ \t]*|[A-Z]:\\[^\n>]{0,200}>[ \t]*)?"
    r"(?:(?:sudo|time|exec|env|[A-Za-z_]\w{0,80}=[^\s]{0,200})[ \t]+){0,4}"
    r"(?:\$\w{1,80}[ \t]*=[ \t]*|\w{1,80}=\$\([ \t]*|echo \"\$\()?"
    r"(?P<tool>curl(?:\.exe)?|https?(?=[ \t]+(?:[A-Z]{3,7}[ \t]|-|:|[^\s./]{1,200}[./]\S))"
    r"|xhs?(?=[ \t])|Invoke-(?:RestMethod|WebRequest)|irm(?=[ \t])|iwr(?=[ \t]))"
    r"(?=[ \t\\^`\r\n]|$)",
    re.IGNORECASE,
)
_SET = re.compile(
    r"(?m)^[ \t]*(?:(?:export|set|setx)[ \t]+)?(?P<name>[A-Za-z_]\w{0,80})="
    r"(?:\"(?P<a>[^\"\n]{0,4000})\"|'(?P<b>[^'\n]{0,4000})'|(?P<c>[^\s\"';&|$]{1,4000}))"
    r"[ \t]*;?\r?$"
)
_VARIABLE = re.compile(r"\$(?:\{(\w{1,80})\}|(\w{1,80}))")
_PIECE = re.compile(
    r"(?P<space>(?:[ \t]|[\\`]\r?\n)+)|(?P<end>\r?\n|[;|&)]+|\#[^\n]*)"
    r"|\$'(?P<ansi>[^'\\]*(?:\\.[^'\\]*)*)'|'(?P<plain>[^']*)'"
    r"|\"(?P<soft>[^\"\\]*(?:\\.[^\"\\]*)*)\""
    r"|(?P<here><<-?\s*['\"]?(?P<word>\w{1,60})['\"]?)|(?P<way>\d?>>?&?|<)"
    r"|(?P<bare>(?:[^\s\\\"'`$;|&)<>\#]|(?<=\S)\#|\$(?!'))+)|\\(?P<one>.)|(?P<rest>.)",
    re.DOTALL,
)
_ONE = re.compile(r"(?P<rest>.)", re.DOTALL)
_SOFT = re.compile(r"\\([$`\"\\])|\\\r?\n")
_CMD_END = re.compile(r"(?<!\^)\r?\n")
HERE_MOST = 50
LONGEST = 1 << 20
"""Characters of one command: a body given inline."""


class Command(NamedTuple):
    """A command in a text, as words; its output may begin at `end`."""

    start: int
    end: int
    tool: str
    words: list[str]
    stdin: str | None = None


def commands(text: str) -> Iterator[Command]:
    """Every command of a tool we know, in the order of the text."""
    shell, at = _Shell(text), 0
    for found in _STARTS.finditer(text):
        if found.start("tool") >= at:
            command = shell.split(found.start("tool"), found["tool"].lower())
            at = command.end
            yield command


def variables(text: str) -> dict[str, str]:
    """What the shell was told before: `KEY=…`, `export KEY=…`, `set KEY=…`."""
    return {
        found["name"]: found["a"] or found["b"] or found["c"] or ""
        for found in _SET.finditer(text[:LONGEST])
    }


def expanded(text: str, known: Mapping[str, str]) -> str:
    """Variables filled in where the text says what they are."""
    if "$" not in text or not known:
        return text
    return _VARIABLE.sub(lambda found: known.get(found[1] or found[2], found[0]), text)


class _Shell:
    """The text, what was set in it, and the quotes that have no end in it."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._known = variables(text)
        self._powershell = Values(text)
        self._hopeless: set[str] = set()
        self._here_left = HERE_MOST

    def split(self, start: int, tool: str) -> Command:
        """One command from its first letter."""
        plain = tool.removesuffix(".exe")
        if plain.startswith("i"):
            words, end = invoked(self._powershell, self._text, start)
            return Command(start, end, "curl", words)
        head = self._text[start : start + 2000].partition("\n")[0]
        if "'" not in head and ('^"' in head or head.rstrip().endswith("^")):
            return _cmd(self._text, start, plain)
        return self._posix(start, plain)

    def _posix(self, start: int, tool: str) -> Command:
        words: list[str] = []
        word: str | None = None
        at, mark, skipped = start, "", False
        limit = min(len(self._text), start + LONGEST)
        while at < limit:
            found, kind = self._piece(at, limit)
            if kind == "end" and not (found["end"][0] == "#" and word is not None):
                break
            at = found.end()
            if kind not in {"space", "way", "here"}:
                word = (word or "") + self._part(found, kind)
                continue
            if word is not None and not skipped:
                words.append(word)
            skipped = kind == "way" or (skipped and word is None)
            word, mark = None, found.groupdict().get("word") or mark
        if word is not None and not skipped:
            words.append(word)
        stdin, end = self._here(at, mark)
        return Command(start, end, tool, words, stdin)

    def _piece(self, at: int, limit: int) -> tuple[re.Match[str], str]:
        first = self._text[at]
        found = _PIECE.match(self._text, at, limit) if first not in self._hopeless else None
        if found is None:
            found = _ONE.match(self._text, at)
            assert found  # noqa: S101  # any character
        kind = "here" if found.groupdict().get("word") else str(found.lastgroup)
        if kind == "rest" and first in "\"'$":
            self._hopeless.add(first)
        return found, kind

    def _part(self, found: re.Match[str], kind: str) -> str:
        part = found[kind]
        if kind == "ansi":
            return unescaped(part)
        if kind == "soft":
            return expanded(_SOFT.sub(lambda one: one[1] or "", part), self._known)
        return expanded(part, self._known) if kind == "bare" else part

    def _here(self, at: int, mark: str) -> tuple[str | None, int]:
        """The lines of a here-document, which stand below the command."""
        begin = self._text.find("\n", at) + 1 if mark and self._here_left > 0 else 0
        if not begin:
            return None, at
        self._here_left -= 1
        closing = re.compile(rf"(?m)^[ \t]*{re.escape(mark)}[ \t)\"]*\r?$")
        found = closing.search(self._text, begin)
        return (self._text[begin : found.start()], found.end()) if found else (None, at)


def _cmd(text: str, start: int, tool: str) -> Command:
    """Windows: carets taken off, then quotes as a program there reads them."""
    found = _CMD_END.search(text, start)
    end = found.start() if found else len(text)
    plain = re.sub(r"\^(\r?\n)+|\^(.)", lambda one: one[2] or " ", text[start:end][:LONGEST])
    words: list[str] = []
    word: str | None = None
    quoted, at = False, 0
    while at < len(plain):
        letter, after = plain[at], plain[at + 1 : at + 2]
        at += 1
        if letter == "\\" and (after == '"' or (quoted and after == "\\")):
            word, at = (word or "") + after, at + 1
        elif letter == '"':
            quoted, word = not quoted, word or ""
        elif letter.isspace() and not quoted:
            words.extend([] if word is None else [word])
            word = None
        else:
            word = (word or "") + letter
    words.extend([] if word is None else [word])
    return Command(start, end, tool, words)
