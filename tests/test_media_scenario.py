"""Does the media scenario ask within bounds, and does no tape make its judge raise?"""

import json
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.contract_load import load
from diagnostics.inspection.link import REDIRECTS_MAX
from diagnostics.model import (
    Answer,
    Ask,
    Exchange,
    Fault,
    FaultKind,
    MediaFacts,
    Plan,
    Purpose,
    Request,
    Response,
    TargetKind,
    Together,
    Unsent,
    UnsentReason,
)
from scenarios.media import SCENARIO, ask, fetch, offered
from tests.test_media_judge import PHOTO, SPEECH, case, exchange, got, judged, signed

# --- asking -----------------------------------------------------------------------------------


def played(asking: Ask, answers: dict[str, Answer]) -> list[str]:
    """Which addresses it asks for, given what each answers."""
    asked: list[str] = []
    try:
        request = next(asking)
        while len(asked) < 50:
            assert isinstance(request, Request)
            asked.append(request.url)
            answer = answers.get(request.url, got(status=404))
            request = asking.send(exchange(answer, url=request.url))
    except StopIteration:
        return asked
    return asked


def test_every_input_is_asked_for_at_once_without_credentials() -> None:
    asking = ask(load("akool"), case())
    together = next(asking)
    assert isinstance(together, Together)
    requests = [next(each) for each in together.asks]
    assert [r.url for r in requests if isinstance(r, Request)] == [PHOTO, SPEECH]
    for request in requests:
        assert isinstance(request, Request)
        assert (request.method, request.purpose) == ("GET", Purpose.MEDIA)
        assert (request.authenticated, request.spends, request.operation) == (False, False, None)
    with pytest.raises(StopIteration):
        asking.send([None, None])


def test_a_circle_of_redirects_is_left() -> None:
    there, back = "https://a.org/1", "https://a.org/2"
    answers: dict[str, Answer] = {
        there: got(status=302, location=back),
        back: got(status=302, location=there),
    }
    assert played(fetch(there, "x", local=False), answers) == [there, back]


def test_a_long_chain_of_redirects_is_cut() -> None:
    answers: dict[str, Answer] = {
        f"https://a.org/{n}": got(status=302, location=f"/{n + 1}") for n in range(40)
    }
    assert len(played(fetch("https://a.org/0", "x", local=False), answers)) == REDIRECTS_MAX + 1


def test_a_redirect_into_a_private_network_is_followed_only_from_there() -> None:
    inside = "http://169.254.169.254/latest"
    answers: dict[str, Answer] = {PHOTO: got(status=302, location=inside)}
    assert played(fetch(PHOTO, "x", local=False), answers) == [PHOTO]
    assert played(fetch(PHOTO, "x", local=True), answers) == [PHOTO, inside]


def test_a_file_carried_in_the_address_itself_does_not_swell_the_tape() -> None:
    request = next(fetch("data:image/png;base64," + "A" * 10**6, "x", local=False))
    assert isinstance(request, Request)
    assert len(request.url) <= 8192


def test_it_is_offered_only_for_a_call_that_names_files() -> None:
    contract = load("akool")
    assert offered(contract, case()) is None
    assert offered(contract, replace(case(), plan=None)) is not None
    assert offered(contract, replace(case(), plan=Plan(operation="getCredit"))) is not None
    assert offered(contract, replace(case(), plan=Plan(operation="no such"))) is not None


def test_without_a_plan_it_asks_nothing() -> None:
    with pytest.raises(StopIteration):
        next(ask(load("akool"), replace(case(), plan=None)))


# --- any tape at all --------------------------------------------------------------------------

texts = st.text(max_size=30)
answers_of_any_kind = (
    st.builds(
        Response,
        status=st.integers(100, 599),
        headers=st.lists(
            st.tuples(st.sampled_from(["location", "content-type", "content-length", "x"]), texts),
            max_size=3,
        ).map(tuple),
        body=st.binary(max_size=40),
        media=st.none()
        | st.builds(
            MediaFacts,
            container=st.sampled_from(["jpeg", "html", "empty", "unknown", "mp4", "nonsense"]),
            size_bytes=st.integers(0, 10**12),
        ),
        truncated=st.booleans(),
    )
    | st.builds(Fault, kind=st.sampled_from(FaultKind), message=texts)
    | st.builds(Unsent, reason=st.sampled_from(UnsentReason))
)
urls = texts | st.sampled_from(
    [PHOTO, signed(60), "http://localhost/", "https://example.com/a.png"]
)
exchanges_of_any_kind = st.builds(
    Exchange,
    request=st.builds(
        Request,
        method=st.just("GET"),
        url=urls,
        purpose=st.sampled_from(Purpose),
        label=st.sampled_from(["talking_photo_url", "audio_url", "output", "", "other"]),
    ),
    answer=answers_of_any_kind,
    started_s=st.floats(0, 4e9),
    duration_s=st.floats(0, 1e6),
    conversation=st.integers(0, 2),
    scenario=st.sampled_from(["media", "", "job"]),
    position=st.integers(0, 99),
)


@given(st.lists(exchanges_of_any_kind, max_size=8), urls, urls, st.sampled_from(TargetKind))
def test_no_tape_makes_the_judge_raise_and_every_sentence_is_whole(
    exchanges: list[Exchange], photo: str, speech: str, kind: TargetKind
) -> None:
    findings = judged(*exchanges, about=case(photo, speech, kind=kind))
    for finding in findings:
        assert finding.rule in SCENARIO.rules
        assert 0 < finding.certainty <= 1
        for language in ("en", "ru"):
            assert finding.message(language)
            assert finding.remedy(language)
        json.dumps(dict(finding.facts))


@given(st.lists(answers_of_any_kind, min_size=8, max_size=8), urls)
def test_no_answers_make_the_fetch_raise_or_run_for_ever(answers: list[Answer], url: str) -> None:
    asking = fetch(url, "x", local=False)
    request = next(asking)
    for count, answer in enumerate(answers):
        assert isinstance(request, Request)
        assert count <= REDIRECTS_MAX
        try:
            request = asking.send(exchange(answer, url=request.url))
        except StopIteration:
            return


def test_rule_codes_are_unique_and_begin_with_the_scenario() -> None:
    names = [rule.code for rule in SCENARIO.rules]
    assert len(names) == len(set(names))
    assert all(name.startswith("media-") for name in names)


def test_both_languages_of_a_rule_name_the_same_facts() -> None:
    for text in (t for rule in SCENARIO.rules for t in (rule.says, rule.remedy)):
        names = [set(re.findall(r"{(\w+)}", sentence)) for sentence in (text.en, text.ru)]
        assert names[0] == names[1]
