"""Is a file that came judged by its bytes, its name, its type and the way it came?"""

from dataclasses import replace

import pytest

from diagnostics.emulator.samples import sample
from diagnostics.inspection.judge import SLOW_S
from diagnostics.media import inspect
from diagnostics.model import Response, Severity
from tests.test_media_judge import (
    HTML,
    PHOTO,
    case,
    changed,
    codes,
    exchange,
    got,
    judged,
    one,
)

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
