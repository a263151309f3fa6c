"""Where in free text do secrets stand? In assignments, commands, markup, base64, URLs."""

import re
from collections.abc import Callable, Iterator

from diagnostics.redaction.fields import promised
from diagnostics.redaction.ledger import Clean
from diagnostics.redaction.names import (
    CONTENT,
    NAMING,
    Place,
    Strength,
    Suspicion,
    is_content,
    suspect,
)
from diagnostics.redaction.survey import found_at, replaced, survey
from diagnostics.redaction.url import clean_url, is_dull, note_host
from diagnostics.redaction.values import (
    PLACEHOLDER,
    is_likely,
    is_placeholder,
    is_secret,
    looks_random,
)

Step = Callable[[Clean, str, Place, int], str]


_NAME = re.compile(
    r"(?<![A-Za-z0-9_.$%{])(?<![A-Za-z0-9_.]-)([A-Za-z_][A-Za-z0-9_.\-]{0,80}+)"
    r"(\\{0,64}[\"']?[ \t]{0,4}(?:=>|:=|==|=|:(?!/))"
    r"(?:\\{0,64}\r?\n[ \t]{1,64}\\{0,64})?[ \t]{0,4}|[\"'][ \t]{0,2},[ \t]{0,2}(?=b?[\"']))"
)
_NAME_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-"
_NAME_MOST, _NAME_REACH = 88, 200
_OPERATES = re.compile(r"[A-Za-z0-9_.\-]{0,80}(?:\\{0,64}[\"']?[ \t]{0,4}[:=]|[\"'][ \t]{0,2},)")
_VALUE = re.compile(
    r"""b?\\{0,64}"(?P<double>(?:[^"\\\n]|\\(?!\\{0,64}").){0,16384})"""
    r"""|b?'(?:'{1,7}(?=[A-Za-z0-9]))?(?P<single>(?:[^'\\\n]|\\.){0,16384})"""
    r"""|(?P<named>\$\{{1,2}[^{}\n]{0,80}\}{1,2}|\{\{[^{}\n]{0,80}\}\}|\$\([^()\n]{0,80}\))"""
    r"""|(?P<bare>[^\s"'<>,;&(){}\[\]|`\\]{1,16384})"""
)
_QUOTES = {'"', "'"}
"""A quoted name is a key of some data, a bare one may be a word of a sentence."""
_LINE = re.compile(rf"""(?:{PLACEHOLDER.pattern}|[^\r\n"'<>\\]){{1,16384}}""")
_WHOLE_LINE = frozenset({"authorization", "cookie", "content"})
_MORE_WORDS = re.compile(r"[,.;]?[ \t]+[A-Za-zА-Яа-яЁё(]")
_WORD = re.compile(r"[A-Za-zА-Яа-яЁё][a-zа-яё']{0,23}[.,;:!?]?")


def assignments(clean: Clean, text: str, _place: Place, depth: int) -> str:
    """`NAME=value`, `name: value`, `"name": "value"`, header lines, in any language's spelling."""
    pieces: list[str] = []
    at = 0
    for found in _names(text, content=clean.hides_content):
        if found.start() < at:
            continue
        named = Place.JSON if set(found[2]) & _QUOTES else Place.TEXT
        suspicion = _promised(clean, found[1], named)
        if suspicion is None or _is_in_placeholder(text, found.start()):
            continue
        whole = (
            suspicion.kind in _WHOLE_LINE and text[found.end() : found.end() + 1] not in "\"'\\b[{"
        )
        value = (_LINE if whole else _VALUE).match(text, found.end())
        if value is None or not _is_meant(text, found, value, suspicion):
            continue
        start, end = _inside(value)
        shown = clean.field(found[1], text[start:end], named, depth + 1)
        pieces += [text[at:start], shown]
        at = end
    return "".join([*pieces, text[at:]]) if pieces else text


_PAIR = re.compile(
    r"""((?:name|key)"?[ \t]{0,4}[:=][ \t]{0,4}["']?([A-Za-z_][\w.\-/]{0,80})["']?,?"""
    r"""\r?\n[ \t]{0,40}"""
    r"""value"?[ \t]{0,4}[:=][ \t]{0,4}["']?)([^\s"'<>]{1,4096})""",
    re.IGNORECASE,
)


