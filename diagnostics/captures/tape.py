"""What does a tape of ours hold? A run folder's `tape.jsonl`, or the bundle made of one."""

import tempfile
from pathlib import Path

from diagnostics import bundle, tape
from diagnostics.capture import Broken, Capture, Raw, Reader
from diagnostics.model import Case, Origin, Text

_SCHEMA = b'"schema":"diagnostics.tape/'
_TORN = Text(
    en="a line of the tape that cannot be read",
    ru="строка записи, которую не удалось прочитать",
)


def recognises(raw: Raw) -> bool:
    """The first line names our schema, or it is a ZIP with a tape in it."""
    return _SCHEMA in raw.head[:200].replace(b'": "', b'":"') or bundle.is_bundle(raw)


def read(raw: Raw) -> Capture:
    """The tape as it is; where it stands in a folder, with the blobs beside it."""
    if bundle.is_bundle(raw):
        found = bundle.read(raw)
        return _capture(raw.name, "bundle", found.reading, str(found.manifest.get("harness", "")))
    if raw.path is not None:
        return _capture(raw.name, "tape", tape.read_whole(raw.path))
    with tempfile.TemporaryDirectory(prefix="diagnostics-") as made:
        path = Path(made) / tape.NAME
        path.write_bytes(raw.data)
        return _capture(raw.name, "tape", tape.read_whole(path))


def _capture(name: str, kind: str, reading: tape.Reading, harness: str = "") -> Capture:
    """A tape of ours knows its case, and its exchanges what they were for."""
    case = reading.tape.case
    harness = harness or case.environment.harness
    return Capture(
        name=name,
        format=kind,
        exchanges=reading.tape.exchanges,
        broken=[Broken(place=f"{name}: {tape.NAME}", why=_TORN)] * reading.torn,
        creator=f"genvideo-diagnostics {harness}".strip(),
        case=case,
        origin=origin_of(case),
        recorded_s=case.started_s,
    )


def origin_of(case: Case) -> Origin:
    """How the run's answers came to be."""
    return case.target.origin or (Origin.EMULATED if case.target.emulated else Origin.LIVE)


READER = Reader(
    format="tape",
    title=Text(en="a run's tape or bundle", ru="запись или комплект прогона"),
    order=10,
    recognises=recognises,
    read=read,
)
