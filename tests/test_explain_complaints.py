"""Does `explain` find the symptom behind a complaint, for any provider, and show a way on?"""

import json
from dataclasses import replace

import pytest

from diagnostics import contract_load
from diagnostics.cli import discover, main
from diagnostics.contract import Contract
from diagnostics.errors import Exit, UsageError
from diagnostics.explain import Entry, explain
from diagnostics.finding import Rule
from diagnostics.model import Blame
from diagnostics.promise import Meaning


@pytest.fixture(scope="module")
def akool() -> Contract:
    return contract_load.load("akool")


@pytest.fixture(scope="module")
def invented(akool: Contract) -> Contract:
    """A second provider: it shares 1015 with AKOOL and has codes of its own."""
    shared = replace(
        akool.errors["1015"],
        meanings=(Meaning(text="the moon is full"),),
        blame=Blame.ACCOUNT,
        alternatives=(),
    )
    own = replace(shared, code="moon_phase_wrong")
    plain = replace(shared, code="forbidden")
    behind = replace(shared, code="429/tide_too_high")
    errors = {one.code: one for one in (shared, own, plain, behind)}
    return replace(akool, name="lunar", title="Lunar", errors=errors, operations={}, roles={})


@pytest.fixture(scope="module")
def both(akool: Contract, invented: Contract) -> tuple[Contract, Contract]:
    return akool, invented


@pytest.fixture(scope="module")
def rules() -> dict[str, Rule]:
    return discover.rules()


def told(entries: tuple[Entry, ...]) -> list[tuple[str, str]]:
    return [(entry.provider, entry.name) for entry in entries]


# --- codes of several providers -----------------------------------------------------------------


def test_a_code_that_several_providers_know_is_shown_for_each(
    both: tuple[Contract, Contract], rules: dict[str, Rule]
) -> None:
    entries = explain(both, rules, "1015")
    assert told(entries) == [("AKOOL", "1015"), ("Lunar", "1015")]
    assert [entry.blames[0] for entry in entries] == [Blame.PROVIDER, Blame.ACCOUNT]


def test_one_provider_narrows_it(invented: Contract, rules: dict[str, Rule]) -> None:
    assert told(explain([invented], rules, "1015")) == [("Lunar", "1015")]


def test_a_provider_that_the_text_names_comes_alone(
    both: tuple[Contract, Contract], rules: dict[str, Rule]
) -> None:
    entries = explain(both, rules, "lunar says error 1015")
    assert told(entries)[0] == ("Lunar", "1015")
    assert ("AKOOL", "1015") not in told(entries)


def test_a_code_with_letters_is_found_inside_a_message(
    both: tuple[Contract, Contract], rules: dict[str, Rule]
) -> None:
    pasted = '{"error": {"code": "moon_phase_wrong", "message": "no"}}'
    assert told(explain(both, rules, pasted))[0] == ("Lunar", "moon_phase_wrong")


def test_a_code_that_stands_under_a_status_is_found_by_its_name(
    both: tuple[Contract, Contract], rules: dict[str, Rule]
) -> None:
    assert told(explain(both, rules, "tide_too_high"))[0] == ("Lunar", "429/tide_too_high")


def test_a_plain_word_is_a_code_only_where_it_is_quoted_as_one(
    both: tuple[Contract, Contract], rules: dict[str, Rule]
) -> None:
    quoted = explain(both, rules, '{"error": {"code": "forbidden"}}')
    assert told(quoted)[0] == ("Lunar", "forbidden")
    prose = explain(both, rules, "webhook signature mismatch is forbidden")
    assert told(prose)[0][1] == "symptom 67"


def test_an_http_status_is_told_once_for_all_providers(
    both: tuple[Contract, Contract], rules: dict[str, Rule]
) -> None:
    entries = explain(both, rules, "502")
    assert [entry.kind for entry in entries] == ["status"]


def test_an_operation_narrows_to_the_providers_that_have_it(
    both: tuple[Contract, Contract], rules: dict[str, Rule]
) -> None:
    assert told(explain(both, rules, "1015", "createTalkingPhoto")) == [("AKOOL", "1015")]
    with pytest.raises(UsageError, match="no operation 'bakeBread'"):
        explain(both, rules, "1015", "bakeBread")


