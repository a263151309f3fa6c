"""Is each input judged for what came of it, and never blamed for what it did not do?"""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.contract import Contract
from diagnostics.contract_load import load
from diagnostics.emulator.samples import sample
from diagnostics.finding import Finding
from diagnostics.media import inspect
from diagnostics.media_judge import SLOW_S, judge
from diagnostics.media_link import REDIRECTS_MAX
from diagnostics.model import (
    Answer,
    Ask,
    Blame,
    Case,
    Exchange,
    Fault,
    FaultKind,
    MediaFacts,
    Plan,
    Purpose,
    Request,
    Response,
    Severity,
    Tape,
    Target,
    TargetKind,
    Together,
    Unsent,
    UnsentReason,
)
from scenarios.media import SCENARIO, ask, fetch, offered

NOW_S = 1_763_683_200.0  # 2025-11-21T00:00:00Z
PHOTO = "https://cdn.somewhere.org/face.jpg"
SPEECH = "https://cdn.somewhere.org/speech.mp3"
HTML = b"<!DOCTYPE html><html><body>Sign in</body></html>"


def case(
    photo: str = PHOTO,
    speech: str = SPEECH,
    *,
    kind: TargetKind = TargetKind.LIVE,
    operation: str = "createTalkingPhoto",
    **body: Any,
) -> Case:
    body = body or {"talking_photo_url": photo, "audio_url": speech}
    target = Target(kind=kind, provider="akool", base_url="https://openapi.akool.com")
    return Case(run_id="test", target=target, plan=Plan(operation=operation, body=body))


def got(data: bytes = b"", status: int = 200, **headers: str) -> Response:
    named = {"content_length": str(len(data)), **headers}
    fields = tuple((name.replace("_", "-"), value) for name, value in named.items() if value)
    facts = inspect(data) if status == 200 else None
    return Response(status=status, headers=fields, media=facts, size_bytes=len(data))


def exchange(
    answer: Answer,
    label: str = "talking_photo_url",
    url: str = PHOTO,
    position: int = 0,
    **facts: Any,
) -> Exchange:
    request = Request(
        method="GET", url=url, purpose=Purpose.MEDIA, authenticated=False, label=label
    )
    known = {"started_s": NOW_S, "scenario": "media", "position": position, **facts}
    return Exchange(request=request, answer=answer, **known)


def judged(
    *exchanges: Exchange, about: Case | None = None, contract: Contract | None = None
) -> list[Finding]:
    tape = Tape(case=about or case(speech=""), exchanges=exchanges)
    return list(judge(contract or load("akool"), tape))


def one(*exchanges: Exchange, about: Case | None = None) -> Finding:
    """The only finding that is more than the file's own facts."""
    (found,) = [f for f in judged(*exchanges, about=about) if f.severity is not Severity.INFO]
    return found


def changed(operation: str, parameter: str, **limits: Any) -> Contract:
    """The contract with other limits for one parameter."""
    contract = load("akool")
    known = contract.operations[operation]
    media = {**known.media, parameter: replace(known.media[parameter], **limits)}
    operations = {**contract.operations, operation: replace(known, media=media)}
    return replace(contract, operations=operations)


def codes(findings: Sequence[Finding]) -> list[str]:
    return [finding.rule.code for finding in findings]


# --- a healthy input --------------------------------------------------------------------------


def test_a_healthy_file_is_told_with_its_facts_and_blames_nobody() -> None:
    (found,) = judged(exchange(got(sample("face.jpg"), content_type="image/jpeg")))
    assert (found.rule.code, found.severity, found.blame) == ("media-fine", "info", Blame.NONE)
    assert found.message("en") == "talking_photo_url: jpeg 512×512, 8.9 kB"
    assert found.evidence == (0,)
    assert found.explains == frozenset()


def test_an_input_that_nobody_fetched_is_not_called_healthy() -> None:
    (found,) = judged()
    assert (found.rule.code, found.blame) == ("media-not-fetched", Blame.UNDECIDED)
    unsent = Unsent(reason=UnsentReason.DEADLINE)
    assert codes(judged(exchange(unsent))) == ["media-not-fetched"]


# --- an address nobody can fetch --------------------------------------------------------------


@pytest.mark.parametrize("status", [404, 410, 500, 503, 429, 418])
def test_an_http_error_makes_the_input_unreachable_and_explains_1015(status: int) -> None:
    found = one(exchange(got(status=status)))
    assert (found.rule.code, found.blame) == ("media-unreachable", Blame.MEDIA)
    assert found.code == "1015"
    assert {"1015", "4"} <= found.explains
    assert found.message("ru").endswith(f"HTTP {status} вместо файла → 1015")