def pairs(clean: Clean, text: str, _place: Place, depth: int) -> str:
    """`- name: API_TOKEN` and `value: …` on the next line, as files of settings have it."""

    def shown(found: re.Match[str]) -> str:
        suspicion = promised(clean, found[2], Place.JSON)
        if suspicion is None or not is_secret(found[3], suspicion):
            return found[0]
        return found[1] + clean.field(found[2], found[3], Place.JSON, depth + 1)

    if "\n" not in text:
        return text
    return replaced(text, found_at(_PAIR, text, survey(text).places((b"name", b"key"))), shown)


def _names(text: str, *, content: bool) -> Iterator[re.Match[str]]:
    """Names with a telling word in them, and what assigns to them."""
    seen = survey(text)
    words = (*NAMING, *CONTENT) if content else NAMING
    for start in sorted({_begins(text, n) for n in seen.places(words) if _OPERATES.match(text, n)}):
        found = _NAME.search(text, start, start + _NAME_REACH)
        if found is not None:
            yield found


def _begins(text: str, at: int) -> int:
    """Where the name begins in which a word stands."""
    before = text[max(0, at - _NAME_MOST) : at]
    return at - len(before) + len(before.rstrip(_NAME_CHARACTERS))


def _promised(clean: Clean, name: str, place: Place) -> Suspicion | None:
    if clean.hides_content and is_content(name):
        return Suspicion(kind="content", strength=Strength.SURE)
    return promised(clean, name, place)


def _is_in_placeholder(text: str, at: int) -> bool:
    """Whether a name is the first word of a placeholder, as is or escaped."""
    return any(at >= n and PLACEHOLDER.match(text, at - n) for n in (1, 3, 4, 6))


def _inside(value: re.Match[str]) -> tuple[int, int]:
    group = value.lastgroup
    return value.span(group) if group else value.span()


def _is_meant(text: str, name: re.Match[str], value: re.Match[str], suspicion: Suspicion) -> bool:
    """`password: wrong one given` is a message; `password: hunter2` is a password."""
    start, end = _inside(value)
    held = text[start:end]
    if not held or value.lastgroup == "named" or PLACEHOLDER.match(text, start):
        return False
    if "," in name[2]:
        return is_likely(held)
    if "\n" in name[2]:
        return value.lastgroup != "bare" or (is_likely(held) and not held.endswith(":"))
    if value.lastgroup == "bare" and _is_code(name[1], held, text[end : end + 1]):
        return False
    if value.lastgroup == "bare" and ":" in name[2] and _WORD.fullmatch(held):
        return (
            suspicion.kind in {"password", "secret"}
            and not _MORE_WORDS.match(text, end)
            and held not in _STATES
        )
    return True


def _is_code(name: str, held: str, after: str) -> bool:
    """`api_key=api_key`, `token = read(...)`: the name of a value, not the value."""
    return held.lower() == name.lower() or (after == "(" and held.replace(".", "").isidentifier())


_MAYBE = Suspicion(kind="api-key", strength=Strength.MAYBE)
_STATES = frozenset(
    [
        "missing",
        "set",
        "unset",
        "blank",
        "empty",
        "present",
        "absent",
        "ok",
        "valid",
        "invalid",
        "wrong",
        "unknown",
    ]
)

_BEARER = re.compile(
    r"(?i)(?<![A-Za-z])(bearer|basic|apikey|token)([ \t]+|%20|\+)([A-Za-z0-9\-._~+/%:]{8,16384}+=*)"
)


def schemes(clean: Clean, text: str, place: Place, _depth: int) -> str:
    """`Bearer …` and `Basic …` wherever they stand."""

    def shown(found: re.Match[str]) -> str:
        value = found[3]
        sure = found[1].lower() in {"bearer", "basic"}
        if is_placeholder(value) or not (is_likely(value) if sure else looks_random(value)):
            return found[0]
        hidden = clean.ledger.hide(value, kind="authorization", rule="scheme", place=place)
        return found[1] + found[2] + hidden

    places = survey(text).places((b"bearer", b"basic", b"apikey", b"token"))
    return replaced(text, found_at(_BEARER, text, places), shown)


