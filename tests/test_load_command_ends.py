"""How does a load end that cannot go on: nobody there, a full disk, a dead worker, Ctrl-C?"""

import json
import os
import re
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from diagnostics.loading import result
from diagnostics.loading.result import Ending
from tests.load_command_cases import COMMAND, ROOT, once, small

PROFILE = """\
title: a few jobs
model: open
stages:
  - {rate: 10 /s, hold: %s}
mix:
  - {scenario: job, poll: {every: 100 ms, most: 60}}
objectives:
  - failed jobs < 1 %%
emulator: {queue_s: 0.05, render_s: %s, credits: 1000000}
"""


def profile(into: Path, *, lasts: str = "60 s", renders: float = 0.2) -> str:
    path = into / "few.yaml"
    path.write_text(PROFILE % (lasts, renders))
    return str(path)


Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts commands; none of them outlives its test."""
    with ExitStack() as stack:

        def begin(*arguments: str) -> "subprocess.Popen[str]":
            process = stack.enter_context(
                subprocess.Popen(
                    [*COMMAND, *arguments],
                    cwd=ROOT,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                )
            )
            stack.callback(process.kill)
            return process

        yield begin


def load(path: str, out: Path, *options: str) -> tuple[str, ...]:
    return ("load", path, "--out", str(out), "-v", "--lang", "en", *options)


def wait_for(process: "subprocess.Popen[str]", pattern: str) -> "re.Match[str]":
    """Read what it says until it says that."""
    assert process.stderr is not None
    for line in process.stderr:
        found = re.search(pattern, line)
        if found:
            return found
    raise AssertionError(f"it never said {pattern}; it ended with {process.wait(10)}")


def ended(process: "subprocess.Popen[str]") -> tuple[int, str, str]:
    stdout, stderr = process.communicate(timeout=60)
    return process.returncode, stdout, stderr


def folder(out: Path) -> Path:
    return next(one for one in out.iterdir() if one.is_dir())


# --- before anything is sent ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["smook"], 2, "nearest: smoke"),
        (["smoke", "--target", "http://127.0.0.1:1", "--provider", "akool"], 3, "nobody answers"),
        (["smoke", "--rate", "5"], 2, "use --users"),
        (["average", "--users", "5"], 2, "use --rate"),
        (["smoke", "--target", "emulator", "--host", "http://127.0.0.1:1"], 2, "drop one"),
        (["quota", "--workers", "2"], 2, "drop --workers"),
        (["smoke", "--format", "pdf"], 2, "formats:"),
        (["smoke", "--duration", "soon"], 2, "--duration"),
        (["smoke", "--scale", "1e9"], 2, "2,000,000,000 users are too many"),
        (["average", "--rate", "90000", "--scale", "2"], 2, "at most 100,000"),
        (["smoke", "--target", "https://api.example.test", "--provider", "akool"], 2, "refused"),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_sent(
    arguments: Sequence[str], code: int, told: str, tmp_path: Path
) -> None:
    found = once(*arguments, out=tmp_path)

    assert found.code == code, found.stderr
    assert told in found.stderr
    assert "Traceback" not in found.stderr
    assert not any(tmp_path.iterdir())


def test_a_live_provider_is_refused_with_every_reason(tmp_path: Path) -> None:
    found = once("average", "--target", "https://openapi.akool.com", out=tmp_path)

    assert found.code == 2
    assert "--i-may-load openapi.akool.com" in found.stderr
    assert "no budget is set" in found.stderr
    assert not any(tmp_path.iterdir())


def test_a_profile_that_is_wrong_names_its_line(tmp_path: Path) -> None:
    path = profile(tmp_path).replace(".yaml", "")
    wrong = Path(f"{path}-wrong.yaml")
    wrong.write_text(Path(f"{path}.yaml").read_text().replace("model: open", "model: opne"))
    found = once(str(wrong), out=tmp_path / "out")

    assert found.code == 2
    assert f"{wrong}:2" in found.stderr
    assert "nearest: open" in found.stderr


def test_a_wrong_setting_of_the_emulator_is_told_and_nothing_is_left_running(
    tmp_path: Path,
) -> None:
    wrong = Path(profile(tmp_path))
    wrong.write_text(wrong.read_text().replace("render_s: 0.2", "rendr_s: 0.2"))
    found = once(str(wrong), out=tmp_path / "out")

    assert found.code == 2
    assert "rendr_s" in found.stderr.replace("-", "_")
    assert "Traceback" not in found.stderr


def test_a_dry_run_sends_nothing_and_tells_the_worst_case(tmp_path: Path) -> None:
    found = once("average", "--dry-run", out=tmp_path)

    assert found.code == 0
    assert found.told["schema"] == "diagnostics.forecast/1"
    paid = next(line for line in found.told["lines"] if line["paid"])
    assert paid["operation"] == "createTalkingPhoto"
    assert paid["most"] > 100
    assert not any(tmp_path.iterdir())


# --- while it runs ----------------------------------------------------------------------------


def test_ctrl_c_ends_it_cleanly_lists_the_jobs_under_way_and_still_reports(
    start: Start, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    process = start(*load(profile(tmp_path, renders=30), out))
    wait_for(process, r"[1-9]\d* requests")
    process.send_signal(signal.SIGINT)
    code, stdout, stderr = ended(process)

    assert code == 130, stderr
    assert "interrupted before the profile was over" in stdout
    assert re.search(r"jobs still under way: [0-9a-f]{24}", stderr)
    kept = result.read(folder(out))
    assert kept.ending is Ending.INTERRUPTED
    assert kept.tally["names"]
    assert (folder(out) / "report.html").exists()
    assert "Traceback" not in stderr


def test_a_killed_command_leaves_a_load_that_can_be_read_and_nobody_running(
    start: Start, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    process = start(*load(profile(tmp_path), out, "--workers", "2"))
    workers = [int(wait_for(process, r"worker: process (\d+)")[1]) for _ in range(2)]
    wait_for(process, r"[1-9]\d* requests")
    wait_for(process, r"[1-9]\d* requests")
    process.kill()
    ended(process)

    assert result.read(folder(out)).tally["names"]
    for worker in workers:
        gone(worker)


def gone(pid: int) -> None:
    """Waits for the end of a process that is nobody's child of ours."""
    patience = threading.Event()
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        patience.wait(0.1)
    raise AssertionError(f"process {pid} still runs")