@pytest.mark.parametrize("status", [401, 403, 451])
def test_a_file_that_strangers_may_not_fetch_is_told_apart(status: int) -> None:
    assert one(exchange(got(status=status))).rule.code == "media-forbidden"


@pytest.mark.parametrize(
    ("kind", "rule"),
    [
        (FaultKind.DNS, "media-host-unknown"),
        (FaultKind.REFUSED, "media-no-connection"),
        (FaultKind.CONNECT, "media-no-connection"),
        (FaultKind.CONNECT_TIMEOUT, "media-no-connection"),
        (FaultKind.TLS, "media-certificate"),
        (FaultKind.READ_TIMEOUT, "media-no-answer"),
        (FaultKind.RESET, "media-no-answer"),
        (FaultKind.PROTOCOL, "media-no-answer"),
        (FaultKind.WRITE, "media-no-answer"),
        (FaultKind.CUT_BODY, "media-cut-short"),
        (FaultKind.BAD_REQUEST, "media-not-an-address"),
        (FaultKind.REDIRECTS, "media-redirects-nowhere"),
    ],
)
def test_each_kind_of_fault_has_its_own_words_and_blames_the_media(
    kind: FaultKind, rule: str
) -> None:
    found = one(exchange(Fault(kind=kind, message="why")))
    assert (found.rule.code, found.blame, found.severity) == (rule, Blame.MEDIA, Severity.FAIL)
    assert "1015" in found.explains
    assert "?" not in found.message("en") + found.message("ru")


def test_every_kind_of_fault_is_judged() -> None:
    for kind in FaultKind:
        assert one(exchange(Fault(kind=kind, message="why"))).severity is Severity.FAIL


def test_a_proxy_that_refuses_is_our_network_and_no_fault_of_the_file() -> None:
    found = one(exchange(Fault(kind=FaultKind.PROXY, message="407")))
    assert (found.blame, found.explains) == (Blame.NETWORK, frozenset())


def test_when_nobody_answers_the_provider_neither_the_media_is_not_blamed() -> None:
    dns = Fault(kind=FaultKind.DNS, message="no such host")
    call = Exchange(
        request=Request(method="GET", url="https://openapi.akool.com/"), answer=dns, started_s=0
    )
    found = one(exchange(dns), call)
    assert (found.blame, found.severity) == (Blame.NETWORK, Severity.WARN)
    assert found.certainty <= 0.5
    assert found.explains == frozenset()


def test_when_the_provider_answers_a_dead_media_host_is_the_medias_fault() -> None:
    dns = Fault(kind=FaultKind.DNS, message="no such host")
    call = Exchange(
        request=Request(method="GET", url="https://openapi.akool.com/"),
        answer=Response(status=404),
        started_s=0,
    )
    found = one(exchange(dns), call)
    assert (found.blame, found.severity) == (Blame.MEDIA, Severity.FAIL)


@pytest.mark.parametrize(
    "url",
    [
        "/home/me/face.jpg",
        "C:\\face.jpg",
        "data:image/png;base64,AAAA",
        "cdn.somewhere.org/face.jpg",
        "ftp://cdn.somewhere.org/face.jpg",
        "https://",
        "https://cdn.somewhere.org/my face.jpg",
    ],
)
def test_what_is_no_absolute_address_fails_whatever_a_driver_made_of_it(url: str) -> None:
    about = case(photo=url, speech="")
    fault = Fault(kind=FaultKind.BAD_REQUEST, message="unsupported scheme")
    assert codes(judged(exchange(fault, url=url), about=about)) == ["media-not-an-address"]
    assert codes(judged(about=about)) == ["media-not-an-address"]


@pytest.mark.parametrize(
    "url", ["http://localhost/a.jpg", "http://192.168.1.5/a.jpg", "http://nas.local/a.jpg"]
)
def test_a_private_host_fails_for_a_provider_far_away(url: str) -> None:
    about = case(photo=url, speech="")
    served = exchange(got(sample("face.jpg"), content_type="image/jpeg"), url=url)
    found = judged(served, about=about)
    assert codes(found) == ["media-private-host", "media-fine"]
    assert "1015" in found[0].explains
    dead = exchange(Fault(kind=FaultKind.REFUSED, message="no"), url=url)
    assert codes(judged(dead, about=about)) == ["media-private-host"]


def test_a_private_host_is_fine_for_an_emulator_on_this_machine() -> None:
    url = "http://127.0.0.1:8000/face.jpg"
    about = case(photo=url, speech="", kind=TargetKind.EMULATOR)
    assert codes(judged(exchange(got(sample("face.jpg")), url=url), about=about)) == ["media-fine"]


