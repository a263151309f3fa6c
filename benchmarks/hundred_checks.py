"""A hundred free checks: what do we take, and what do curl, newman and pytest with httpx?

All ask the same emulator on a port of 127.0.0.1 for the balance, with its key, and judge the
answer. Ours is a process of its own: live driver, tape, gate, judge, and a JUnit file, which is
written by the standard library here, since no report format of that kind exists yet.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from statistics import median

from benchmarks.children import diagnostics, spend
from benchmarks.servers import server
from benchmarks.table import Row, Work, interleaved, ratio_of
from benchmarks.wiring import Server
from diagnostics.contract_load import load

PYTEST = "100 free checks, start-up and JUnit included"
NEWMAN = "the same against newman"
CURL = "the same against curl (nothing judged)"
CHECKER = (sys.executable, "-c", "from benchmarks.checker import entry; entry()")
CACHE = Path(tempfile.gettempdir()) / "genvideo-diagnostics-bench"
"""Outside the tree: newman and what npm brings with it."""
_TEST = """\
import httpx
import pytest


@pytest.fixture(scope="session")
def client():
    with httpx.Client(headers={{"x-api-key": {key!r}}}, trust_env=False) as made:
        yield made


@pytest.mark.parametrize("number", range({count}))
def test_check(client, number):
    answer = client.get({url!r})
    assert answer.status_code == 200
    assert answer.json()["code"] == 1000
"""
_SCRIPT = 'pm.test("answers", () => pm.expect(pm.response.json().code).to.equal(1000));'


def rows(count: int = 100, rounds: int = 5, *, with_newman: bool = True) -> Iterator[Row]:
    """All of them in turn."""
    with tempfile.TemporaryDirectory() as folder, server("emulator") as where:
        works = _works(where, Path(folder), count)
        program = newman() if with_newman else None
        if program is not None:
            works["newman"] = _newman(program, where, Path(folder), count)
        interleaved(works, 1)
        taken = interleaved(works, rounds)
    yield _against_pytest(taken)
    yield _against_newman(taken)
    yield _compared(taken)


def _works(where: Server, folder: Path, count: int) -> dict[str, Work]:
    url = address(where)
    test = folder / "test_checks.py"
    test.write_text(_TEST.format(key=where.key, url=url, count=count), "utf-8")
    ours = [*CHECKER, where.base_url, where.key, str(count)]
    works: dict[str, Work] = {
        "ours": lambda: spend([*ours, str(folder / "ours.xml")]).seconds,
        "pytest": lambda: _pytest(folder, test),
        "start": lambda: _pytest(folder, test, "-k", "no_such_check", code=5),
        "run": lambda: _suite(where, folder),
    }
    if shutil.which("curl"):
        config = folder / "curl.txt"
        config.write_text(f'silent\noutput = "/dev/null"\nheader = "x-api-key: {where.key}"\n')
        works["curl"] = lambda: spend(["curl", "-K", str(config), *[url] * count]).seconds
    return works


def address(where: Server) -> str:
    """The free read that all of them ask for."""
    contract = load("akool")
    return where.base_url + contract.operations[contract.roles["balance"]].path


def _pytest(folder: Path, test: Path, *extra: str, code: int = 0) -> float:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", "/dev/null"]
    command += ["--rootdir", str(folder), "--junitxml", str(folder / "pytest.xml"), str(test)]
    alone = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return spend([*command, *extra], codes=(code,), extra=alone).seconds


def _suite(where: Server, folder: Path) -> float:
    """What the command line does of this kind: every free scenario, with its reports."""
    free = ("network", "credentials", "endpoints", "quota")
    return spend(
        diagnostics("run", *free, "--target", where.base_url, "--out", str(folder / "out"))
    ).seconds


def _against_pytest(taken: Mapping[str, list[float]]) -> Row:
    bare = [whole - start for whole, start in zip(taken["pytest"], taken["start"], strict=True)]
    ratio = ratio_of(taken["ours"], bare)
    whole = median(taken["pytest"])
    return Row(
        what=PYTEST,
        measured=f"{median(taken['ours']):.2f} s",
        baseline=f"pytest + httpx {median(bare):.2f} s ({whole:.2f} s with start-up)",
        ratio=f"{ratio:.2f} ×",
        reach="≤ 1.5 ×",
        reached=ratio <= 1.5,
    )


def _compared(taken: Mapping[str, list[float]]) -> Row:
    curl = f"curl {median(taken['curl']):.2f} s" if "curl" in taken else "curl not installed"
    return Row(
        what=CURL,
        measured=f"{median(taken['ours']):.2f} s",
        baseline=f"{curl}; run's free scenarios {median(taken['run']):.2f} s",
        ratio=f"{ratio_of(taken['ours'], taken['curl']):.1f} ×" if "curl" in taken else "",
    )


# --- newman -----------------------------------------------------------------------------------


def _against_newman(taken: Mapping[str, list[float]]) -> Row:
    known = "newman" in taken
    ratio = ratio_of(taken["newman"], taken["ours"]) if known else 0.0
    return Row(
        what=NEWMAN,
        measured=f"{median(taken['ours']):.2f} s",
        baseline=f"newman {median(taken['newman']):.2f} s"
        if known
        else "newman not installed: skipped",
        ratio=f"{ratio:.1f} ×" if known else "",
        reach="under it by 4 ×",
        reached=ratio >= 4 if known else None,
    )


def _newman(program: Path, where: Server, folder: Path, count: int) -> Work:
    collection = folder / "collection.json"
    collection.write_text(json.dumps(_collection(address(where), where.key, count)), "utf-8")
    command = [str(program), "run", str(collection), "--reporters", "junit"]
    command += ["--reporter-junit-export", str(folder / "newman.xml")]
    return lambda: spend(command).seconds


def newman(which: Callable[[str], str | None] = shutil.which, cache: Path = CACHE) -> Path | None:
    """The program; installed once into the cache where npm can do it."""
    found = which("newman")
    if found:
        return Path(found)
    program = cache / "newman" / "node_modules" / ".bin" / "newman"
    npm = which("npm")
    if not program.exists() and npm:
        program.parent.parent.parent.mkdir(parents=True, exist_ok=True)
        command = [npm, "install", "--no-audit", "--no-fund", "--loglevel=error", "newman"]
        try:
            subprocess.run(
                command, cwd=cache / "newman", check=False, timeout=90, capture_output=True
            )
        except subprocess.TimeoutExpired:
            return None
    return program if program.exists() else None


def _collection(url: str, key: str, count: int) -> Mapping[str, object]:
    schema = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
    check = {"listen": "test", "script": {"exec": [_SCRIPT]}}
    request = {"method": "GET", "header": [{"key": "x-api-key", "value": key}], "url": url}
    items = [{"name": f"check {n}", "request": request, "event": [check]} for n in range(count)]
    return {"info": {"name": "checks", "schema": schema}, "item": items}