# --- symptoms -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("complaint", "row"),
    [
        ("webhook signature never matches", "67"),
        ("подпись вебхука не сходится", "67"),
        ("one click, charged twice", "22"),
        ("за один клик списали дважды", "22"),
        ("Failed to stitch videos, codec error", "51"),
        ("JSON not found in response", "53"),
    ],
)
def test_a_complaint_finds_its_symptom_first(
    complaint: str, row: str, both: tuple[Contract, Contract], rules: dict[str, Rule]
) -> None:
    first = explain(both, rules, complaint)[0]
    assert (first.kind, first.name) == ("symptom", f"symptom {row}")
    assert first.symptom


def test_a_symptom_is_shown_by_its_number(akool: Contract, rules: dict[str, Rule]) -> None:
    assert told(explain([akool], rules, "symptom 69")) == [("", "symptom 69")]
    assert told(explain([akool], rules, "Симптом i5")) == [("", "symptom I5")]
    with pytest.raises(UsageError, match="nothing is known"):
        explain([akool], rules, "symptom 9999")


def test_one_provider_leaves_the_symptoms_of_others_out(
    akool: Contract, rules: dict[str, Rule]
) -> None:
    entries = explain([akool], rules, "video limit exceeded: trial_video_limit_exceeded")
    assert not [entry for entry in entries if entry.symptom]


def test_a_symptom_of_nobody_in_particular_is_everybodys(
    akool: Contract, rules: dict[str, Rule]
) -> None:
    assert told(explain([akool], rules, "ffmpeg not found"))[0] == ("", "symptom N4")


def test_a_text_of_ours_word_for_word_comes_before_a_symptom(
    akool: Contract, rules: dict[str, Rule]
) -> None:
    entries = explain([akool], rules, "create video error, please try again later")
    assert [entry.kind for entry in entries][:2] == ["code", "code"]
    assert "symptom 69" in [entry.name for entry in entries]


def test_a_long_log_is_read_at_both_ends(akool: Contract, rules: dict[str, Rule]) -> None:
    log = "poll 1 state=processing\n" * 20_000 + "webhook signature verification failed\n"
    assert explain([akool], rules, log)[0].name == "symptom 67"


# --- what people and programs read --------------------------------------------------------------


def test_people_read_cause_remedy_source_and_rehearsal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main.main(["explain", "webhook", "signature", "mismatch"]) == Exit.OK
    shown = capsys.readouterr().out
    for label in ("seen", "because", "blame", "do", "rehearse", "source"):
        assert f"\n  {label} " in shown
    assert "diagnostics emulate replicate --fault webhook-reserialised" in shown
    assert "octokit/webhooks.js#76" in shown


def test_people_read_it_in_russian(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["explain", "подпись вебхука не сходится", "--lang", "ru"]) == Exit.OK
    shown = capsys.readouterr().out
    for label in ("видно", "почему", "чья вина", "что делать", "воспроизвести", "источник"):
        assert f"\n  {label} " in shown
    assert "Сохраняйте исходные байты" in shown
    assert shown.startswith("симптом 67  (известная жалоба: вебхуки)")


def test_what_no_emulator_can_play_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["explain", "symptom I4", "--lang", "en"]) == Exit.OK
    shown = capsys.readouterr().out
    assert "no emulator can play it: " in shown
    assert "credentials-key-quotes" in shown


def test_json_holds_what_a_program_needs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["explain", "symptom 22", "--json"]) == Exit.OK
    (entry,) = json.loads(capsys.readouterr().out)["entries"]
    assert entry["kind"] == "symptom"
    assert entry["blame"] == "client"
    assert entry["fault"] == "lost-answer"
    assert entry["rehearse"] == "diagnostics run --provider replicate --fault lost-answer"
    assert entry["unplayable"] is None
    assert "job-create-ambiguous" in entry["findings"]
    assert entry["cause"]
    assert entry["remedy"]
    assert entry["certainty"] == "observed"


def test_a_pasted_key_is_not_shown_again(capsys: pytest.CaptureFixture[str]) -> None:
    key = "r8_" + "".join(chr(ord("a") + n * 7 % 26) + str(n % 10) for n in range(18)) + "Z"
    pasted = f"httpx.LocalProtocolError: Illegal header value b'Bearer {key}\\n' Connection error"
    assert main.main(["explain", pasted, "--json"]) == Exit.OK
    ended = capsys.readouterr()
    assert "symptom 59" in ended.out
    assert key not in ended.out + ended.err