def test_a_redirect_into_a_private_network_fails() -> None:
    hop = exchange(got(status=302, location="http://10.0.0.7/face.jpg"))
    assert "media-private-host" in codes(judged(hop))


def test_a_placeholder_warns_and_fails_when_it_serves_no_media() -> None:
    url = "https://example.com/photo.jpg"
    about = case(photo=url, speech="")
    page = judged(exchange(got(HTML, content_type="text/html"), url=url), about=about)
    assert codes(page) == ["media-placeholder", "media-web-page"]
    fine = judged(exchange(got(sample("face.jpg")), url=url), about=about)
    assert codes(fine) == ["media-placeholder", "media-fine"]
    assert fine[0].severity is Severity.WARN


# --- signed links -----------------------------------------------------------------------------


def signed(lives_s: int) -> str:
    return f"{PHOTO}?X-Amz-Date=20251120T230000Z&X-Amz-Expires={lives_s}&X-Amz-Signature=0"


def test_a_dead_signed_link_is_told_as_expired_and_not_merely_forbidden() -> None:
    url = signed(60)
    found = one(exchange(got(status=403), url=url), about=case(photo=url, speech=""))
    assert found.rule.code == "media-link-expired"
    assert "0:59:00 ago" in found.message("en")


def test_a_forbidden_link_that_is_still_alive_is_not_called_expired() -> None:
    url = signed(7200)
    found = one(exchange(got(status=403), url=url), about=case(photo=url, speech=""))
    assert found.rule.code == "media-forbidden"


def test_a_signed_link_about_to_end_warns() -> None:
    url = signed(3600 + 300)
    found = one(exchange(got(sample("face.jpg")), url=url), about=case(photo=url, speech=""))
    assert (found.rule.code, found.severity) == ("media-link-expiring", Severity.WARN)
    assert "0:05:00" in found.message("ru")


def test_a_signed_link_with_a_day_to_live_is_not_mentioned() -> None:
    url = signed(90_000)
    about = case(photo=url, speech="")
    assert codes(judged(exchange(got(sample("face.jpg")), url=url), about=about)) == ["media-fine"]


# --- what came --------------------------------------------------------------------------------


def test_a_web_page_instead_of_a_picture_explains_1015() -> None:
    found = one(exchange(got(HTML, content_type="image/jpeg")))
    assert (found.rule.code, found.code) == ("media-web-page", "1015")
    assert "1015" in found.explains


def test_a_file_sharing_page_is_named_by_its_service() -> None:
    url = "https://drive.google.com/file/d/1/view"
    found = one(exchange(got(HTML), url=url), about=case(photo=url, speech=""))
    assert found.rule.code == "media-share-page"
    assert "Google Drive" in found.message("ru")


def test_an_empty_file_fails() -> None:
    assert one(exchange(got(b"", content_length="0"))).rule.code == "media-empty"


def test_sound_where_a_picture_is_due_fails() -> None:
    found = one(exchange(got(sample("speech.wav"))), about=case(speech=""))
    assert (found.rule.code, found.severity, found.code) == ("media-format", "fail", "1015")


def test_a_picture_of_a_kind_that_only_we_doubt_warns_and_still_explains() -> None:
    gif = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff,\x00\x00\x00\x00\x01\x00"
    gif += b"\x01\x00\x00\x02\x02D\x01\x00;"
    url = "https://cdn.somewhere.org/face.gif"
    found = one(exchange(got(gif), url=url), about=case(photo=url, speech=""))
    assert (found.rule.code, found.severity) == ("media-format", Severity.WARN)
    assert "1015" in found.explains


def test_a_damaged_picture_fails() -> None:
    found = one(exchange(got(sample("face.jpg")[:5000])))
    assert (found.rule.code, found.code) == ("media-undecodable", "1015")


def test_each_breach_of_a_documented_limit_names_its_code() -> None:
    url = "https://cdn.somewhere.org/clip.mp4"
    about = case(operation="createTranslation", url=url)
    facts = replace(
        inspect(sample("silent.mp4")),
        duration_s=90.0,
        fps=60.0,
        video_codec="hevc",
        size_bytes=10**9,
    )
    answer = replace(got(b"x"), media=facts)
    contract = changed("createTranslation", "url", video_codecs=("h264",))
    found = judged(exchange(answer, label="url", url=url), about=about, contract=contract)
    told = {f.rule.code: f.code for f in found}
    assert told == {
        "media-size": "1207",
        "media-duration": "1204",
        "media-fps": "1210",
        "media-codec": "1209",
        "media-audio-missing": "1203",
    }
    assert all({"1205", f.code} <= f.explains for f in found)


