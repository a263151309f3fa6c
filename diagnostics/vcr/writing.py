"""How does a tape look as a cassette? Always in the same bytes, and stock vcrpy replays it."""

import json
import time
from collections.abc import Iterator
from typing import Any

from diagnostics import __version__
from diagnostics.model import Case, Exchange, Json, Origin, Tape, Target, TargetKind
from diagnostics.tape_values import case_to
from diagnostics.vcr.encoded import Unpacker
from diagnostics.vcr.extras import beyond, kept
from diagnostics.vcr.interaction import exchange, interaction
from diagnostics.vcr.reading import KEY, SCHEMA

_ORIGINS = {
    TargetKind.EMULATOR: Origin.EMULATED,
    TargetKind.LIVE: Origin.LIVE,
    TargetKind.IMPORTED: Origin.IMPORTED,
    TargetKind.CASSETTE: Origin.IMPORTED,
    TargetKind.DRY: Origin.WRITTEN,
}
_SAYS = {
    Origin.LIVE: "answers of the provider, recorded then; they may differ by now",
    Origin.EMULATED: "answers of the emulator built into diagnostics; no word about the provider",
    Origin.WRITTEN: "answers that nobody gave: written by hand",
    Origin.IMPORTED: "answers from another tool's recording; diagnostics did not see them come",
}


def as_yaml(tape: Tape) -> str:
    """In vcrpy's YAML, plain ASCII as vcrpy writes it: it reads files as the machine's locale."""
    import yaml  # noqa: PLC0415  # only who writes YAML

    try:
        return _dumped(yaml, document(tape, binary=True))
    except UnicodeEncodeError:  # half a character somewhere, which YAML cannot say
        return _dumped(yaml, document(tape, binary=True, escaped=True))


def as_json(tape: Tape) -> str:
    """In vcrpy's JSON, which cannot hold bytes."""
    return json.dumps(document(tape, binary=False), indent=1) + "\n"


def _dumped(yaml: Any, value: Json) -> str:
    plainest: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

    class Dumper(plainest):  # type: ignore[misc]  # its base is chosen at run time
        """Repeats instead of pointing back: aliases depend on which objects happen to be one."""

        def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002  # PyYAML's own signature
            return True

    text: str = yaml.dump(value, Dumper=Dumper, sort_keys=False)
    return text


def document(tape: Tape, *, binary: bool, escaped: bool = False) -> dict[str, Json]:
    """The whole file as plain values."""
    interactions, beside = _parted(tape, binary=binary, escaped=escaped)
    head = about(tape.case)
    head["case"] = _guarded(case_to(tape.case), escaped=escaped)
    if beside:
        head["exchanges"] = beside
    return {"version": 1, KEY: head, "interactions": interactions}


def origin_of(target: Target) -> Origin:
    """How a recording of that target came to be: its own word, else who answered."""
    if target.origin is None and target.emulated:
        return Origin.EMULATED
    return target.origin or _ORIGINS[target.kind]


def about(case: Case) -> dict[str, Json]:
    """What the file says of itself first."""
    target = case.target
    origin = origin_of(target)
    return {
        "schema": SCHEMA,
        "origin": origin.value,
        "says": _SAYS[origin],
        "recorded": _moment(case.started_s),
        "provider": target.provider,
        "contract": target.version,
        "harness": case.environment.harness or __version__,
    }


def _moment(value_s: float) -> str:
    """Empty where it is no instant of our calendar."""
    try:
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(value_s))
    except (OverflowError, OSError, ValueError):
        return ""


def _parted(tape: Tape, *, binary: bool, escaped: bool) -> tuple[list[Json], list[Json]]:
    """What vcrpy can play, and the rest, each with the number of interactions before it."""
    played: list[Json] = []
    beside: list[Json] = []
    for one in tape:
        plain = interaction(one, binary=binary)
        if plain is not None and not (escaped and _broken_text(plain)):
            plain |= _ours(one, plain, escaped=escaped)
            played.append(plain)
        else:
            beside.append(_guarded({"after": len(played), **kept(one)}, escaped=escaped))
    return played, beside


def _ours(one: Exchange, plain: Json, *, escaped: bool) -> dict[str, Json]:
    more = beyond(one, exchange(plain, Unpacker()))
    return {KEY: _guarded(more, escaped=escaped)} if more else {}


def _guarded(value: dict[str, Json], *, escaped: bool) -> dict[str, Json]:
    if escaped and _broken_text(value):
        return {"json": json.dumps(value)}
    return value


def _broken_text(value: Json) -> bool:
    try:
        return any(not text.isascii() and not text.encode() for text in _texts(value))
    except UnicodeEncodeError:
        return True


def _texts(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from value
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _texts(one)
