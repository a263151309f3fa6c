"""How is somebody's text made fit for sharing? By what it is: JSON, HAR, cassette, tape, log."""

import base64
import binascii
import codecs
import re

from diagnostics.model import Headers, Json
from diagnostics.redact import Gate
from diagnostics.redaction.pictures import PLACE, is_whole, strip
from diagnostics.redaction.tree import decode, encode

SIZE_MOST = 256 * 1024 * 1024
_ALIAS = re.compile(r"(?:^|[:\-\[,{])\s*\*[A-Za-z0-9_]+", re.MULTILINE)
_ALIASES_MOST = 16
"""Each may double what a document unfolds to; no recording has more than a few."""
_WIDE = ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_PAIR = 2
_PICTURES = ("/9j", "iVBORw0KGgo", "UklGR", "R0lGOD")
_PICTURE = re.compile(
    r"(?<![A-Za-z0-9+/])(?:\\?/9j\\?/|iVBORw0KGgo|UklGR|R0lGOD)(?:[A-Za-z0-9+/]|\\/)++={0,2}"
    r"(?:\r?\n[ \t]{0,40}[A-Za-z0-9+/]++={0,2})*+"
)
"""A picture in base64, wherever it stands: a HAR's body, a `data:` URL, a mail over many lines.
JSON may escape slashes."""
_WIDTH_MOST = 128
"""Of lines that base64 is broken into: 64 and 76 are usual."""
_BREAK = re.compile(r"\r?\n[ \t]*")


def text_of(raw: bytes) -> tuple[str, str]:
    """The text of a file and the encoding to write it back in; raises UnicodeDecodeError."""
    for mark, encoding in _WIDE:
        if raw.startswith(mark):
            return raw.decode(encoding), encoding
    return raw.decode("utf-8", "surrogateescape"), "utf-8"


def clean_text(gate: Gate, text: str, format: str) -> str:  # noqa: A002  # it is the format's name
    """The text of one file, cleaned as what it is; what does not parse is cleaned as text."""
    text = _without_metadata(gate, text)
    if format == "yaml":
        cleaned = _clean_yaml(gate, text)
        if cleaned is not None:
            return cleaned
    if format == "jsonl":
        return "".join(_clean_line(gate, line) for line in text.splitlines(keepends=True))
    return gate.text(text)


def _without_metadata(gate: Gate, text: str) -> str:
    """The text with its pictures cleaned: looked for by their first letters, as texts are long."""
    pieces, at = [], 0
    for start in sorted(one.start() for mark in _PICTURES for one in re.finditer(mark, text)):
        begin = start - (text[start - 1 : start] == "\\")
        found = _PICTURE.match(text, begin) if begin >= at else None
        if found is not None:
            pieces += [text[at:begin], _pictures(gate, found[0])]
            at = found.end()
    return "".join([*pieces, text[at:]]) if pieces else text


def _pictures(gate: Gate, found: str) -> str:
    """One picture on one line or on many of one width; what follows it is left alone."""
    first = _BREAK.search(found)
    if first is None:
        return _picture(gate, found)
    lines, width = _BREAK.split(found), first.start()
    if width > _WIDTH_MOST:  # all of it stands on one line
        return _picture(gate, lines[0]) + found[width:]
    count = next((n for n, line in enumerate(lines[1:], 1) if len(line) != width), len(lines) - 1)
    count += len(lines[count]) <= width
    packed, rest = "".join(lines[:count]), _after(found, count)
    shown = _picture(gate, packed)
    if shown == packed:
        return found
    return first[0].join(shown[at : at + width] for at in range(0, len(shown), width)) + rest


def _after(found: str, count: int) -> str:
    """What stands after so many lines."""
    breaks = list(_BREAK.finditer(found))
    return found[breaks[count - 1].start() :] if count <= len(breaks) else ""


def _picture(gate: Gate, packed: str) -> str:
    """The same picture without its metadata; what is no picture stays as it was."""
    try:
        raw = base64.b64decode(packed.replace("\\/", "/"), validate=True)
    except (binascii.Error, ValueError):
        return packed
    if not is_whole(raw):  # a piece of a picture that goes on elsewhere
        return packed
    cleaned = without_metadata(gate, raw)
    if cleaned is None or cleaned == raw:
        return packed
    shown = base64.b64encode(cleaned).decode()
    return shown.replace("/", "\\/") if "\\/" in packed else shown


