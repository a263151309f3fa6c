"""Does `explain` tell everything that is known, and nothing else?"""

import json
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics import contract_load
from diagnostics.cli import discover, main
from diagnostics.contract import Contract
from diagnostics.errors import Exit, UsageError
from diagnostics.explain import Entry, explain
from diagnostics.finding import Rule
from diagnostics.model import Blame, Retry

SHARED = "create video error, please try again later"


@pytest.fixture(scope="module")
def akool() -> Contract:
    return contract_load.load("akool")


@pytest.fixture(scope="module")
def rules() -> dict[str, Rule]:
    return discover.rules()


def named(entries: Iterable[Entry]) -> list[str]:
    return [entry.name for entry in entries]


def test_a_code_has_every_meaning_with_its_pages(akool: Contract, rules: dict[str, Rule]) -> None:
    (entry,) = explain([akool], rules, "1109")
    assert len(entry.meanings) == 3
    assert all(meaning.pages for meaning in entry.meanings)
    assert entry.source
    assert entry.source.certainty


def test_1015_does_not_blame_the_provider_alone(akool: Contract, rules: dict[str, Rule]) -> None:
    (entry,) = explain([akool], rules, "1015")
    assert entry.blames == (Blame.PROVIDER, Blame.MEDIA)
    assert entry.inspect_inputs
    assert entry.retry is Retry.BACKOFF


def test_a_text_that_two_codes_share_lists_both_and_says_so(
    akool: Contract, rules: dict[str, Rule]
) -> None:
    entries = [e for e in explain([akool], rules, SHARED) if e.kind == "code"]
    assert sorted(named(entries)) == ["1015", "1205"]
    by_name = {entry.name: entry for entry in entries}
    assert [*(by_name["1015"].shares or {}).values()] == [("1205",)]
    assert [*(by_name["1205"].shares or {}).values()] == [("1015",)]


def test_an_operation_brings_its_own_pages_words(akool: Contract, rules: dict[str, Rule]) -> None:
    (entry,) = explain([akool], rules, "1210", "createTranslation")
    assert entry.operations
    assert "30fps" in entry.operations["createTranslation"]
    assert "60fp" in entry.operations["createLipSync"]


def test_an_operation_that_does_not_list_the_code_is_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main.main(["explain", "1210", "--operation", "createTalkingPhoto"]) == Exit.OK
    assert "the page of createTalkingPhoto does not list it" in capsys.readouterr().out


@pytest.mark.parametrize(
    "pasted",
    [
        '{"code":1210,"msg":"video fps exceed"}',
        "AKOOL said: error 1210!",
        "code: 1210",
        "1210",
        " 1210 ",
    ],
)
def test_a_pasted_answer_is_explained_by_its_code(
    pasted: str, akool: Contract, rules: dict[str, Rule]
) -> None:
    assert explain([akool], rules, pasted)[0].name == "1210"


@pytest.mark.parametrize(
    ("status", "blame"),
    [("429", Blame.RATE_LIMIT), ("HTTP 502", Blame.PROVIDER), ("404", Blame.ENDPOINT)],
)
def test_a_status_means_what_the_judge_of_answers_says(
    status: str, blame: Blame, akool: Contract, rules: dict[str, Rule]
) -> None:
    entries = explain([akool], rules, status)
    assert {entry.kind for entry in entries} == {"status"}
    assert {entry.blames for entry in entries} == {(blame,)}


def test_a_state_of_a_job_is_explained_for_every_family(
    akool: Contract, rules: dict[str, Rule]
) -> None:
    (entry,) = explain([akool], rules, "2")
    told = [meaning.text for meaning in entry.meanings]
    assert entry.kind == "state"
    assert any(text.startswith("video: processing") for text in told)
    assert any(text.startswith("live-face-swap:") and "ready" in text for text in told)


def test_every_code_of_the_contract_is_explained(akool: Contract, rules: dict[str, Rule]) -> None:
    for code in akool.errors:
        assert explain([akool], rules, code)[0].name == code


def test_every_rule_of_ours_is_explained(akool: Contract, rules: dict[str, Rule]) -> None:
    for code in rules:
        assert named(explain([akool], rules, code)) == [code]


def test_a_message_of_ours_is_found_by_its_words_in_russian(
    akool: Contract, rules: dict[str, Rule]
) -> None:
    assert named(explain([akool], rules, "имя хоста не разрешается"))[0] == "answer-fault-dns"


def test_a_near_miss_of_a_name_is_found_as_a_pitfall(
    akool: Contract, rules: dict[str, Rule]
) -> None:
    entries = explain([akool], rules, "webhookurl")
    assert {entry.kind for entry in entries} == {"pitfall"}


@pytest.mark.parametrize(
    "nonsense",
    [
        "the weather in Berlin, please",
        "sourdough video starter recipe",
        "9999",
        "zzqx",
        "the",
        "",
        "{}",
        "\x00",
        "🦆",
        "-1",
        "1" * 5000,
    ],
)
def test_what_nobody_knows_is_an_error_and_not_a_guess(
    nonsense: str, akool: Contract, rules: dict[str, Rule]
) -> None:
    with pytest.raises(UsageError, match="nothing is known"):
        explain([akool], rules, nonsense)


def test_a_mistyped_code_names_the_nearest(akool: Contract, rules: dict[str, Rule]) -> None:
    with pytest.raises(UsageError) as caught:
        explain([akool], rules, "1O15")
    assert "1015" in str(caught.value.hint)


@given(text=st.text(max_size=200))
def test_no_text_makes_it_raise_anything_else(text: str) -> None:
    try:
        entries = explain([contract_load.load("akool")], discover.rules(), text)
    except UsageError:
        return
    assert all(entry.name for entry in entries)


def test_json_holds_what_a_program_needs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["explain", "1015", "--json"]) == Exit.OK
    told = json.loads(capsys.readouterr().out)
    assert told["schema"] == "diagnostics.explain/1"
    (entry,) = told["entries"]
    assert entry["code"] == "1015"
    assert entry["blames"] == ["provider", "media"]
    assert entry["retry"] == "backoff"
    assert "createTalkingPhoto" in entry["operations"]
    assert entry["certainty"] == "documented"


def test_people_read_it_in_russian(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["explain", "1015", "--lang", "ru"]) == Exit.OK
    shown = capsys.readouterr().out
    assert "код ошибки AKOOL" in shown
    assert "с растущими паузами" in shown
    assert "1205 тоже имеет текст" in shown


def test_unquoted_words_are_one_text(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["explain", *SHARED.split(), "--json"]) == Exit.OK
    assert json.loads(capsys.readouterr().out)["query"] == SHARED


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("answer-not-json", ["finding of this program", "… answered HTTP …", "do  "]),
        ("webhookurl", ["pitfall of AKOOL", "blame", "parameters"]),
        ("429", ["HTTP status", "rate-limit", "Retry-After"]),
        ("3", ["state of a job at AKOOL", "video: completed (done)"]),
    ],
)
def test_people_read_what_is_known_of_every_kind(
    asked: str, told: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.main(["explain", asked]) == Exit.OK
    shown = capsys.readouterr().out
    assert not [part for part in told if part not in shown]
    assert "{" not in shown
