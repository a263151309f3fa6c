"""A run that was killed goes on, and nothing is paid for twice."""

import json
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from diagnostics.cli.main import main
from diagnostics.drive.budget import Budget
from diagnostics.drive.driver import Slot
from diagnostics.drive.resume import Resuming, paid
from diagnostics.emulator.faults import load_plan
from diagnostics.emulator.serve import Served
from diagnostics.model import Case, Exchange, Plan, PollPolicy, Target, TargetKind
from diagnostics.redact import Gate
from diagnostics.tape import NAME, TapeFile, read_whole
from tests.drive_cases import akool, answer, case, create
from tests.test_run import process, until

CREATE = "createbytalkingphoto"
MADE = {"code": 1000, "msg": "OK", "data": {"_id": "64f1a2b3c4d5e6f708192a3b", "video_status": 1}}


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def stuck() -> Iterator[Served]:
    with Served(akool(), faults=load_plan("job-stuck")) as server:
        yield server


def asked(server: Served, word: str) -> int:
    return sum(word in str(one) for one in server.emulator.seen)


def runs() -> list[Path]:
    return sorted(Path("out").iterdir(), key=lambda run: (run / NAME).stat().st_mtime_ns)


def result() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((runs()[-1] / "result.json").read_text())
    return found


def died(server: Served, *, answered: bool) -> Path:
    """The tape of a run that was killed just before, or just after, its create was answered."""
    target = Target(kind=TargetKind.EMULATOR, provider="akool", base_url=server.base_url)
    operation = akool().operation("createTalkingPhoto")
    body = next(iter(operation.examples.values()))
    about = case(
        target.kind,
        target=target,
        plan=Plan(operation=operation.id, body=body),
        poll=PollPolicy(interval_s=0.01, max_polls=2),
        scenarios=("job",),
        started_s=1.0,
    )
    request = akool().request(operation.id, body={"some": "other body"})
    file = TapeFile(Path("out/died"), Gate())
    file.begin(about, tells_end=True)
    file.intend(request, Slot(scenario="job"), 5.0)
    if answered:
        file.append(replace(create(answer(MADE), at_s=5.0), request=request))
    file.close()
    return Path("out/died")


def test_a_killed_run_goes_on_with_the_job_it_paid_for(stuck: Served) -> None:
    again = ["--poll-interval", "0.05", "--max-polls", "8"]
    running = process("run", "job", "--target", stuck.base_url, *again)
    until(lambda: asked(stuck, "infobymodelid") > 1)
    running.send_signal(signal.SIGKILL)
    running.communicate(timeout=20)
    polls = asked(stuck, "infobymodelid")
    main(["run", "--resume", "last"])
    assert len(runs()) == 2
    assert asked(stuck, CREATE) == 1
    assert asked(stuck, "infobymodelid") == polls + 8
    old, new = (read_whole(run).tape for run in runs())
    (then,) = paid(old)
    (now,) = paid(new)
    assert (now.answer, now.started_s, now.duration_s) == (
        then.answer,
        then.started_s,
        then.duration_s,
    )
    assert result()["ambiguous_creates"] == []
    assert new.case.poll == old.case.poll
    assert new.case.plan == old.case.plan


def test_a_paid_call_that_was_announced_and_never_answered_is_not_sent_again(stuck: Served) -> None:
    died(stuck, answered=False)
    main(["run", "--resume", "died"])
    assert asked(stuck, CREATE) == 0
    (found,) = result()["ambiguous_creates"]
    assert "before an answer was recorded" in str(found)
    assert read_whole(runs()[-1]).pending == 0


def test_a_paid_call_is_known_by_its_turn_whatever_its_body(stuck: Served) -> None:
    died(stuck, answered=True)
    main(["run", "--resume", "out/died"])
    assert asked(stuck, CREATE) == 0
    polls = [
        e.request.url for e in read_whole(runs()[-1]).tape if e.request.operation == "getVideo"
    ]
    assert polls
    assert all("64f1a2b3c4d5e6f708192a3b" in url for url in polls)


def test_a_resumed_run_that_is_killed_at_once_still_knows_what_was_paid(tmp_path: Path) -> None:
    earlier = [create(answer(MADE), at_s=5.0)]
    file = TapeFile(tmp_path / "again", Gate())
    file.begin(case())
    recording = Resuming(file, lambda _: None, earlier)
    assert [e.started_s for e in paid(read_whole(tmp_path / "again").tape)] == [5.0]
    recording.intend(earlier[0].request, Slot(scenario="job"), 9.0)
    recording.record(earlier[0])
    reading = read_whole(tmp_path / "again")
    assert (len(reading.tape), reading.pending) == (1, 0)
    recording.intend(earlier[0].request, Slot(scenario="job"), 10.0)
    assert read_whole(tmp_path / "again").pending == 1
    file.close()


def test_what_was_paid_and_is_not_asked_for_any_more_stays_on_the_tape(stuck: Served) -> None:
    died(stuck, answered=True)
    main(["run", "parameters", "--resume", "died"])
    assert [e.request.operation for e in paid(read_whole(runs()[-1]).tape)] == [
        "createTalkingPhoto"
    ]
    assert asked(stuck, CREATE) == 0


def test_what_was_spent_before_counts_towards_the_budget() -> None:
    request = replace(create(answer(MADE)).request, spends=True, credits=5.0)
    budget = Budget(kind=TargetKind.LIVE, limit=8.0)
    budget.count(request)
    budget.count(akool().request("getCredit"))
    assert budget.committed == 5.0
    assert budget.refuse(request) is not None


@pytest.mark.parametrize(
    "words", [["--target", "live"], ["--fault", "job-stuck"], ["--operation", "x"]]
)
def test_a_resumed_run_takes_no_other_call_or_target(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "--resume", "last", *words]) == 2
    assert words[0] in capsys.readouterr().err


def left(about: Case, *made: Exchange) -> None:
    file = TapeFile(Path("out/left"), Gate())
    file.begin(about)
    for exchange in made:
        file.append(exchange)
    file.close()


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"virtual_time": True}, "ended with it"),
        ({"kind": TargetKind.CASSETTE}, "only played a recording"),
        ({"film": {"prompt": "a cat"}}, "a film cannot be resumed"),
    ],
)
def test_a_run_that_cannot_go_on_says_why(
    facts: dict[str, Any], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    target = Target(kind=TargetKind.LIVE, provider="akool", base_url="http://127.0.0.1:1")
    given = dict(facts)
    target = replace(target, kind=given.pop("kind", target.kind))
    left(case(target=target, **given))
    assert main(["run", "--resume", "left"]) == 2
    assert why in capsys.readouterr().err


def test_a_run_whose_call_held_a_secret_does_not_go_on_with_a_placeholder(
    capsys: pytest.CaptureFixture[str],
) -> None:
    target = Target(kind=TargetKind.LIVE, provider="akool", base_url="http://127.0.0.1:1")
    body = {"url": "https://h.test/<secret:aws-signature#1>"}
    left(case(target=target, plan=Plan(operation="createTalkingPhoto", body=body)))
    assert main(["run", "--resume", "left"]) == 2
    assert "held a secret" in capsys.readouterr().err
