"""What goes to the provider's support? One ZIP: report, tape, HAR, cassette, proof, script.

The same tape gives the same bytes: times are those of the run, members stand in order. Every
member has passed the gate, and is looked through once more in the finished file.
"""

import hashlib
import json
import re
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from diagnostics import __version__
from diagnostics.bundle import MANIFEST, MEMBER_BYTES_MOST, PART_BYTES, SCHEMA, VERDICT
from diagnostics.contract import Contract
from diagnostics.errors import DiagnosticsError, LeakError, UsageError
from diagnostics.finding import Report
from diagnostics.model import Json
from diagnostics.redact import Gate
from diagnostics.redaction.disk import unwritable
from diagnostics.tape import NAME as TAPE
from reports.bundling.hidden import proof
from reports.bundling.script import BODY, script, shell
from reports.document import document
from reports.render import filled, rendered
from reports.verdict import canonical
from reports.words import Words, words

SHOWN = {"txt": "report.txt", "html": "report.html", "md": "report.md", "json": "result.json"}
README, SCRIPT, HAR = "README.txt", "reproduce.sh", "capture.har"
CASSETTE, CERTIFICATE, ENVIRONMENT = "cassette.yaml", "certificate.json", "environment.json"
BODIES_MOST = 1 << 28
"""Bytes of all blobs; what is beyond is left out and named."""
TOLD_BYTES_MOST = 1 << 26
"""Of a tape that is told once more as HAR and cassette: both are made in memory."""
OVERLAP_BYTES = 64 * 1024
"""More than any secret is long: none hides between two parts of a member."""
_BLOB = re.compile(rb'"blob":"([0-9a-f]{64})"')