def without_metadata(gate: Gate, raw: bytes) -> bytes | None:
    """The picture, what went from it counted; None: none that can be cleaned without loss."""
    stripped = strip(raw)
    if stripped is None:
        return None
    for rule, count in stripped.removed.items():
        gate.removed[rule, PLACE] += count
    return stripped.data


# --- JSON Lines, tapes among them ---------------------------------------------------------------


def _clean_line(gate: Gate, line: str) -> str:
    """One line; an exchange of a tape by its parts, which a stranger's names would not tell."""
    bare = line.strip()
    try:
        value = decode(bare) if bare[:1] == "{" else None
    except ValueError:
        value = None
    if not isinstance(value, dict):
        return gate.text(line)
    cleaned = gate.json(_exchange(gate, value))
    return line if cleaned == value else line.replace(bare, encode(cleaned, bare), 1)


def _exchange(gate: Gate, line: dict[str, Json]) -> dict[str, Json]:
    if isinstance(line.get("intent"), dict):
        return {**line, "intent": _exchange(gate, line["intent"])}
    if not isinstance(line.get("request"), dict) or not isinstance(line.get("answer"), dict):
        return line
    return {**line, **{part: _message(gate, line[part]) for part in ("request", "answer")}}


def _message(gate: Gate, part: dict[str, Json]) -> dict[str, Json]:
    headers = _headers(part.get("headers"))
    if headers is not None:
        part = {**part, "headers": [list(pair) for pair in gate.headers(headers)]}
    kind = next((v for n, v in headers or () if n.lower() == "content-type"), None)
    body, packed = part.get("body"), part.get("body64")
    if isinstance(body, str):
        raw = body.encode("utf-8", "surrogatepass")
        shown = gate.body(raw, kind)
        return part if shown == raw else {**part, "body": shown.decode("utf-8", "replace")}
    if isinstance(packed, str):
        return {**part, "body64": _body64(gate, packed, kind)}
    return part


def _headers(value: Json) -> Headers | None:
    if not isinstance(value, list):
        return None
    pairs = [one for one in value if isinstance(one, list) and len(one) == _PAIR]
    return tuple((str(name), str(held)) for name, held in pairs) if pairs == value else None


def _body64(gate: Gate, packed: str, kind: str | None) -> str:
    try:
        raw = base64.b64decode(packed)
    except (binascii.Error, ValueError):
        return gate.text(packed)
    shown = gate.body(raw, kind)
    return packed if shown == raw else base64.b64encode(shown).decode()


# --- YAML ---------------------------------------------------------------------------------------


def _clean_yaml(gate: Gate, text: str) -> str | None:
    """A cassette stays loadable: decoded, cleaned, written again. None: not plain YAML."""
    import yaml  # noqa: PLC0415  # only this format needs it

    from diagnostics.document import too_deep  # noqa: PLC0415  # see above

    if len(_ALIAS.findall(text)) > _ALIASES_MOST:
        return None
    loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    dumper: type[yaml.SafeDumper] = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    try:
        if too_deep(text) is not None:
            return None
        value = yaml.load(text, Loader=loader)  # noqa: S506  # a safe loader
        if not isinstance(value, (dict, list)):
            return None
        cleaned = _clean_bytes(gate, gate.json(value))
        if cleaned == value:
            return text if gate.text(text) == text else _dump(yaml, cleaned, dumper)
        return _dump(yaml, cleaned, dumper)
    except (yaml.YAMLError, ValueError, RecursionError):
        return None


def _dump(yaml: Json, value: Json, dumper: Json) -> str:
    return str(
        yaml.dump(value, Dumper=dumper, allow_unicode=True, sort_keys=False, width=1_000_000)
    )


def _clean_bytes(gate: Gate, value: Json) -> Json:
    """YAML's binary values: bodies that vcrpy could not write as text."""
    if isinstance(value, bytes):
        return gate.body(without_metadata(gate, value) or value, None)
    if isinstance(value, dict):
        return {key: _clean_bytes(gate, one) for key, one in value.items()}
    if isinstance(value, list):
        return [_clean_bytes(gate, one) for one in value]
    return value
