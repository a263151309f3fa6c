"""Which small change makes a signature fit? Names what somebody did to the body or the secret.

The sender signed other bytes than those we hold. Whoever parses a body and writes it again, or
saves it through an editor, changes it in one of a few known ways: undo each, and look.
"""

import codecs
import json
from collections.abc import Callable, Iterator
from functools import partial

from diagnostics.contract import decode
from diagnostics.model import Json, Text

SEARCHED_BYTES_MAX = 1_000_000
"""Beyond it no change is searched for: each candidate costs a pass over the body."""


def _mojibake(body: bytes) -> bytes:
    try:
        return body.decode("utf-8").encode("latin-1")
    except UnicodeError:
        return body


_EDGES: tuple[tuple[Text, Callable[[bytes], bytes]], ...] = (
    (
        Text(en="a newline was added at the end", ru="в конец добавлен перевод строки"),
        lambda body: body.removesuffix(b"\n").removesuffix(b"\r"),
    ),
    (
        Text(en="the newline at the end was cut off", ru="с конца срезан перевод строки"),
        lambda body: body + b"\n",
    ),
    (
        Text(en="CRLF at the end was cut off", ru="с конца срезан CRLF"),
        lambda body: body + b"\r\n",
    ),
    (
        Text(en="a byte order mark was added", ru="добавлена метка порядка байтов (BOM)"),
        lambda body: body.removeprefix(codecs.BOM_UTF8),
    ),
    (
        Text(en="the byte order mark was cut off", ru="срезана метка порядка байтов (BOM)"),
        lambda body: codecs.BOM_UTF8 + body,
    ),
    (
        Text(en="CRLF was turned into LF", ru="CRLF заменены на LF"),
        lambda body: body.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"),
    ),
    (
        Text(en="LF was turned into CRLF", ru="LF заменены на CRLF"),
        lambda body: body.replace(b"\r\n", b"\n"),
    ),
    (
        Text(
            en="white space was put around it",
            ru="вокруг добавлены пробелы или переводы строк",
        ),
        lambda body: body.strip(),
    ),
    (
        Text(
            en="UTF-8 was read as Latin-1 and written as UTF-8 again",
            ru="UTF-8 прочли как Latin-1 и снова записали в UTF-8",
        ),
        _mojibake,
    ),
)


_Dump = Callable[[Json], str]
_DUMPS: tuple[tuple[str, _Dump], ...] = tuple(
    (
        f"{layout}{'' if ascii_only else ', letters as UTF-8'}{', keys sorted' if ordered else ''}",
        partial(
            json.dumps,
            separators=separators,
            indent=indent,
            ensure_ascii=ascii_only,
            sort_keys=ordered,
        ),
    )
    for ordered in (False, True)
    for ascii_only in (False, True)
    for layout, separators, indent in (
        ("compact", (",", ":"), None),
        ("with spaces after , and :", (", ", ": "), None),
        ("indented by 2", (",", ": "), 2),
        ("indented by 4", (",", ": "), 4),
        ("indented by a tab", (",", ": "), "\t"),
    )
)
_AS_SENT = Text(
    en="the body was parsed and written again: as it was signed it is {form}",
    ru="тело разобрали и записали заново: подписано оно было в виде «{form}»",
)
_FORMS_RU = {
    "compact": "без пробелов",
    "with spaces after , and :": "с пробелами после , и :",
    "indented by 2": "с отступом 2",
    "indented by 4": "с отступом 4",
    "indented by a tab": "с отступом табуляцией",
    "letters as UTF-8": "буквы в UTF-8",
    "letters as \\u escapes": "буквы как \\u",
    "keys sorted": "ключи по алфавиту",
    "/ as \\/": "/ как \\/",
}


def compact(value: Json) -> bytes:
    """JSON as most servers send it."""
    return _bytes(json.dumps(value, separators=(",", ":"), ensure_ascii=False))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def changed(body: bytes, fits: Callable[[bytes], bool]) -> Text | None:
    """What was done to the body since it was signed; None when nothing we know explains it."""
    if len(body) > SEARCHED_BYTES_MAX:
        return None
    tried = {body}
    for what, candidate in candidates(body):
        if candidate not in tried and fits(candidate):
            return what
        tried.add(candidate)
    return None


def candidates(body: bytes) -> Iterator[tuple[Text, bytes]]:
    """Bodies that may have become this one, each with what was done to it."""
    yield from ((what, undo(body)) for what, undo in _EDGES)
    value = decode(body)
    if not isinstance(value, dict | list):
        return
    for what, text in _written(value):
        yield what, _bytes(text)
        yield what, _bytes(text) + b"\n"


def _written(value: Json) -> Iterator[tuple[Text, str]]:
    for form, dump in _DUMPS:
        try:
            text = dump(value)
        except (ValueError, TypeError, RecursionError):
            continue
        yield _form(form), text
        if "/" in text:
            yield _form(f"{form}, / as \\/"), text.replace("/", "\\/")


def _form(form: str) -> Text:
    parts = form.split(", ") if not form.startswith("with spaces") else _spaced(form)
    russian = ", ".join(_FORMS_RU.get(part, part) for part in parts)
    return Text(
        en=_AS_SENT.en.replace("{form}", form),
        ru=_AS_SENT.ru.replace("{form}", russian),
    )


def _spaced(form: str) -> list[str]:
    head = "with spaces after , and :"
    return [head, *filter(None, form.removeprefix(head).split(", "))]