Member = bytes | Path
LeftOut = list[Mapping[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What a bundle is made of. `tape` is the file that `report` was judged from."""

    report: Report
    contract: Contract
    language: str
    gate: Gate
    tape: Path
    bodies_most: int = BODIES_MOST
    told_most: int = TOLD_BYTES_MOST

    @property
    def words(self) -> Words:
        """The language of the run."""
        return words(self.language)


def write(path: Path, source: Source) -> None:
    """Write the bundle whole or not at all."""
    members = dict(sorted(_members(source).items()))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".bundle.", delete=False) as file:
            draft = Path(file.name)
            try:
                _zip(draft, members, source.report.tape.case.started_s)
                _look_through(draft, source.gate)
                draft.chmod(0o644)
                draft.replace(path)
            except BaseException:
                with suppress(OSError):
                    draft.unlink()
                raise
    except OSError as error:
        raise unwritable(path, error) from error


# --- what stands in it --------------------------------------------------------------------------


def _members(source: Source) -> dict[str, Member]:
    left_out: LeftOut = []
    made = document(source.report, source.contract, language=source.language, formats=SHOWN)
    plan = script(source.report, source.contract, source.language)
    members: dict[str, Member] = {name: _shown(made, kind) for kind, name in SHOWN.items()}
    members |= _evidence(source, left_out)
    members[VERDICT] = canonical(source.report)
    members[ENVIRONMENT] = _json(made["environment"])
    if plan.body is not None:
        members[BODY] = plan.body
    facts = {"made": made, "script": plan.facts, "harness": __version__, "left_out": left_out}
    text = filled("bundle.reproduce.jinja", source.language, facts, shell=shell)
    members[SCRIPT] = _encoded(text)
    looked_at = {name: _parts(member) for name, member in members.items()}
    members[CERTIFICATE] = _json(proof(looked_at, source.gate, source.language))
    members[README] = _readme(source, facts, members)
    members[MANIFEST] = _manifest(source, made, members, left_out)
    return members


def _shown(made: Mapping[str, Any], kind: str) -> bytes:
    return _encoded(rendered(made, format=kind))


def _evidence(source: Source, left_out: LeftOut) -> dict[str, Member]:
    """The tape in its three shapes; a very long one in its own alone."""
    from diagnostics import har  # noqa: PLC0415  # only a bundle has one

    size = _size(source.tape)
    if size > MEMBER_BYTES_MOST:
        raise UsageError(
            f"the tape is too large for a bundle ({size} bytes)",
            place=str(source.tape),
            hint="redact the run folder and send that: diagnostics redact",
        )
    members: dict[str, Member] = {TAPE: source.tape}
    members |= _blobs(source, left_out)
    if size > source.told_most:
        why = source.words.say("bundle.too_long", size=source.words.size(size))
        left_out.extend({"name": name, "why": why} for name in (HAR, CASSETTE))
        return members
    members[HAR] = _encoded(har.text_of(source.report.tape, source.gate))
    try:
        members[CASSETTE] = _cassette(source)
    except LeakError:
        raise
    except (DiagnosticsError, ValueError) as error:  # ValueError: an exchange that is none
        left_out.append({"name": CASSETTE, "why": source.gate.text(str(error))})
    return members


def _cassette(source: Source) -> bytes:
    from diagnostics import cassette  # noqa: PLC0415  # brings YAML

    return _encoded(cassette.text_of(source.report.tape, source.gate))


def _blobs(source: Source, left_out: LeftOut) -> dict[str, Member]:
    """Only those that the tape names, the first come first."""
    found: dict[str, Member] = {}
    left = source.bodies_most
    for name in _named(source.tape):
        path = source.tape.parent / "blobs" / name
        if not path.is_file() or path.is_symlink():
            continue
        size = path.stat().st_size
        if size <= left:
            found[f"blobs/{name}"] = path
            left -= size
        else:
            facts = {"size": source.words.size(size), "most": source.words.size(source.bodies_most)}
            why = source.words.say("bundle.too_large", **facts)
            left_out.append({"name": f"blobs/{name}", "why": why})
    return found


def _named(tape: Path) -> Iterator[str]:
    seen: set[bytes] = set()
    with tape.open("rb") as file:
        for line in file:
            for name in _BLOB.findall(line):
                if name not in seen:
                    seen.add(name)
                    yield name.decode()


def _readme(source: Source, facts: Mapping[str, Any], members: Mapping[str, Member]) -> bytes:
    table = source.words.table["member"]
    held = {*members, MANIFEST}
    rows = [(name, meant) for name, meant in table.items() if name in held]
    text = filled("bundle.readme.jinja", source.language, {**facts, "members": rows})
    return _encoded(text)


def _manifest(
    source: Source, made: Mapping[str, Any], members: Mapping[str, Member], left_out: LeftOut
) -> bytes:
    target = source.report.tape.case.target
    return _json(
        {
            "schema": SCHEMA,
            "harness": __version__,
            "provider": target.provider,
            "contract": made["environment"]["contract"],
            "target": target.kind.value,
            "emulated": target.emulated,
            "fault": made["target"]["fault"],
            "run_id": made["run_id"],
            "created": made["started"],
            "language": source.language,
            "members": [
                {"name": name, "bytes": _size(member), "sha256": _hash(member)}
                for name, member in sorted(members.items())
            ],
            "left_out": left_out,
        }
    )


def _encoded(text: str) -> bytes:
    """Half a character (a lone surrogate) is no UTF-8, and cannot be sent to anybody."""
    return text.encode("utf-8", "replace")


def _json(value: Json) -> bytes:
    text = json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True, allow_nan=False)
    return _encoded(text + "\n")


# --- the ZIP ------------------------------------------------------------------------------------


def _parts(member: Member) -> Iterator[bytes]:
    if isinstance(member, bytes):
        yield member
        return
    with member.open("rb") as file:
        while part := file.read(PART_BYTES):
            yield part


def _size(member: Member) -> int:
    return len(member) if isinstance(member, bytes) else member.stat().st_size


def _hash(member: Member) -> str:
    made = hashlib.sha256()
    for part in _parts(member):
        made.update(part)
    return made.hexdigest()


def _zip(path: Path, members: Mapping[str, Member], started_s: float) -> None:
    at = _moment(started_s)
    with zipfile.ZipFile(path, "w") as archive:
        for name, member in members.items():
            info = zipfile.ZipInfo(name, at)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 3  # Unix, wherever it was made
            info.external_attr = (0o100755 if name == SCRIPT else 0o100644) << 16
            info.file_size = _size(member)
            with archive.open(info, "w") as to:
                for part in _parts(member):
                    to.write(part)


def _moment(value_s: float) -> tuple[int, int, int, int, int, int]:
    """As ZIP can write it: years 1980 to 2107, even seconds."""
    try:
        at = datetime.fromtimestamp(value_s, UTC)
    except (OverflowError, OSError, ValueError):
        at = datetime.fromtimestamp(0, UTC)
    if not 1980 <= at.year <= 2107:  # noqa: PLR2004  # the format's own borders
        return (1980, 1, 1, 0, 0, 0)
    return (at.year, at.month, at.day, at.hour, at.minute, at.second // 2 * 2)


def _look_through(path: Path, gate: Gate) -> None:
    """Raise `LeakError` when anything in the finished file still holds a secret."""
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            tail = b""
            with archive.open(name) as file:
                while part := file.read(PART_BYTES):
                    gate.scan(tail + part, name)
                    tail = part[-OVERLAP_BYTES:]
