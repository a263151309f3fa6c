"""What does a tape of ours hold? A run folder's `tape.jsonl`, or the bundle made of one."""

import tempfile
from pathlib import Path

from diagnostics import bundle, tape
from diagnostics.capture import Capture, Raw, Reader
from diagnostics.model import Text

_SCHEMA = b'"schema":"diagnostics.tape/'


def recognises(raw: Raw) -> bool:
    """The first line names our schema, or it is a ZIP with a tape in it."""
    return _SCHEMA in raw.head[:200].replace(b'": "', b'":"') or bundle.is_bundle(raw)


def read(raw: Raw) -> Capture:
    """The tape as it is; where it stands in a folder, with the blobs beside it."""
    if bundle.is_bundle(raw):
        return bundle.read(raw).capture
    if raw.path is not None:
        return bundle.of_reading(tape.read_whole(raw.path), raw.name)
    with tempfile.TemporaryDirectory(prefix="diagnostics-") as made:
        path = Path(made) / tape.NAME
        path.write_bytes(raw.data)
        return bundle.of_reading(tape.read_whole(path), raw.name)


READER = Reader(
    format="tape",
    title=Text(en="a run's tape or bundle", ru="запись или комплект прогона"),
    order=10,
    recognises=recognises,
    read=read,
)
