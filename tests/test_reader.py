"""Does what a person reads make sense: the right name, one language, nothing said twice?"""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from diagnostics.cli.main import main
from diagnostics.cli.scenes_cast import Company, Player
from diagnostics.cli.screen import Screen
from diagnostics.contract import Contract
from diagnostics.contract_load import load
from diagnostics.drive.clock import VirtualClock
from diagnostics.film.asking import clip_request, script_request, writer
from diagnostics.film.cast import cast
from diagnostics.film.order import Film
from diagnostics.finding import Finding
from diagnostics.jobs import read_request
from diagnostics.model import (
    Exchange,
    Json,
    Request,
    Tape,
    Target,
    TargetKind,
    UnsentReason,
)
from scenarios.job import SCENARIO
from tests.drive_cases import case
from tests.job_cases import reply

ID = "a" * 26


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs leave their folders where nobody else works."""
    monkeypatch.chdir(tmp_path)


def said(capsys: pytest.CaptureFixture[str], *typed: str) -> str:
    """What a command shows on stdout."""
    main([*typed, "--format", "txt"])
    return capsys.readouterr().out


def aborted(*headers: tuple[str, str], created: bool = True) -> Finding:
    """What is found of a prediction that ended as aborted."""
    contract = load("replicate")
    create = contract.operations["createModelPrediction"]
    assert create.job is not None
    body: dict[str, Json] = {"id": ID, "status": "starting", "deadline": "2026-11-21T05:00:30Z"}
    over: Json = {**body, "status": "aborted", "error": None}
    asked = contract.request(
        create.id, body={"input": {"prompt": "x"}}, path={"model_owner": "o", "model_name": "m"}
    )
    read = read_request(contract, create.job, ID, wait_s=0)
    made = [_one(replace(asked, headers=headers), body, 201)] if created else []
    tape = Tape(case=case(), exchanges=[*made, _one(read, over, 200, position=len(made))])
    found = SCENARIO.judge(contract, tape)
    return next(one for one in found if one.rule.code == "job-closed")


def _one(request: Request, body: Json, status: int, position: int = 0) -> Exchange:
    return Exchange(
        request=request,
        answer=reply(body, status),
        started_s=5.0 * position,
        duration_s=0.1,
        position=position,
        scenario="job",
    )


def test_an_aborted_job_names_the_deadline_that_its_own_create_set() -> None:
    found = aborted(("Cancel-After", "30s"))

    assert "Cancel-After: 30s" in found.message("en")
    assert "2026-11-21T05:00:30Z" in found.message("ru")
    assert "Увеличьте Cancel-After" in found.remedy("ru")


def test_where_the_create_set_no_deadline_somebody_else_is_looked_for() -> None:
    found = aborted()

    assert "sets none with Cancel-After" in found.message("en")
    assert "your code, SDK or gateway" in found.remedy("en")
    assert "reason given" not in found.message("en")


def test_a_create_that_is_not_on_the_tape_is_said_to_be_missing() -> None:
    assert "is not on this tape" in aborted(created=False).message("en")


def test_a_step_that_another_one_says_in_passing_is_not_said_again(
    capsys: pytest.CaptureFixture[str],
) -> None:
    steps = re.findall(
        r"^  \d\. (.*)", said(capsys, "run", "--fault", "heygen-not-found"), re.MULTILINE
    )

    assert steps
    assert not [a for a in steps for b in steps if a != b and a in b]


@pytest.mark.parametrize("fault", ["replicate-flagged", "replicate-starting-forever"])
def test_a_state_is_called_by_the_providers_own_word_in_every_language(
    fault: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = said(capsys, "run", "--fault", fault, "--lang", "ru")

    assert "ended with an error" not in text
    assert "queued or booting" not in text


def test_a_state_that_has_one_word_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, "run", "--fault", "heygen-failed-at-poll")

    assert "job state failed" in text
    assert "failed (failed)" not in text


def test_the_first_line_names_the_provider_that_answered(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = said(capsys, "scenes", "A sunset", "--fault", "scenes-not-json", "--scenes", "1")

    assert "OpenAI emulator, createChatCompletion" in text


@pytest.mark.parametrize(
    ("typed", "word"),
    [
        (("scenes", "A sunset", "--scenes", "1", "--fault", "scenes-not-json"), "провайдер"),
        (("scenes", "x", "--scenes", "1", "--fault", "scenes-expired-output"), "доставка"),
    ],
)
def test_whom_a_stage_blames_is_said_in_the_readers_language(
    typed: tuple[str, ...], word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    stages = said(capsys, *typed, "--lang", "ru").partition("\n\n")[0]

    assert word in stages
    assert not re.search(r"\b(provider|delivery|pass|fail)\b", stages)


def test_whom_a_job_blames_is_said_in_the_readers_language(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["poll", "heygen", "abc", "--once", "--lang", "ru"]) == 1
    text = capsys.readouterr().out

    assert "чья вина: параметры запроса" in text
    assert "not_found (not_found)" not in text


def test_a_refusal_by_law_is_not_answered_with_a_look_at_the_schema(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = said(capsys, "run", "job", "--fault", "refused-451")

    assert "Moderation refused the content" in text
    assert "diagnostics validate" not in text


def test_a_pitfall_that_knows_the_value_does_not_hide_that_its_type_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "call.json").write_text('{"video_inputs": [], "test": "true"}')
    main(["validate", "generateVideoV2", "call.json"])
    text = capsys.readouterr().out

    assert "`test` must be true or false" in text
    assert "counts against the day's limit" in text


def test_a_missing_part_of_the_path_is_asked_for_by_the_option_that_gives_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "call.json").write_text('{"input": {"prompt": "x"}}')
    main(["validate", "createModelPrediction", "call.json"])

    assert "--path model_owner=VALUE" in capsys.readouterr().out


@pytest.mark.parametrize("limit", [("--deadline", "1"), ("--deadline", "66"), ("--max-polls", "3")])
def test_a_film_that_was_not_waited_for_is_no_pass_and_its_jobs_can_be_followed(
    limit: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["scenes", "A sunset", *limit]) == 3
    text = capsys.readouterr().out

    assert "inconclusive: " in text
    assert "diagnostics poll replicate " in text


def test_a_film_without_a_budget_is_told_how_to_get_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("REPLICATE_API_TOKEN", "OPENAI_API_KEY"):
        monkeypatch.setenv(name, "invented-key-0001")
    assert main(["scenes", "A sunset", "--target", "http://127.0.0.1:1"]) == 3
    text = capsys.readouterr().out

    assert "Grant its cost with --budget N" in text
    assert "The film is made" not in text
    assert "Nothing to do" not in text


@pytest.mark.parametrize(
    ("typed", "said_"),
    [
        (("--budget", "9"), "--budget needs --clip-price"),
        (("--budget", "9", "--clip-price", "1"), "--budget needs --script-price"),
        (("--budget", "3", "--clip-price", "1", "--script-price", "0.5"), "make 3.5, more than"),
    ],
)
def test_a_film_is_not_begun_on_a_budget_that_cannot_be_reckoned_or_does_not_suffice(
    typed: tuple[str, ...],
    said_: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in ("REPLICATE_API_TOKEN", "OPENAI_API_KEY"):
        monkeypatch.setenv(name, "invented-key-0001")

    assert main(["scenes", "A sunset", "--target", "http://127.0.0.1:1", *typed]) == 2
    assert said_ in capsys.readouterr().err


def test_one_purse_pays_for_the_script_and_for_the_clips() -> None:
    contract = cast(None)
    here = {
        name: _player(one) for name, one in {**contract.partners, "replicate": contract}.items()
    }
    who = Company(
        contract=contract,
        players=here,
        facts=(),
        fault=None,
        clock=VirtualClock(),
        screen=Screen(),
        budget=3.0,
    )
    pen, film = writer(contract), Film(prompt="x", clip_price=1.0, script_price=1.5)
    assert pen is not None
    purses = [who.purse(player.target.kind) for player in here.values()]

    assert purses[0].refuse(script_request(pen, film)) is None
    assert purses[-1].refuse(clip_request(contract, film, 1, "x")) is None
    over = purses[-1].refuse(clip_request(contract, film, 2, "x"))
    assert over is not None
    assert over.reason is UnsentReason.OVER_BUDGET


def _player(contract: Contract) -> Player:
    target = Target(kind=TargetKind.LIVE, provider=contract.name, base_url=contract.host)
    return Player(contract=contract, target=target, values={})


def test_a_scene_that_the_model_refuses_is_refused_before_anything_is_paid(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["scenes", "A sunset", "--duration", "4"]) == 2
    assert "this model makes 5 or 10 seconds" in capsys.readouterr().err
    assert not list(tmp_path.glob("out/*"))


def explained(capsys: pytest.CaptureFixture[str], *typed: str) -> list[str]:
    """The heads of what `explain` tells, in order."""
    assert main(["explain", *typed]) == 0
    lines = capsys.readouterr().out.splitlines()
    return [line for line in lines if line and not line.startswith(" ")]


def test_a_code_of_the_provider_that_a_traceback_names_comes_before_strangers_complaints(
    capsys: pytest.CaptureFixture[str],
) -> None:
    pasted = """Traceback (most recent call last):
  File "bot.py", line 12, in gen
