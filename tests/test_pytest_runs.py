"""Is a session's run made once, whoever asks, and is what cannot be run said?"""

from pathlib import Path

import pytest

from diagnostics.errors import UsageError
from diagnostics.model import Exchange, Fault, FaultKind, Request, Response, Unsent, UnsentReason
from diagnostics.pytesting.runs import Ordered, Runs, chosen_providers, default_provider
from diagnostics.pytesting.words import BODY_MOST, exchange_lines, lines

ROOT = Path(__file__).parent.parent


def runs(folder: Path, target: str = "emulator", **more: str) -> Runs:
    ordered = Ordered(target=target, folder=folder, place=folder, **more)
    return Runs(ordered=ordered, names={"akool": ["network"]})


def test_the_second_worker_takes_the_firsts_result(tmp_path: Path) -> None:
    first = runs(tmp_path).told("akool")
    second = runs(tmp_path).told("akool")
    assert second["run_id"] == first["run_id"]
    assert [one["name"] for one in first["scenarios"]] == ["network"]
    assert len(list((tmp_path / "akool").glob("2*"))) == 1


def test_a_run_that_was_cut_off_is_not_started_again(tmp_path: Path) -> None:
    (tmp_path / "akool").mkdir()
    (tmp_path / "akool" / "started").touch()
    with pytest.raises(UsageError, match="cut off"):
        runs(tmp_path).told("akool")
    assert not list((tmp_path / "akool").glob("2*"))


def test_what_the_command_refuses_is_told_with_its_remedy(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        runs(tmp_path, fault="nosuch-fault").told("akool")
    assert "nosuch-fault" in caught.value.message
    assert caught.value.hint


def test_a_budget_that_is_no_number_is_told_too(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        runs(tmp_path, budget="much").told("akool")
    assert "budget" in caught.value.message


def test_providers_are_the_named_the_recorded_or_the_default(tmp_path: Path) -> None:
    assert default_provider() == "akool"
    assert chosen_providers(None, "emulator", tmp_path) == ["akool"]
    assert chosen_providers("heygen, openai", "emulator", tmp_path) == ["heygen", "openai"]
    assert "replicate" in chosen_providers("all", "emulator", tmp_path)
    cassette = str(ROOT / "cassettes" / "heygen" / "healthy.yaml")
    assert chosen_providers(None, cassette, tmp_path) == ["heygen"]
    runs(tmp_path).told("akool")
    (folder,) = (tmp_path / "akool").glob("2*")
    assert chosen_providers(None, str(folder), tmp_path) == ["akool"]
    with pytest.raises(UsageError):
        chosen_providers("nosuch", "emulator", tmp_path)


def exchange(answer: Response | Fault | Unsent) -> list[str]:
    request = Request(method="POST", url="https://api.heygen.test/x", body=b'{"a":\x1b[31m1}')
    return list(exchange_lines(Exchange(request=request, answer=answer, started_s=0.0)))


def test_an_exchange_is_shown_short_and_steers_no_terminal() -> None:
    shown = exchange(Response(status=400, reason="Bad Request", body=b"x" * 5000))
    assert shown[0] == "  > POST https://api.heygen.test/x"
    assert "\x1b" not in shown[1]
    assert shown[2] == "  < HTTP/1.1 400 Bad Request"
    assert len(shown[3]) < BODY_MOST + 10


def test_an_exchange_without_an_answer_says_why() -> None:
    assert "  < reset: gone" in exchange(Fault(kind=FaultKind.RESET, message="gone"))
    assert "  < (no-budget) none" in exchange(Unsent(reason=UnsentReason.NO_BUDGET, message="none"))


def test_many_findings_are_counted_and_a_missing_tape_is_no_failure(tmp_path: Path) -> None:
    finding = {
        "rule": "x",
        "severity": "fail",
        "scenario": "job",
        "message": "m",
        "remedy": "r",
        "blame": "media",
        "certainty": 0.9,
        "evidence": [7],
    }
    told = {
        "run_id": "gone",
        "target": {"provider": "akool", "kind": "live"},
        "findings": [finding] * 14,
    }
    said = list(lines(told, {"name": "job", "verdict": "fail"}, tmp_path, "ru"))
    assert said[-1] == "и ещё находок: 4"
