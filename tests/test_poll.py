"""`diagnostics poll` as its users type it: once, to the end, interrupted, cancelled, unknown."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from diagnostics.cli import poll_words
from diagnostics.cli.main import main
from diagnostics.contract_load import load
from diagnostics.emulator.faults import load_plan
from diagnostics.emulator.serve import ServedTown
from diagnostics.following.record import StatusRecord
from diagnostics.following.words import Status
from diagnostics.prepare import plan, target

TREE = Path(__file__).parents[1]
FAST = ["--interval", "0.03"]
NAMES = ("akool", "heygen", "replicate")


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@contextmanager
def town(fault: str | None = None, speed: float = 400.0) -> Iterator[ServedTown]:
    """The emulators on one port; jobs of a minute take a fraction of a second."""
    faults = load_plan(fault) if fault else None
    with ServedTown([load(name) for name in NAMES], faults=faults, speed=speed) as served:
        yield served


def created(served: ServedTown, provider: str) -> str:
    """The id of a job that the example's create has begun."""
    contract = load(provider)
    operation = contract.operations[contract.roles["example"]]
    assert operation.job is not None
    known = plan(operation, target(served.base_url, contract, None), None)
    request = contract.request(operation.id, body=known.body, query=known.query, path=known.path)
    path = request.url.removeprefix(contract.host)
    scheme = next(one for one in contract.schemes if not one.token_operation)
    key = scheme.prefix + served.emulators[provider].key
    made = httpx.post(
        served.url(provider) + path,
        content=request.body,
        headers={"content-type": "application/json", scheme.header: key},
        trust_env=False,
    )
    for place in operation.job.id:
        found: Any = made.json()
        for step in place.split("."):
            found = found.get(step) if isinstance(found, dict) else None
        if found:
            return str(found)
    raise AssertionError(made.text)


def told(capsys: pytest.CaptureFixture[str], *typed: str) -> tuple[int, dict[str, Any]]:
    """The exit code and the object."""
    code = main(["poll", *typed, "--json"])
    return code, json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("provider", NAMES)
def test_a_job_is_followed_to_its_end(provider: str, capsys: pytest.CaptureFixture[str]) -> None:
    with town(speed=60) as served:
        job = created(served, provider)
        code, seen = told(capsys, provider, job, "--target", served.base_url, *FAST)
    assert (code, seen["record"]["status"], seen["final"]) == (0, "completed", True)
    assert seen["record"]["download_url"].startswith("http")
    assert seen["record"]["video_id"] == job
    assert seen["history"][-1]["state"] == seen["record"]["word"]
    assert len(seen["history"]) > 1
    assert (seen["schema"], seen["emulated"], seen["findings"]) == ("diagnostics.poll/1", True, [])


def test_one_look_at_a_running_job_says_so_and_how_to_go_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with town(speed=0.001) as served:
        job = created(served, "heygen")
        code = main(["poll", "heygen", job, "--once", "--target", served.base_url])
        shown = capsys.readouterr()
        assert sum(job in str(one) for one in served.emulators["heygen"].seen) == 1
    assert code == 3
    assert f"diagnostics poll heygen {job} --operation createVideo" in shown.out
    assert "it waits for its turn" in shown.out
    assert "expected 5:00" in shown.err


@pytest.mark.parametrize(
    ("provider", "fault", "status", "blame"),
    [
        ("akool", "job-fails", "failed", "provider"),
        ("heygen", "heygen-not-found", "not_found", "parameters"),
        ("replicate", "replicate-flagged", "failed", "content-policy"),
        ("replicate", "replicate-aborted", "canceled", "client"),
    ],
)
def test_an_end_without_a_result_says_whose_fault_and_what_to_do(
    provider: str, fault: str, status: str, blame: str, capsys: pytest.CaptureFixture[str]
) -> None:
    old = provider == "heygen"  # the plan speaks of the old status call
    with town(fault) as served:
        job = "0" * 32 if old else created(served, provider)
        more = ["--operation", "generateVideoV2"] if old else []
        code, seen = told(capsys, provider, job, "--target", served.base_url, *FAST, *more)
    assert (code, seen["record"]["status"]) == (1, status)
    assert [one["blame"] for one in seen["findings"]] == [blame]
    assert "Stop polling" in seen["findings"][0]["remedy"]
    assert seen["resume"] is None


def test_the_screen_speaks_russian_too(capsys: pytest.CaptureFixture[str]) -> None:
    with town(speed=60) as served:
        job = created(served, "akool")
        typed = ["poll", job, "--target", served.base_url, "--provider", "akool", "--lang", "ru"]
        assert main([*typed, *FAST]) == 0
    shown = capsys.readouterr()
    assert "completed (3): готово" in shown.out
    assert "адрес результата действует около 7 дн." in shown.out
    assert "выполняется" in shown.err


