"""Every fault the emulator plays: run, bundle, replay; the same verdict, byte for byte."""

import json
from pathlib import Path

import pytest

from diagnostics.cli.judged import judged
from diagnostics.cli.main import main
from diagnostics.cli.redrive import redrive
from diagnostics.redact import Gate
from reports.verdict import canonical
from tests.test_run_faults import EXITS, ISSUE, OTHERS, Row

BUNDLED = pytest.mark.parametrize("row", ISSUE, ids=[row[0] for row in ISSUE])
ASKED = pytest.mark.parametrize("row", OTHERS, ids=[row[0] for row in OTHERS])


def _ran(wanted: str, out: Path, kinds: str, capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    provider, _, fault = wanted.rpartition("/")
    options = ["--json", "--out", str(out), "--format", kinds]
    main(["run", "--provider", provider or "akool", "--fault", fault, *options])
    told: dict[str, str] = json.loads(capsys.readouterr().out)["report"]
    return told


@BUNDLED
def test_a_bundle_of_each_fault_replays_to_the_same_bytes(
    row: Row, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted, verdict, blame, _ = row
    bundle = _ran(wanted, tmp_path, "zip", capsys)["zip"]
    exit_code = main(["replay", bundle, "--json"])
    told = json.loads(capsys.readouterr().out)
    assert (told["verdict"], told["blame"]) == (verdict, blame)
    replayed = told["replay"]
    assert replayed["bundle"]["same"], replayed["bundle"]["difference"]
    assert (replayed["misses"], replayed["unplayed"]) == ([], [])
    assert exit_code == EXITS[verdict]


@ASKED
def test_a_run_of_each_further_fault_is_asked_again_whole(
    row: Row, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Path(_ran(row[0], tmp_path, "json", capsys)["json"]).parent
    read = judged(folder)
    again = redrive(read.contract, read.reading.tape, Gate())
    assert (again.misses, again.unplayed) == ((), ())
    assert again.asked == again.answered > 0
    once_more = judged(folder / "tape.jsonl")
    assert canonical(once_more.report) == canonical(read.report)
