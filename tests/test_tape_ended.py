"""A tape tells how its run ended: to the end, at the deadline, stopped by hand, or killed."""

import json
import signal
from pathlib import Path

import pytest

from diagnostics.cli.main import main
from diagnostics.emulator.faults import load_plan
from diagnostics.emulator.serve import Served
from diagnostics.redact import Gate
from diagnostics.tape import NAME, Ended, TapeFile, read_whole
from tests.drive_cases import akool, case, poll, state
from tests.test_run import process, until


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def only_run() -> Path:
    (folder,) = Path("out").iterdir()
    return folder


def test_a_run_that_came_to_its_end_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "parameters", "--provider", "akool"]) == 0
    reading = read_whole(only_run())
    assert (reading.ended, reading.killed, reading.interrupted) == (Ended(), False, False)
    assert main(["report", "last"]) == 0
    assert "never came to its end" not in capsys.readouterr().err


def test_a_run_that_met_its_deadline_says_so() -> None:
    main(["run", "job", "--provider", "akool", "--fault", "job-stuck", "--deadline", "30"])
    assert read_whole(only_run()).ended == Ended(deadline=True)


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGKILL])
def test_a_run_that_was_stopped_is_reported_with_its_running_job(
    stop: signal.Signals, capsys: pytest.CaptureFixture[str]
) -> None:
    killed = stop is signal.SIGKILL
    with Served(akool(), faults=load_plan("job-stuck")) as server:
        running = process("run", "job", "--target", server.base_url, "--poll-interval", "0.05")
        until(lambda: sum("infobymodelid" in str(one) for one in server.emulator.seen) > 1)
        running.send_signal(stop)
        running.communicate(timeout=20)
    reading = read_whole(only_run())
    assert (reading.interrupted, reading.killed) == (not killed, killed)
    assert main(["report", "last", "--format", "json"]) == 0
    assert ("was killed, or is still going on" in capsys.readouterr().err) is killed
    result = json.loads((only_run() / "result.json").read_text())
    assert result["interrupted"] is True
    assert len(result["running_jobs"]) == 1


def test_a_tape_that_goes_on_after_its_end_has_not_ended(tmp_path: Path) -> None:
    file = TapeFile(tmp_path, Gate())
    file.begin(case(), tells_end=True)
    file.end(interrupted=True)
    assert read_whole(tmp_path).interrupted
    file.append(poll(state(3), 0))
    assert read_whole(tmp_path).killed
    file.end()
    file.close()
    assert read_whole(tmp_path).ended == Ended()


def test_a_tape_that_never_promised_to_tell_is_not_called_killed(tmp_path: Path) -> None:
    file = TapeFile(tmp_path, Gate())
    file.begin(case())
    file.close()
    assert not read_whole(tmp_path).killed


@pytest.mark.parametrize("ended", ["7", "{}", "[]", "null", '{"interrupted":{}}'])
def test_an_end_that_makes_no_sense_is_a_torn_line_or_an_end(tmp_path: Path, ended: str) -> None:
    file = TapeFile(tmp_path, Gate())
    file.begin(case(), tells_end=True)
    file.close()
    with (tmp_path / NAME).open("a") as other:
        other.write(f'{{"ended":{ended}}}\n')
    reading = read_whole(tmp_path)
    assert reading.killed is (reading.torn == 1)


def test_a_body_that_is_missing_is_told_in_the_report(capsys: pytest.CaptureFixture[str]) -> None:
    main(["run", "parameters", "--provider", "akool"])
    file = TapeFile(only_run(), Gate())
    file.begin(case())
    file.append(poll(state(3, note="x" * 100_000), 0))
    file.close()
    for blob in (only_run() / "blobs").iterdir():
        blob.unlink()
    main(["--lang", "ru", "report", "last"])
    assert "не найдено: 1" in capsys.readouterr().err
