"""What does the tape hold of one exchange, as far as somebody needs it who plays it again?"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from diagnostics.model import Fault, Headers, Json


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
