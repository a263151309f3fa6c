"""What does the README quote? Writes real help, output and faults there (`make docs`)."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from diagnostics.cli import main
from diagnostics.emulator.faults import load_plan, names

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
SAMPLES = ROOT / "tests" / "readme"
"""Files that stand in the folder where the README's commands are typed."""
_HELP = re.compile(r"(<!-- help:(?P<name>[a-z]*) -->\n).*?(<!-- /help -->)", re.DOTALL)
_SHELL = re.compile(
    r"(<!-- shell: (?P<typed>diagnostics [^\n]*) -->\n).*?(<!-- /shell -->)", re.DOTALL
)
_FAULTS = re.compile(r"(<!-- faults -->\n).*?(<!-- /faults -->)", re.DOTALL)
_RUN_ID = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]+")
_REAL_S = re.compile(r"(?m)^( +(?:film|download \d+) +\w+ +)\d+\.\d s")
"""What takes real time differs from run to run."""
_WIDE = "88"


def filled(text: str) -> str:
    """The text with the present truth between all marks."""
    text = _HELP.sub(lambda m: f"{m[1]}{_fenced('text', help_text(m['name']))}{m[3]}", text)
    text = _SHELL.sub(lambda m: f"{m[1]}{_fenced('console', output(m['typed']))}{m[3]}", text)
    return _FAULTS.sub(lambda m: f"{m[1]}{faults_table()}\n{m[2]}", text)


def helped(text: str) -> list[str]:
    """Which commands have their help in it."""
    return [found["name"] for found in _HELP.finditer(text)]


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


def output(typed: str) -> str:
    """What a command prints on stdout beside our samples, without the run's own number."""
    environment = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "PYTHONPATH": str(ROOT)}
    with TemporaryDirectory() as folder:
        for given in (*SAMPLES.iterdir(), ROOT / "cassettes"):
            (Path(folder) / given.name).symlink_to(given)
        ended = subprocess.run(
            [sys.executable, "-m", "diagnostics.cli.main", *shlex.split(typed)[1:]],
            capture_output=True,
            check=False,
            cwd=folder,
            env=environment | {"XDG_CACHE_HOME": str(Path(folder) / "cache")},
            timeout=60,
        )
    told = _REAL_S.sub(r"\1… s", _RUN_ID.sub("RUN_ID", ended.stdout.decode()))
    return f"$ {typed}\n{told.strip()}"


def faults_table() -> str:
    """Every named fault with what a run concludes from it."""
    rows = ["| Fault | Verdict | Blame | Code | |", "|---|---|---|---|---|"]
    for name in names():
        plan = load_plan(name)
        facts = [plan.expect.get(key) or "" for key in ("verdict", "blame", "code")]
        rows.append(f"| `{name}` | {' | '.join(facts)} | {plan.title.en} |")
    return "\n".join(rows)


def _fenced(language: str, text: str) -> str:
    return f"```{language}\n{text.rstrip()}\n```\n"


if __name__ == "__main__":
    README.write_text(filled(README.read_text("utf-8")), "utf-8")
