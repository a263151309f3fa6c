"""`diagnostics redact FILE…`: copies without secrets of anything, and what was removed."""

import argparse
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from diagnostics import contract_load
from diagnostics.cli.redact_words import REVIEW, as_rows, end, end_preview, rules, show
from diagnostics.cli.screen import Screen
from diagnostics.errors import Exit, UsageError
from diagnostics.model import Json
from diagnostics.redact import Gate
from diagnostics.redaction.outcome import Outcome
from diagnostics.redaction.placing import Wanted, certificate_place, free

_OTHERS = ("ELEVENLABS",)
"""A voice of these films comes from there, though no contract of ours does."""
_ENDS = ("_KEY", "_TOKEN", "_SECRET", "_PASSWORD")
_IDENTIFIER = "_ID"
_ANYBODYS = ("_API_KEY", "_API_TOKEN", "_CLIENT_SECRET", "_ACCESS_TOKEN", "_WEBHOOK_SECRET")
_LEAST = 6
"""Anything shorter is no secret, and hiding it would blot out innocent text."""
_FLAGS = ("force", "keep_personal", "keep_media", "hide_content")


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument(
        "files",
        nargs="*",
        type=Path,
        metavar="FILE",
        help="HAR, cassette, log, JSON, .env, text, picture, ZIP, tar, gz, bundle, folder",
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="write the copies there (default: NAME.redacted.EXT)",
    )
    parser.add_argument(
        "--preview", action="store_true", help="only show what would be removed, and where"
    )
    parser.add_argument(
        "--force", action="store_true", help="replace copies that are there already"
    )
    parser.add_argument(
        "--keep-personal",
        action="store_true",
        help="keep e-mails, addresses, paths (the copy's name says so); secrets always go",
    )
    parser.add_argument("--hide-content", action="store_true", help="prompts and scripts go too")
    parser.add_argument(
        "--keep-media", action="store_true", help="copy audio and video with their metadata"
    )
    parser.add_argument(
        "--list-rules", action="store_true", help="list what the gate recognises, and stop"
    )
    ends = "exit codes here: 3 if something named on the command line could not be checked at all"
    parser.epilog = f"{parser.epilog}\n\n{ends}" if parser.epilog else ends


def main(options: argparse.Namespace, screen: Screen) -> Exit:
    """Write the copies; that nothing was found is no failure."""
    if options.list_rules:
        return _list_rules(screen)
    if not options.files:
        raise UsageError("name a file or a folder", hint="see: diagnostics redact --help")
    from diagnostics.redaction.copies import clean_copies, kept  # noqa: PLC0415  # not for --help

    wanted = Wanted(
        out=options.out,
        preview=options.preview,
        **{name: getattr(options, name) for name in _FLAGS},
    )
    screen.gate = _gate(wanted)
    register_environment(screen.gate, os.environ)
    outcomes = clean_copies(screen.gate, options.files, wanted)
    files = dict(zip(dict.fromkeys(options.files), outcomes, strict=True))
    proof = _certificate(screen, outcomes, kept(wanted))
    place = None if wanted.preview else _write(screen.gate, files, wanted, proof)
    if screen.as_json:
        screen.emit("redact", _document(screen, files, wanted, proof, place))
    else:
        _tell(screen, files, wanted, place)
    return Exit.INCONCLUSIVE if any(one.withheld for one in outcomes) else Exit.OK


def _tell(
    screen: Screen, files: Mapping[Path, Outcome], wanted: Wanted, place: Path | None
) -> None:
    show(screen, files, preview=wanted.preview)
    if wanted.preview:
        end_preview(screen, _command(files, wanted))
    else:
        end(screen, place, personal=wanted.keep_personal)


def _gate(wanted: Wanted) -> Gate:
    """The gate that every byte of this call passes; no option makes it let a secret through."""
    return Gate(
        keep_personal=wanted.keep_personal, hide_content=wanted.hide_content, hide_hosts=True
    )


def _certificate(screen: Screen, outcomes: Sequence[Outcome], kept: Sequence[str]) -> Json:
    from dataclasses import replace  # noqa: PLC0415  # not for --help

    from diagnostics.redaction.certificate import certificate  # noqa: PLC0415  # see above

    named = [replace(one, copy=Path(one.copy).name) if one.copy else one for one in outcomes]
    return certificate(screen.gate, files=named, kept=kept, language=screen.language)


def _write(gate: Gate, files: Mapping[Path, Outcome], wanted: Wanted, proof: Json) -> Path | None:
    """The certificate beside the copies, unless one plain file was all."""
    import json  # noqa: PLC0415  # not for --help

    copies = {Path(one.copy): bool(one.members) for one in files.values() if one.copy}
    place = certificate_place(copies, wanted)
    if place is None or not copies:
        return None
    place = free(place, iter(copies), force=wanted.force)
    text = json.dumps(gate.json(proof), ensure_ascii=False, indent=1) + "\n"
    gate.write(place, text)
    return place


def _command(files: Mapping[Path, Outcome], wanted: Wanted) -> list[str]:
    """What makes the copies that were previewed."""
    words = ["diagnostics", "redact", *map(str, files)]
    words += ["--out", str(wanted.out)] if wanted.out else []
    return words + [f"--{name.replace('_', '-')}" for name in _FLAGS if getattr(wanted, name)]


def _document(
    screen: Screen,
    files: Mapping[Path, Outcome],
    wanted: Wanted,
    proof: Json,
    place: Path | None,
) -> dict[str, Json]:
    found = [each for one in files.values() for each in one.all]
    return {
        "preview": wanted.preview,
        "files": as_rows(files, screen.language),
        "removed": sum(one.removed.total() for one in found),
        "withheld": sum(one.withheld is not None for one in found),
        "certificate": proof,
        "certificate_file": str(place) if place else None,
        "note": REVIEW.in_language(screen.language),
    }


def _list_rules(screen: Screen) -> Exit:
    found = list(rules())
    if screen.as_json:
        names = ("id", "kind", "since", "marks")
        rows = [dict(zip(names, rule, strict=True)) for rule in found]
        screen.emit("redact-rules", {"rules": rows})
    screen.table(("rule", "kind", "since", "marks"), found)
    return Exit.OK


def register_environment(gate: Gate, environment: Mapping[str, str]) -> None:
    """Every provider secret of the environment is known before a file is opened."""
    named = {name for one in contract_load.index() for names in one.variables for name in names}
    brands = tuple(f"{name.partition('_')[0]}_" for name in (*named, *_OTHERS))
    for name, value in environment.items():
        kind = name.lower().replace("_", "-")
        if name in named and name.endswith(_IDENTIFIER):
            gate.register(value, kind, keep=True)
        elif name in named or (name.startswith(brands) and name.endswith(_ENDS)):
            gate.register(value, kind)
        elif name.endswith(_ANYBODYS) and len(value.strip()) >= _LEAST:
            gate.register(value.strip(), kind)
