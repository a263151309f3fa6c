"""What does the README say of each command? Writes the real help there (`make docs`)."""

import os
import re
from pathlib import Path

from diagnostics.cli import main

README = Path(__file__).parent.parent / "README.md"
_MARK = re.compile(r"(<!-- help:(?P<name>[a-z]*) -->\n).*?(<!-- /help -->)", re.DOTALL)
_WIDE = "88"


def help_text(name: str) -> str:
    """The help of one command (`""`: of the program), as a terminal of fixed width shows it."""
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = _WIDE
    try:
        parser = main.command_parser(name, main.load(name)) if name else main.parser()
        return parser.format_help()
    finally:
        if before is None:
            del os.environ["COLUMNS"]
        else:
            os.environ["COLUMNS"] = before


def filled(text: str) -> str:
    """The text with the present help between every pair of marks."""
    return _MARK.sub(lambda m: f"{m[1]}```text\n{help_text(m['name']).rstrip()}\n```\n{m[3]}", text)


def marked(text: str) -> list[str]:
    """Which commands have a block."""
    return [found["name"] for found in _MARK.finditer(text)]


if __name__ == "__main__":
    README.write_text(filled(README.read_text("utf-8")), "utf-8")
