"""What does the tape hold of one exchange, as far as somebody needs it who plays it again?"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from diagnostics.model import Fault, Headers, Json
from diagnostics.tape_values import body_from, chunks_from, fault_from, headers_from
from diagnostics.taping.blobs import blob_path


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One recorded answer, ready to be given again.

    `status` None: no head came (`fault` tells why). A `fault` with a status is a cut body: first
    what had come, then the failure. `body` is empty where `blob` names the file that holds it.
    """

    position: int  # on the tape
    status: int | None = None
    reason: str = ""
    http_version: str = "HTTP/1.1"
    headers: Headers = ()
    body: bytes = b""
    blob: Path | None = None
    size_bytes: int = 0  # of the body, wherever it stands
    chunks: tuple[tuple[float, int], ...] = ()
    fault: Fault | None = None
    started_s: float = 0.0
    duration_s: float = 0.0
    notes: Mapping[str, Json] = field(default_factory=dict)
    """What the writer noted beside the exchange (`TapeFile.append(…, notes=…)`)."""


_NO_NOTES: Mapping[str, Json] = {}


def recorded_from(line: Mapping[str, Json], position: int, home: Path) -> Recorded:
    """The answer of a line. Raises what `lines.UNREADABLE` names for a wrong one."""
    answer = line["answer"]
    blob, size = None, None
    body = body_from(answer)
    if "blob" in answer:
        blob, size = blob_path(home, answer["blob"]), answer.get("blob_bytes")
    status = answer.get("status")
    return Recorded(
        position=position,
        status=None if status is None else int(status),
        reason=answer.get("reason", ""),
        http_version=answer.get("http", "HTTP/1.1"),
        headers=headers_from(answer),
        body=body,
        blob=blob,
        size_bytes=size if isinstance(size, int) else len(body),
        chunks=chunks_from(answer) if "chunks" in answer else (),
        fault=fault_from(answer) if "fault" in answer else None,
        started_s=float(line["started_s"]),
        duration_s=float(line.get("duration_s", 0.0)),
        notes=line.get("notes", _NO_NOTES),
    )