def test_a_worker_that_dies_is_named_and_the_others_go_on(start: Start, tmp_path: Path) -> None:
    out = tmp_path / "out"
    process = start(*load(profile(tmp_path, lasts="12 s"), out, "--workers", "3"))
    pids = [int(wait_for(process, r"worker: process (\d+)")[1]) for _ in range(3)]
    wait_for(process, r"[1-9]\d* requests")
    os.kill(pids[1], signal.SIGKILL)
    code, stdout, stderr = ended(process)

    kept = result.read(folder(out))
    lost = [one for one in kept.workers if one.lost_after_s is not None]
    assert len(kept.workers) == 3
    assert len(lost) == 1
    assert lost[0].name in stdout
    assert "was lost after" in stdout
    assert code in {0, 3}, stderr
    assert kept.verdict != "pass"
    assert kept.duration_s > 11


def test_a_disk_that_is_full_ends_it_with_one_error(tmp_path: Path) -> None:
    out = tmp_path / "out"
    call = " ".join([*COMMAND, "load", profile(tmp_path, lasts="5 s"), "--out", str(out)])
    found = subprocess.run(
        ["/bin/sh", "-c", f"ulimit -f 4; exec {call}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert found.returncode == 2, found.stderr
    assert "File too large" in found.stderr
    assert "hint:" in found.stderr
    assert "Traceback" not in found.stderr


def test_a_target_that_goes_away_is_noticed_and_no_more_is_sent(
    start: Start, tmp_path: Path
) -> None:
    emulator = start("emulate", "akool", "--json")
    assert emulator.stdout is not None
    told = ""
    for line in emulator.stdout:
        told += line
        if line.startswith("}"):
            break
    url = json.loads(told)["base_url"]
    process = start(*load(profile(tmp_path), tmp_path / "out", "--target", url))
    wait_for(process, r"[1-9]\d* requests")
    emulator.kill()
    emulator.wait(10)
    code, stdout, stderr = ended(process)

    kept = result.read(folder(tmp_path / "out"))
    assert code == 1, stderr
    assert kept.ending is Ending.UNREACHABLE
    assert "nobody took a connection" in stdout
    assert kept.duration_s < 55


def test_the_words_are_russian_where_russian_is_asked_for(tmp_path: Path) -> None:
    arguments = ("--duration", "2s", "--lang", "ru", "--format", "csv", "--out")
    found = subprocess.run(
        [*COMMAND, "load", small("smoke", tmp_path), *arguments, str(tmp_path / "out")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert "задания: создано" in found.stdout
    assert re.search(r"за \d,\d+ с, \d+,\d в секунду", found.stdout)
    written = {path.name for path in (tmp_path / "out").rglob("*")}
    assert "load.csv" in written
    assert "report.txt" not in written
    assert "нагрузка smoke: Работает ли вообще?" in found.stderr
