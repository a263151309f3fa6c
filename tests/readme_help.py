"""What does the README say of commands and faults? Writes the real ones there (`make docs`)."""

import os
import re
from pathlib import Path

from diagnostics.cli import main
from diagnostics.emulator.faults import load_plan, names

README = Path(__file__).parent.parent / "README.md"
_MARK = re.compile(r"(<!-- help:(?P<name>[a-z]*) -->\n).*?(<!-- /help -->)", re.DOTALL)
_FAULTS = re.compile(r"(<!-- faults -->\n).*?(<!-- /faults -->)", re.DOTALL)
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


def faults_table() -> str:
    """Every named fault with what a run concludes from it."""
    rows = ["| Fault | Verdict | Blame | Code | |", "|---|---|---|---|---|"]
    for name in names():
        plan = load_plan(name)
        facts = [plan.expect.get(key) or "" for key in ("verdict", "blame", "code")]
        rows.append(f"| `{name}` | {' | '.join(facts)} | {plan.title.en} |")
    return "\n".join(rows)


def filled(text: str) -> str:
    """The text with the present help and the present faults between the marks."""
    text = _FAULTS.sub(lambda m: f"{m[1]}{faults_table()}\n{m[2]}", text)
    return _MARK.sub(lambda m: f"{m[1]}```text\n{help_text(m['name']).rstrip()}\n```\n{m[3]}", text)


def marked(text: str) -> list[str]:
    """Which commands have a block."""
    return [found["name"] for found in _MARK.finditer(text)]


if __name__ == "__main__":
    README.write_text(filled(README.read_text("utf-8")), "utf-8")
