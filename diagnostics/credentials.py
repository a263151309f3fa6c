"""Which keys are there, where do they come from, and what is wrong with them, unsaid?

Values keep their dirt (a line break, quotes, a zero-width space): a program that cleans a key in
silence hides the very fault it was asked to find. Facts never hold a value.
"""

import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from diagnostics import contract_load
from diagnostics.contract import Contract
from diagnostics.errors import UsageError
from diagnostics.model import KeyFacts

ENVIRONMENT, DOTENV = "environment", ".env file"


class Registry(Protocol):
    """The part of the gate that learns what must never pass it."""

    def register(self, secret: str, kind: str, keep: bool = False) -> object:  # noqa: FBT001, FBT002  # the gate's own signature
        """Remember a value; `keep` marks an identifier that may be shown in part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """The values of one provider's variables, and what can be said of them."""

    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    facts: tuple[KeyFacts, ...] = ()

    def __repr__(self) -> str:
        held = ", ".join(f"{name}=<{len(value)} characters>" for name, value in self.values.items())
        return f"Credentials({held})"

    def secrets(self) -> list[tuple[str, str]]:
        """Every value that must never be seen, with its kind; cleaned forms included."""
        return list(self._forms(identifiers=False))

    def identifiers(self) -> list[tuple[str, str]]:
        """Values that name an account and open nothing: the gate keeps a part of them."""
        return list(self._forms(identifiers=True))

    def register(self, gate: Registry) -> None:
        """Tell the gate everything, before the first byte leaves."""
        for value, kind in self.secrets():
            gate.register(value, kind)
        for value, kind in self.identifiers():
            gate.register(value, kind, keep=True)

    def _forms(self, *, identifiers: bool) -> Iterator[tuple[str, str]]:
        for name, value in self.values.items():
            if _identifier(name) is identifiers:
                kind = name.lower().replace("_", "-")
                for form in dict.fromkeys((value, value.strip(), _core(value))):
                    if len(form) >= _SECRET_LENGTH_MIN and not _REFERENCE.fullmatch(form):
                        yield form, kind


_SECRET_LENGTH_MIN = 4
"""Anything shorter is no secret, and hiding it would blot out innocent text."""


def read(contract: Contract, environ: Mapping[str, str], dotenv: Path | None) -> Credentials:
    """Values for the contract's variables: from the environment first, then from the file.

    A variable that is set but blank counts as set, as it does for the caller's own program.
    """
    names = tuple(dict.fromkeys(name for scheme in contract.schemes for name in scheme.variables))
    missing = [name for name in names if name not in environ]
    filed = read_dotenv(dotenv) if dotenv is not None and missing else {}
    values = {name: environ.get(name, filed.get(name)) for name in names}
    known = {name: value for name, value in values.items() if value is not None}
    facts = tuple(
        inspect_key(
            values[name],
            name=name,
            contract=contract,
            others={other: value for other, value in known.items() if other != name},
            origin=ENVIRONMENT if name in environ else DOTENV,
        )
        for name in names
    )
    return Credentials(values=known, facts=facts)


# --- facts about a key ------------------------------------------------------------------------

_LENGTH_MIN = 10
"""Shortest real-looking credential: the documents' own sample secret has 17 characters."""

_QUOTES = "\"'`“”„‘’«»"
_INVISIBLE = "\u00a0\u00ad\u200b\u200c\u200d\u200e\u200f\u2007\u202f\u2060\u3000\ufeff"
_LOOK_ALIKE = frozenset(
    "аеорсухкмнтвАВЕЅІЈКМНОРСТУХЗЬіјѕԁһԛԝӏ"  # Cyrillic
    "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧανοορυχι"  # Greek
    "‐‑‒–—−＿"  # hyphens and a low line that are none of ASCII's
) | frozenset(_INVISIBLE)