replicate.exceptions.ReplicateError: ReplicateError Details:
title: Insufficient credit
status: 402
detail: You have insufficient credit to run this model."""

    assert explained(capsys, pasted)[0] == "402  (error code of Replicate)"


def test_the_very_words_of_the_notes_find_the_row_of_the_notes_first(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert explained(capsys, "Error: API token is invalid")[0].startswith("symptom N1")


def test_whom_an_explanation_blames_is_said_in_the_readers_language(
    capsys: pytest.CaptureFixture[str],
) -> None:
    main(["explain", "400569", "--lang", "ru"])

    assert "параметры запроса или аккаунт" in capsys.readouterr().out


def test_a_file_that_fails_is_not_praised_for_the_limits_it_keeps(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "broken.mp4").write_bytes(bytes(range(7, 250)) * 9)

    assert main(["media", "broken.mp4"]) == 1
    assert "breaks no documented limit" not in capsys.readouterr().out


def test_the_names_of_models_are_no_ids_of_jobs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said(capsys, "run", "--fault", "openai-rate-limit")
    (report,) = tmp_path.glob("out/*/report.txt")

    assert "Job id" not in report.read_text()


@pytest.mark.parametrize("dirt", ["\n", "\r\n", " ", "\t"])
def test_a_key_that_cannot_be_sent_is_blamed_before_any_network_is_asked(
    dirt: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HEYGEN_API_KEY", f"invented-heygen-key-0001{dirt}")
    nobody = "http://127.0.0.1:1"  # where nobody listens
    text = said(capsys, "run", "credentials", "--provider", "heygen", "--target", nobody)

    assert "The fault lies with the credentials" in text
    assert "invented-heygen-key-0001" not in text


def test_the_picture_names_the_stages_of_a_film_in_the_readers_language(tmp_path: Path) -> None:
    main(["scenes", "x", "--scenes", "1", "--format", "html", "--lang", "ru"])
    (page,) = tmp_path.glob("out/*/report.html")

    assert "скачивание 1" in page.read_text()
    assert "медиафайл download" not in page.read_text()
