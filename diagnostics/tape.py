"""How is a tape kept on disk? One JSON line an exchange, appended as it happens.

`tape.jsonl` opens with the case. Before a paid call leaves, a line says that it is about to: if
the process dies before the answer is written, the tape still tells that credits may be spent.
Its last line says how the run ended; where it is missing, the run was killed. Bodies beyond
64 KiB stand beside it under their hash, and `tape.idx` finds an exchange without reading the rest.
A torn line is survived and reported.
"""

from diagnostics.taping.blobs import BLOB_BYTES, Blob, BlobWriter
from diagnostics.taping.entries import flow_name
from diagnostics.taping.index import TapeIndex
from diagnostics.taping.miss import Difference, Miss
from diagnostics.taping.reading import Ended, Reading, read, read_whole
from diagnostics.taping.reading import slot as slot_of
from diagnostics.taping.recorded import Recorded
from diagnostics.taping.shelf import Shelf, shelf_of
from diagnostics.taping.writer import NAME, SCHEMA, Bodies, TapeFile

__all__ = [
    "BLOB_BYTES",
    "NAME",
    "SCHEMA",
    "Blob",
    "BlobWriter",
    "Bodies",
    "Difference",
    "Ended",
    "Miss",
    "Reading",
    "Recorded",
    "Shelf",
    "TapeFile",
    "TapeIndex",
    "flow_name",
    "read",
    "read_whole",
    "shelf_of",
    "slot_of",
]