_REFERENCE = re.compile(r"\$\{?[A-Z_][A-Z0-9_]*\}?|%[A-Z_][A-Z0-9_]*%|\{\{\s*[A-Za-z_. ]+\}\}")
_PLACEHOLDER = re.compile(
    r"<.*>|\[.*\]|\{+.*\}+|\$\(?\{?[A-Za-z_]\w*\}?\)?|%\w+%"
    r"|(?:your|my|insert|enter|put|paste|add|replace)[ _-]?.*(?:key|token|secret|id|here).*"
    r"|(?:api|client|access|secret)?[ _-]?(?:key|token|secret|id)(?:[ _-]here)?"
    r"|change[ _-]?me|todo|fixme|none|null|undefined|test|dummy|example|placeholder|redacted"
    r"|(.)\1{2,}|(?:\w{1,6}[-_]){0,3}[xX.*_-]{3,}",
    re.IGNORECASE,
)
_PREFIX = re.compile(
    r"(?i:bearer|token|basic)\s+|(?i:authorization|x-api-key|api-key)\s*:\s*(?:(?i:bearer)\s+)?"
    r"|(?:export\s+)?[A-Z][A-Z0-9_]*_(?:KEY|TOKEN|SECRET|ID)="
)
_PLACEHOLDER_LENGTH_MAX = 80
_CUT = re.compile(r"\.\.\.|…|\*{3}|•{3}")
_JWT = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]*")


def inspect_key(
    value: str | None,
    *,
    name: str,
    contract: Contract,
    others: Mapping[str, str],
    origin: str = ENVIRONMENT,
) -> KeyFacts:
    """What is wrong with the value of the variable `name`. `others` are the other variables."""
    if value is None:
        return KeyFacts(name=name, present=False, origin=origin)
    problems = ("blank",) if _blank(value) else tuple(_problems(value, name, contract, others))
    return KeyFacts(name=name, present=True, length=len(value), problems=problems, origin=origin)


def _problems(
    value: str, name: str, contract: Contract, others: Mapping[str, str]
) -> Iterator[str]:
    yield from _characters(value)
    core = _core(value)
    if _PREFIX.match(value.strip().strip(_QUOTES)):
        yield "bearer-prefix"
    if len(core) <= _PLACEHOLDER_LENGTH_MAX and _PLACEHOLDER.fullmatch(core):
        yield "placeholder"
    elif len(core) < _LENGTH_MIN:
        yield "too-short"
    yield from _relations(core, name, others)
    yield from _provenance(core, name, contract)


def _characters(value: str) -> Iterator[str]:
    bare = value.strip("\r\n")
    inside = _unprefixed(bare.strip())
    if "\n" in value or "\r" in value or re.search(r"\\[nr]$", bare.strip(_QUOTES)):
        yield "newline"
    if inside[:1] in _QUOTES or inside[-1:] in _QUOTES:
        yield "quotes"
    if re.search(r"[ \t]", inside.strip(_QUOTES).strip()):
        yield "inner-space"
    if bare != bare.strip(" \t"):
        yield "edge-space"
    foreign = {char for char in value if ord(char) > _ASCII_LAST} - set(_QUOTES) - {"…", "•"}
    if foreign - _LOOK_ALIKE:
        yield "non-ascii"
    if foreign & _LOOK_ALIKE:
        yield "look-alike"
    if any(ord(char) < ord(" ") and char not in "\r\n\t" for char in value) or "\x7f" in value:
        yield "control-character"


_ASCII_LAST = 0x7F


def _relations(core: str, name: str, others: Mapping[str, str]) -> Iterator[str]:
    same = [other for other, value in others.items() if _core(value) == core]
    if not _identifier(name) and any(_identifier(other) for other in same):
        yield "same-as-client-id"
    longer = any(len(_core(o)) > len(core) and _core(o).startswith(core) for o in others.values())
    if _CUT.search(core) or longer:
        yield "cut"


def _provenance(core: str, name: str, contract: Contract) -> Iterator[str]:
    schemes = [s for s in contract.schemes if name in s.variables and not _identifier(name)]
    ours = any(scheme.mark and _marked(scheme.mark, core) for scheme in schemes)
    strangers = {
        known.name
        for known in contract_load.index()
        if known.name != contract.name and any(_marked(mark, core) for mark in known.marks)
    }
    yield from (f"other-provider:{provider}" for provider in sorted(strangers) if not ours)
    if _JWT.fullmatch(core):
        yield "token-shape"
    elif any(s.pattern and not _shaped(s.pattern, core) for s in schemes):
        yield "unusual-shape"
    lengths = sorted({length for scheme in schemes for length in scheme.length})
    counts = ours or not (strangers or any(scheme.mark for scheme in schemes))
    if lengths and len(core) not in lengths and counts:
        yield f"unusual-length:{'/'.join(map(str, lengths))}"


