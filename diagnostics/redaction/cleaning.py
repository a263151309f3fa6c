"""How is one file cleaned that is no archive? What cannot be shown to be clean is left out."""

import hashlib
import re
from dataclasses import dataclass, field
from enum import Enum

from diagnostics.redact import Gate
from diagnostics.redaction.budget import Budget, WithheldError
from diagnostics.redaction.files import clean_text, text_of, without_metadata
from diagnostics.redaction.kinds import REFUSED, Kind, format_of
from diagnostics.redaction.outcome import Hit, Outcome, Reason
from diagnostics.redaction.preview import hits

_BLOB = re.compile(r"(?:^|/)blobs/([0-9a-f]{64})$")


class Pass(Enum):
    """A secret that one file names is looked for in all of them, so each is gone through twice."""

    LEARN = "learn"
    PREVIEW = "preview"
    WRITE = "write"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clean:
    """One file's clean bytes, and what it is."""

    data: bytes
    format: str
    hits: tuple[Hit, ...] = ()


@dataclass(slots=True, kw_only=True)
class Work:
    """One pass over everything that was named. What becomes of members is noted as it happens."""

    gate: Gate
    turn: Pass
    keep_media: bool = False
    budget: Budget = field(default_factory=Budget)
    outcomes: list[Outcome] = field(default_factory=list)
    renamed: dict[str, str] = field(default_factory=dict)
    """Blobs are named by their hash: old name to new."""

    def new_names(self, text: str) -> str:
        """The text with the names of blobs as they are now."""
        for old, new in self.renamed.items():
            text = text.replace(old, new)
        return text


def clean_plain(work: Work, raw: bytes, name: str, kind: Kind) -> Clean:
    """The clean bytes of one file; raises `WithheldError` for what cannot be made clean."""
    blob = _BLOB.search(name)
    if kind is Kind.PICTURE:
        return _picture(work, raw)
    if blob is not None and hashlib.sha256(raw).hexdigest() == blob[1]:
        return _blob(work, raw, blob[1])
    if kind is Kind.MEDIA and work.keep_media:
        return Clean(data=_unless_secret(work, raw), format="media")
    if kind is not Kind.TEXT:
        raise WithheldError(REFUSED.get(kind, Reason.ARCHIVE))
    return _text(work, raw, name)


def _picture(work: Work, raw: bytes) -> Clean:
    data = without_metadata(work.gate, raw)
    if data is None:
        raise WithheldError(Reason.PICTURE)
    return Clean(data=_unless_secret(work, data), format="picture")


def _unless_secret(work: Work, raw: bytes) -> bytes:
    """Bytes that draw or sound may not be changed: with a known secret in them they stay here."""
    if work.gate.body(raw, "application/octet-stream") != raw:
        raise WithheldError(Reason.LEAK)
    return raw


def _blob(work: Work, raw: bytes, name: str) -> Clean:
    """A recorded body: as strictly as one that stands on the tape itself."""
    data = work.gate.body(raw, None)
    if data != raw:
        work.renamed[name] = hashlib.sha256(data).hexdigest()
    return Clean(data=data, format="body")


def _text(work: Work, raw: bytes, name: str) -> Clean:
    try:
        text, encoding = text_of(raw)
    except UnicodeDecodeError as error:
        raise WithheldError(Reason.TORN) from error
    shape = format_of(name)
    shown = work.new_names(clean_text(work.gate, text, shape))
    found = tuple(hits(text, shown, shape)) if work.turn is Pass.PREVIEW else ()
    data = raw if shown == text else shown.encode(encoding, "surrogateescape")
    return Clean(data=data, format=shape, hits=found)