def test_cancel_cancels_where_the_provider_can(capsys: pytest.CaptureFixture[str]) -> None:
    with town(speed=0.001) as served:
        job = created(served, "replicate")
        code, seen = told(capsys, "replicate", job, "--cancel", "--target", served.base_url)
    assert (code, seen["record"]["status"], seen["record"]["word"]) == (0, "canceled", "canceled")
    assert seen["cancel"] == {"asked": True, "can": True, "done": True}


def test_cancel_says_honestly_where_it_cannot(capsys: pytest.CaptureFixture[str]) -> None:
    with town(speed=0.001) as served:
        job = created(served, "heygen")
        code = main(["poll", "heygen", job, "--cancel", "--target", served.base_url])
    shown = capsys.readouterr().out
    assert code == 3
    assert "HeyGen has no call that cancels such a job" in shown


def test_the_embedded_emulator_knows_no_job_and_says_why(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["poll", "akool", "nope", "--target", "emulator"]) == 1
    shown = capsys.readouterr().out
    assert "diagnostics emulate akool --port" in shown
    assert "--operation" in shown


def test_nobody_there_is_inconclusive_and_no_word_on_the_job(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEYGEN_API_KEY", "invented-heygen-key-0001")
    typed = ["heygen", "j1", "--target", "http://127.0.0.1:1", "--once", "--deadline", "0.2"]
    code, seen = told(capsys, *typed)
    assert (code, seen["record"]["status"]) == (3, "connection_error")
    assert "diagnostics poll heygen j1" in seen["resume"]
    assert "invented-heygen-key" not in json.dumps(seen)


def test_max_polls_and_deadline_leave_the_job_running(capsys: pytest.CaptureFixture[str]) -> None:
    with town(speed=0.001) as served:
        job = created(served, "akool")
        where = ["--target", served.base_url, *FAST]
        code, seen = told(capsys, "akool", job, *where, "--max-polls", "3")
        assert (code, seen["polls"]) == (3, 3)
        code, seen = told(capsys, "akool", job, *where, "--deadline", "0.2")
        assert (code, seen["final"]) == (3, False)
        assert seen["polls"] > 1


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (["heygen"], "which job?"),
        (["heygen", "  "], "no job id"),
        (["heygen", "x" * 600], "no job id"),
        (["heygen", "x", "--operation", "getMe"], "makes no job that can be polled"),
        (["heygen", "x", "--provider", "akool"], "both heygen and --provider akool"),
        (["nobody", "x"], "no provider is called"),
        (["heygen", "x", "--max-polls", "0"], "max-polls"),
    ],
)
def test_what_makes_no_sense_is_a_usage_error(
    typed: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["poll", *typed]) == 2
    assert said in capsys.readouterr().err


def test_the_call_that_made_it_tells_whose_job_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    typed = ["x1", "--operation", "createModelPrediction", "--target", "emulator", "--once"]
    code, seen = told(capsys, *typed)
    assert (code, seen["provider"]) == (1, "replicate")


def until(done: Callable[[], bool]) -> None:
    """Wait for another process, ten seconds at most."""
    tick = threading.Event()
    for _ in range(500):
        if done():
            return
        tick.wait(0.02)
    raise AssertionError("it never came")


def test_ctrl_c_leaves_the_job_running_and_says_so() -> None:
    with town(speed=0.001) as served:
        job = created(served, "akool")
        typed = ["poll", "akool", job, "--target", served.base_url, *FAST]
        running = subprocess.Popen(
            [sys.executable, "-m", "diagnostics.cli.main", *typed],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(TREE), "LANG": "C.UTF-8", "LC_ALL": ""},
        )
        seen = served.emulators["akool"].seen
        until(lambda: sum("infobymodelid" in str(one) for one in seen) > 2)
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=20)
    assert running.returncode == 130, err
    assert "Traceback" not in out + err
    assert f"job {job} goes on without us" in out
    assert f"diagnostics poll akool {job}" in out


# --- times --------------------------------------------------------------------------------------


def known(**fields: Any) -> StatusRecord:
    return StatusRecord(**{"video_id": "j", "status": Status.PROCESSING, **fields})


@pytest.mark.parametrize(
    ("fields", "left"),
    [
        ({"estimated_time": 90}, 90.0),
        ({"progress": 25}, 180.0),
        ({"progress": 0}, 240.0),
        ({}, 240.0),
        ({"status": Status.FAILED}, None),
    ],
)
def test_the_time_that_remains_is_the_providers_else_by_progress_else_the_usual(
    fields: dict[str, Any], left: float | None
) -> None:
    job = load("heygen").operations["createVideo"].job
    assert job is not None
    assert poll_words.remaining_s(job, known(**fields), 60.0) == left


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        (1795000000, 1795000000.0),
        (1795000000123, 1795000000.123),
        ("2026-11-18T10:26:40Z", 1794997600.0),
        ("yesterday", None),
        (7, None),
        (None, None),
    ],
)
def test_when_a_job_was_made_is_read_however_it_is_written(
    written: Any, seconds: float | None
) -> None:
    assert poll_words.created_s(known(created_at=written)) == seconds


def test_every_status_is_explained_in_both_languages() -> None:
    assert set(poll_words.MEANINGS) == set(Status)