def _marked(mark: str, core: str) -> bool:
    try:
        return re.search(mark, core) is not None
    except re.error:
        return False


def _shaped(pattern: str, core: str) -> bool:
    try:
        return re.fullmatch(pattern, core) is not None
    except re.error:
        return True


def _identifier(name: str) -> bool:
    return name.endswith("_ID")


def _blank(value: str) -> bool:
    return not _core(value)


def _unprefixed(value: str) -> str:
    found = _PREFIX.match(value)
    return value[found.end() :].strip() if found else value


def _core(value: str) -> str:
    """The value without spaces, quotes and scheme words around it."""
    around = _QUOTES + _INVISIBLE + " \t\r\n"
    bare = value.strip(around)
    return "" if bare.lower() in {"bearer", "token", "basic"} else _unprefixed(bare).strip(around)


# --- the .env file ----------------------------------------------------------------------------

_DOTENV_BYTES_MAX = 1 << 20
_NAME = re.compile(r"[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_.]*)[ \t]*=[ \t]*")
_SKIP = re.compile(r"[ \t]*(?:#[^\n]*)?(?:\n|$)")
_VALUES = {
    '"': re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL),
    "'": re.compile(r"'((?:[^'\\]|\\.)*)'", re.DOTALL),
}
_COMMENT = re.compile(r"[ \t]#")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


def read_dotenv(path: Path) -> dict[str, str]:
    """The variables of a `.env` file: `export`, quotes, comments, BOM and CRLF are understood.

    Nothing is expanded: `$OTHER` stays as written. No message quotes a line, for it may be a key.
    """
    text = _dotenv_text(path)
    found: dict[str, str] = {}
    at = 0
    while at < len(text):
        blank = _SKIP.match(text, at)
        if blank:
            at = blank.end()
            continue
        try:
            name, value, at = _assignment(text, at)
        except ValueError as error:
            line = text.count("\n", 0, at) + 1
            hint = "write it as NAME=value, or put # in front of it"
            raise UsageError(str(error), place=f"{path}:{line}", hint=hint) from None
        found[name] = value
    return found


def _assignment(text: str, at: int) -> tuple[str, str, int]:
    """Name, value and where the next line begins. A ValueError says what is wrong with the line."""
    named = _NAME.match(text, at)
    if named is None:
        raise ValueError("this line is not NAME=value")
    start = named.end()
    quote = text[start : start + 1]
    if quote not in _VALUES:
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        return named[1], _bare(text[start:end]), end + 1
    found = _VALUES[quote].match(text, start)
    if found is None:
        raise ValueError("a quote is opened and never closed")
    rest = _SKIP.match(text, found.end())
    if rest is None:
        raise ValueError("text follows the closing quote")
    return named[1], _unescape(found[1], quote), rest.end()


def _bare(value: str) -> str:
    comment = 0 if value.startswith("#") else None
    found = _COMMENT.search(value)
    return value[: found.start() if found and comment is None else comment].strip(" \t")


def _unescape(value: str, quote: str) -> str:
    if quote == '"':
        return re.sub(r"\\(.)", lambda m: _ESCAPES.get(m[1], m[1]), value, flags=re.DOTALL)
    return re.sub(r"\\([\\'])", r"\1", value) if quote == "'" else value


def _dotenv_text(path: Path) -> str:
    data = _dotenv_bytes(path)
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UsageError("the file is UTF-16", place=str(path), hint="save it as UTF-8")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UsageError(
            "the file is not UTF-8", place=f"{path}:{line}", hint="save it as UTF-8"
        ) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _dotenv_bytes(path: Path) -> bytes:
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):  # a virtual environment is often called .env
            return b""
        if not stat.S_ISREG(mode):
            raise UsageError(
                "not a regular file", place=str(path), hint="export the variables instead"
            )
        with path.open("rb") as file:
            data = file.read(_DOTENV_BYTES_MAX + 1)
    except FileNotFoundError:
        return b""
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise UsageError(
            f"cannot read the file: {reason}",
            place=str(path),
            hint="make it readable, or export the variables instead",
        ) from None
    if len(data) > _DOTENV_BYTES_MAX:
        raise UsageError(
            "larger than 1 MiB: surely no .env file",
            place=str(path),
            hint="name the right file, or export the variables instead",
        )
    return data