def test_what_is_only_advised_warns_without_explaining_anything() -> None:
    url = "https://cdn.somewhere.org/clip.mp4"
    facts = replace(inspect(sample("clip.mp4")), fps=30.0)
    answer = replace(got(b"x"), media=facts)
    about = case(operation="createLipSync", video_url=url)
    found = one(exchange(answer, label="video_url", url=url), about=about)
    assert (found.rule.code, found.severity, found.explains) == (
        "media-fps-advised",
        Severity.WARN,
        frozenset(),
    )


def test_a_sound_track_that_is_forbidden_is_told_apart_from_one_that_lacks() -> None:
    contract = changed("createTranslation", "url", audio="forbidden")
    url = "https://cdn.somewhere.org/clip.mp4"
    about = case(operation="createTranslation", url=url)
    answer = exchange(got(sample("clip.mp4")), label="url", url=url)
    assert codes(judged(answer, about=about, contract=contract)) == ["media-audio-forbidden"]


def test_a_file_cut_at_our_own_limit_is_judged_by_the_length_its_host_states() -> None:
    url = "https://cdn.somewhere.org/clip.mp4"
    facts = replace(inspect(sample("clip.mp4")), complete=False)
    answer = replace(got(b"x", content_length="400000000"), media=facts, truncated=True)
    about = case(operation="createTranslation", url=url)
    assert one(exchange(answer, label="url", url=url), about=about).rule.code == "media-size"


@pytest.mark.parametrize(
    ("url", "declared", "rules"),
    [
        (PHOTO, "image/jpeg; charset=binary", []),
        (PHOTO, "application/octet-stream", []),
        (PHOTO, "", []),
        (PHOTO, "image/png", ["media-type-mismatch"]),
        (PHOTO, "text/html", ["media-type-mismatch"]),
        ("https://cdn.somewhere.org/face.png", "image/jpeg", ["media-name-mismatch"]),
        ("https://cdn.somewhere.org/face", "image/jpeg", []),
        ("https://cdn.somewhere.org/face.php", "image/jpeg", []),
    ],
)
def test_a_name_or_type_that_contradicts_the_bytes_warns(
    url: str, declared: str, rules: list[str]
) -> None:
    answer = exchange(got(sample("face.jpg"), content_type=declared), url=url)
    found = judged(answer, about=case(photo=url, speech=""))
    assert codes(found) == [*rules, "media-fine"]
    assert all(f.severity is not Severity.FAIL for f in found)


def test_a_body_that_a_capture_kept_is_looked_at_too() -> None:
    response = Response(status=200, body=HTML, headers=(("content-length", "48"),))
    assert one(exchange(response)).rule.code == "media-web-page"


# --- how it came ------------------------------------------------------------------------------


def test_a_slow_source_warns() -> None:
    found = one(exchange(got(sample("face.jpg")), duration_s=SLOW_S + 1))
    assert (found.rule.code, found.severity) == ("media-slow", Severity.WARN)


def test_a_host_that_states_no_length_is_mentioned() -> None:
    assert codes(judged(exchange(got(sample("face.jpg"), content_length="")))) == [
        "media-no-length",
        "media-fine",
    ]


def test_redirects_are_told_with_their_end_and_all_their_positions() -> None:
    first = exchange(got(status=302, location="https://other.org/f.jpg"), position=3)
    last = exchange(got(sample("face.jpg")), url="https://other.org/f.jpg", position=4)
    found = judged(first, last)
    assert codes(found) == ["media-redirected", "media-fine"]
    assert found[0].evidence == (3, 4)
    assert "other.org" in found[0].message("ru")


def test_redirects_that_end_nowhere_fail() -> None:
    assert one(exchange(got(status=302))).rule.code == "media-redirects-nowhere"


def test_the_last_conversation_about_an_input_counts() -> None:
    earlier = exchange(got(status=404), conversation=1)
    later = exchange(got(sample("face.jpg")), position=1, conversation=2)
    assert codes(judged(earlier, later)) == ["media-fine"]


def test_result_files_and_other_scenarios_are_not_inputs() -> None:
    output = exchange(got(status=403), label="output")
    job = exchange(got(status=404), scenario="job")
    assert codes(judged(output, job)) == ["media-not-fetched"]


def test_an_imported_fetch_without_a_plan_is_judged_by_itself() -> None:
    about = replace(case(), plan=None)
    found = judged(exchange(got(HTML), scenario="", label=""), about=about)
    assert codes(found) == ["media-web-page"]
    assert found[0].subject == "cdn.somewhere.org"


def test_an_operation_without_codes_explains_every_code_that_asks_to_look_at_inputs() -> None:
    about = case(operation="createImageToVideo", image_url=PHOTO)
    found = one(exchange(got(status=404), label="image_url"), about=about)
    assert "1015" in found.explains
    assert found.code is None


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