_ECHO = re.compile(
    r"(?i)(?<![A-Za-z])((?:[a-z]{2,16}[ _\-])?"
    r"(?:keys?|tokens?|secrets?|passwords?|passcode|credentials?|jwt))"
    r"((?: (?:provided|given|received|used|sent|was|is|of|value|found|unknown|invalid|expired|with"
    r"|supplied|specified|presented|called|named)){0,3} ?[:=]? {0,2}\\?[\"'`\[(<]?)"
    r"([A-Za-z0-9_\-+/.=~]{11,4096}[A-Za-z0-9_\-+/=~])"
)
_ECHO_ENDS = re.compile(r"[A-Za-z]{3,11}[ :=][ A-Za-z:=]{0,48}\\?[\"'`\[(<]?[A-Za-z0-9_\-+/.=~]")
_WORD_BEFORE = re.compile(r"(?<![A-Za-z])[A-Za-z]{2,16}[ _\-]\Z")
_ECHO_BEFORE = 20
_ECHOED = (b"key", b"token", b"secret", b"passwor", b"passcode", b"credential", b"jwt")
_HEX = re.compile(r"[0-9A-Fa-f]{32,128}")


def echoes(clean: Clean, text: str, place: Place, _depth: int) -> str:
    """`Incorrect API key provided: …`: an answer that repeats what it refuses."""

    def shown(found: re.Match[str]) -> str:
        suspicion = suspect(found[1], Place.JSON)
        if suspicion is None or PLACEHOLDER.match(text, found.start(3) - 1):
            return found[0]
        value = found[3]
        named = suspicion.strength is Strength.SURE
        if not is_secret(value, _MAYBE) and not (named and _HEX.fullmatch(value)):
            return found[0]
        hidden = clean.ledger.hide(value, kind=suspicion.kind, rule="echo", place=place)
        return found[1] + found[2] + hidden

    return replaced(text, _echoing(text), shown)


def _echoing(text: str) -> Iterator[re.Match[str]]:
    done = 0
    for at in sorted(set(survey(text).places(_ECHOED))):
        if at < done or _ECHO_ENDS.match(text, at) is None:
            continue
        word = _WORD_BEFORE.search(text, max(at - _ECHO_BEFORE, done), at)
        found = _ECHO.match(text, word.start() if word else at)
        if found is not None:
            done = found.end()
            yield found


_USER = re.compile(
    r"""(?<!\S)(-u|-U|--user|--proxy-user|--auth|-a)([ \t]+|=)(["']?)"""
    r"""([^\s"':<]{1,200}:[^\s"'<]{1,4096})"""
)
_TOKEN = re.compile(r"""(?<!\S)((?:-a|--auth|--oauth2-bearer)[ \t=]+["']?)([^\s"':<]{16,4096})""")
_OPTION = re.compile(
    r"""(?<!\S)(--?[A-Za-z][\w\-]{0,60}+|(?:setx|SET|set) [A-Z_]{2,60}+)"""
    r"""[ \t]+["']?([^\s"'<>\-][^\s"'<>]{0,4096})"""
)


def commands(clean: Clean, text: str, place: Place, depth: int) -> str:
    """`curl -u user:password`, `--api-key VALUE`, `setx NAME VALUE`."""

    def user(found: re.Match[str]) -> str:
        hidden = clean.ledger.hide(found[4], kind="userinfo", rule="command-user", place=place)
        return f"{found[1]}{found[2]}{found[3]}{hidden}"

    def token(found: re.Match[str]) -> str:
        if is_placeholder(found[2]) or not looks_random(found[2], least=16):
            return found[0]
        hidden = clean.ledger.hide(found[2], kind="token", rule="command-user", place=place)
        return found[1] + hidden

    def option(found: re.Match[str]) -> str:
        name = found[1].lstrip("-").split(" ")[-1]
        suspicion = suspect(name, Place.TEXT)
        if suspicion is None or not (is_likely(found[2]) or "set" in found[1]):
            return found[0]
        head = found[0][: found.start(2) - found.start()]
        return head + clean.field(name, found[2], place, depth + 1)

    if any(tool in text for tool in ("curl", "http", "wget")):
        text = _TOKEN.sub(token, text)
        text = _USER.sub(user, text)
    return replaced(text, found_at(_OPTION, text, _options(text)), option)


def _options(text: str) -> Iterator[int]:
    """Where an option or a `set` begins."""
    seen = survey(text)
    if seen.has(*NAMING):
        yield 0
        yield from (at + 1 for at in seen.places((b" -", b"\n-", b"\t-")))
        yield from seen.places((b"setx ", b"set "))


