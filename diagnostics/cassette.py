"""What is a cassette? A tape in vcrpy's format: stock vcrpy plays it, and we lose nothing.

What vcrpy cannot say (failures, order, times, conversations, media) stands in keys beside its own,
which it does not read. Everything passes the gate, and the finished text is looked through again.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from diagnostics.capture import Capture
from diagnostics.capture import read as read_capture
from diagnostics.model import Exchange, Tape
from diagnostics.redact import Gate
from diagnostics.vcr.interaction import interaction
from diagnostics.vcr.writing import as_json, as_yaml

SUFFIXES = (".yaml", ".yml", ".json")


def text_of(tape: Tape, gate: Gate, *, binary: bool = True) -> str:
    """The cassette of a tape, gated. `binary`: YAML, which can hold bytes; else JSON."""
    clean = gated(tape, gate)
    text = as_yaml(clean) if binary else as_json(clean)
    gate.scan(text, f"{tape.case.run_id or 'cassette'}.{'yaml' if binary else 'json'}")
    return text


def write(path: Path, tape: Tape, gate: Gate) -> None:
    """Write it whole or not at all; JSON where the name says so."""
    gate.write(path, text_of(tape, gate, binary=path.suffix.lower() != ".json"))


def read(path: Path) -> Capture:
    """What a cassette holds, or any other file that a reader knows."""
    return read_capture(path)


def gated(tape: Tape, gate: Gate) -> Tape:
    """The tape as it may leave the process."""
    return Tape(case=gate.case(tape.case), exchanges=[_gated(one, gate) for one in tape])


def _gated(one: Exchange, gate: Gate) -> Exchange:
    clean = gate.exchange(one)
    if not one.flow and not one.source:
        return clean
    return replace(clean, flow=gate.text(clean.flow), source=gate.text(clean.source))


def playable(exchanges: Sequence[Exchange], *, binary: bool = True) -> int:
    """How many of them stock vcrpy replays."""
    return sum(1 for one in exchanges if interaction(one, binary=binary) is not None)
