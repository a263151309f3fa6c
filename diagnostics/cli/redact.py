"""`diagnostics redact FILE… [--out DIR]`: clean copies for sharing, and what was removed."""

import argparse
import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from diagnostics import contract_load
from diagnostics.cli.screen import Screen
from diagnostics.errors import Exit
from diagnostics.model import Json, Text
from diagnostics.redact import Gate

_OTHERS = ("ELEVENLABS",)
"""A voice of these films comes from there, though no contract of ours does."""
_ENDS = ("_KEY", "_TOKEN", "_SECRET", "_PASSWORD")
_IDENTIFIER = "_ID"

_WRITTEN = Text(
    en="{source} -> {target}: {count} removed", ru="{source} -> {target}: убрано {count}"
)
_ROW = Text(en="  {count} x {rule} ({place})", ru="  {count} × {rule} ({place})")
_NOTHING = Text(
    en="  nothing was recognised as secret; that does not prove there is nothing",
    ru="  ничего похожего на секрет не найдено; это не доказывает, что его там нет",
)
_REVIEW = Text(
    en="This is a best effort: read the copies before you send them.",
    ru="Гарантии нет: просмотрите копии, прежде чем их отправлять.",
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument(
        "files",
        nargs="+",
        type=Path,
        metavar="FILE",
        help="JSON, HAR, YAML cassette, log, .env, text",
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="write the copies there (default: NAME.redacted.EXT)",
    )
    parser.add_argument(
        "--force", action="store_true", help="replace copies that are there already"
    )


def main(options: argparse.Namespace, screen: Screen) -> Exit:
    """Write the copies; that nothing was found is no failure."""
    from diagnostics.redaction.files import clean_copies  # noqa: PLC0415  # not for --help

    register_environment(screen.gate, os.environ)
    copies = clean_copies(screen.gate, options.files, options.out, force=options.force)
    if screen.as_json:
        screen.emit(
            "redact",
            {
                "files": [
                    {
                        "file": str(copy.source),
                        "copy": str(copy.target),
                        "format": copy.format,
                        "removed": _rows(copy.removed),
                    }
                    for copy in copies
                ],
                "removed": sum(copy.removed.total() for copy in copies),
                "note": _REVIEW.in_language(screen.language),
            },
        )
        return Exit.OK
    for copy in copies:
        facts = {"source": copy.source, "target": copy.target, "count": copy.removed.total()}
        screen.show(_WRITTEN.fill(screen.language, facts))
        rows = [_ROW.fill(screen.language, row) for row in _rows(copy.removed)]
        screen.show("\n".join(rows) if rows else _NOTHING.in_language(screen.language))
    screen.show(_REVIEW.in_language(screen.language))
    return Exit.OK


def _rows(removed: Counter[tuple[str, str]]) -> list[dict[str, Json]]:
    ordered = sorted(removed.items(), key=lambda item: (-item[1], item[0]))
    return [{"rule": rule, "place": str(place), "count": n} for (rule, place), n in ordered]


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