_URL = re.compile(
    r":((?:\\{0,3}/){2})((?:[^\s\"'<>`\\%&]+|"
    + PLACEHOLDER.pattern
    + r"|\\{1,3}/|\\u0026|[^\s\"'<>`\\])+)"
)


_ASKED = re.compile(r"(?<![^\s\"'(=])/[^\s\"'<>()?#\\]{0,2000}\?[^\s\"'<>`\\]{3,8192}")
"""A request line's path and query."""


_PATH_REACH = 2048


def _paths(text: str) -> Iterator[int]:
    """Where a path begins that has a query."""
    at = text.find("?")
    while at >= 0:
        before = text[max(0, at - _PATH_REACH) : at]
        head = before.split()[-1] if before and not before[-1].isspace() else ""
        for mark in "\"'(=":
            head = head.rpartition(mark)[2]
        if head.startswith("/"):
            yield at - len(head)
        at = text.find("?", at + 1)


def urls(clean: Clean, text: str, _place: Place, depth: int) -> str:
    """Every URL, whatever stands around it; slashes may be escaped as JSON does."""

    def shown(found: re.Match[str]) -> str:
        rest, slash = found[2], found[1][: len(found[1]) // 2]
        plain = rest.replace(slash, "/") if slash != "/" else rest
        if is_dull("x://" + plain) and not clean.hides_hosts:
            note_host(clean, plain)
            return found[0]
        cleaned = clean_url(clean, "x://" + plain, depth + 1)[4:]
        if cleaned == plain:
            return found[0]
        return ":" + found[1] + (cleaned.replace("/", slash) if slash != "/" else cleaned)

    def asked(found: re.Match[str]) -> str:
        return clean_url(clean, found[0], depth + 1)

    seen = survey(text).raw
    if b"?" in seen and b"=" in seen:
        text = replaced(text, found_at(_ASKED, text, _paths(text)), asked)
    return replaced(text, found_at(_URL, text, survey(text).places((b"://", b":\\"))), shown)


_TAG = re.compile(r"<(?:input|meta)\b([^<>]{1,4000})>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""([A-Za-z\-]{1,40}+)\s{0,3}=\s{0,3}(?:"([^"]*)"|'([^']*)')""")
_ELEMENT = re.compile(r"<([A-Za-z][\w.:\-]{0,80}+)(?:[ \t][^<>]{0,400})?>([^<>]{4,8192})(?=</)")


def markup(clean: Clean, text: str, place: Place, depth: int) -> str:
    """Hidden inputs, CSRF metas, XML elements."""

    def tag(found: re.Match[str]) -> str:
        held = {a[1].lower(): a[2] or a[3] or "" for a in _ATTRIBUTE.finditer(found[1])}
        name = held.get("name") or held.get("property") or held.get("id") or ""
        value = held.get("value") or held.get("content") or ""
        suspicion = suspect(name, Place.FORM)
        if suspicion is None or not value or not is_secret(value, suspicion):
            return found[0]
        return found[0].replace(value, clean.field(name, value, place, depth + 1))

    def element(found: re.Match[str]) -> str:
        suspicion = suspect(found[1], Place.JSON)
        if suspicion is None or not is_secret(found[2].strip(), suspicion):
            return found[0]
        head = found[0][: len(found[0]) - len(found[2])]
        return head + clean.field(found[1], found[2], place, depth + 1)

    return _ELEMENT.sub(element, _TAG.sub(tag, text)) if "<" in text else text


_EOL = r"(?:\\{1,64}r|\r)?(?:\\{1,64}n|\n)"
_TO_EOL = r"(?:(?!\\{1,64}[rn])[^\r\n]|\\{1,64}\n[ \t]{1,64})"
_PART = re.compile(
    rf"""(?i)(form-data;{_TO_EOL}{{0,200}}?\bname=\\{{0,64}}"([^"\\\r\n]{{1,200}})\\{{0,64}}"{_TO_EOL}{{0,400}}"""
    rf"""(?:{_EOL}{_TO_EOL}{{1,400}}){{0,8}}{_EOL}{_EOL})({_TO_EOL}{{1,65536}})"""
)
"""A part of a form; its line ends may stand as they are written in a string."""


def multipart(clean: Clean, text: str, _place: Place, depth: int) -> str:
    """Fields of a multipart body."""

    def part(found: re.Match[str]) -> str:
        return found[1] + clean.field(found[2], found[3], Place.FORM, depth + 1)

    return _PART.sub(part, text) if "form-data" in text else text
