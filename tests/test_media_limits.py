"""Does each documented limit catch the file that breaks it, and name the code it would cause?"""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.contract_load import load
from diagnostics.emulator.samples import sample
from diagnostics.media import Breach, breaches, describe, fits, inspect, of_role
from diagnostics.model import MediaFacts
from diagnostics.promise import MediaLimits

CODES = {
    "format": "1208",
    "size": "1207",
    "duration": "1204",
    "fps": "1210",
    "codec": "1209",
    "audio": "1203",
    "dimensions": "1206",
}
FILM = MediaFacts(
    container="mp4",
    size_bytes=1_000_000,
    width=1280,
    height=720,
    duration_s=30.0,
    fps=30.0,
    video_codec="h264",
    audio_codec="aac",
    has_audio=True,
)
VIDEO = MediaLimits(
    role="video",
    formats=("mp4", "mov"),
    size_bytes_max=2_000_000,
    duration_s_min=1,
    duration_s_max=60,
    fps_max=30,
    width_max=1920,
    height_max=1080,
    video_codecs=("H.264",),
    audio_codecs=("aac",),
    audio="required",
    codes=CODES,
)


def only(facts: MediaFacts, limits: MediaLimits) -> Breach:
    (breach,) = breaches(facts, limits)
    return breach


def test_a_file_within_every_limit_breaks_none() -> None:
    assert breaches(FILM, VIDEO) == []


@pytest.mark.parametrize(
    ("changes", "kind", "seen", "limit"),
    [
        ({"container": "avi"}, "format", "avi", "mp4, mov"),
        ({"size_bytes": 2_000_001}, "size", "2.0 MB", "≤ 2.0 MB"),
        ({"duration_s": 61.0}, "duration", "61 s", "≤ 60 s"),
        ({"duration_s": 0.5}, "duration", "0.5 s", "≥ 1 s"),
        ({"fps": 60.0}, "fps", "60", "≤ 30"),
        ({"video_codec": "hevc"}, "codec", "hevc", "H.264"),
        ({"audio_codec": "mp3"}, "codec", "mp3", "aac"),
        ({"audio_codec": None, "has_audio": False}, "audio", "no sound track", "a sound track"),
        ({"width": 1921}, "dimensions", "1921×720", "≤ 1920×1080"),
        ({"height": 1081}, "dimensions", "1280×1081", "≤ 1920×1080"),
    ],
)
def test_each_limit_names_what_was_seen_and_the_code_it_would_cause(
    changes: dict[str, object], kind: str, seen: str, limit: str
) -> None:
    breach = only(replace(FILM, **changes), VIDEO)  # type: ignore[arg-type]  # fields by name
    assert breach == Breach(kind=kind, code=CODES[kind], seen=seen, limit=limit)


def test_a_damaged_file_of_the_right_kind_is_undecodable() -> None:
    breach = only(replace(FILM, problem="the file ends early"), VIDEO)
    assert (breach.kind, breach.code, breach.seen) == ("undecodable", "1208", "the file ends early")


def test_a_file_that_was_only_partly_read_is_not_called_undecodable() -> None:
    facts = replace(FILM, complete=False, problem="only its first part was read")
    assert breaches(facts, VIDEO) == []


def test_of_the_wrong_kind_of_file_only_format_and_size_are_told() -> None:
    page = MediaFacts(container="html", size_bytes=3_000_000, problem="no")
    assert [breach.kind for breach in breaches(page, VIDEO)] == ["format", "size"]


def test_what_is_advised_is_told_as_advice_and_causes_no_code() -> None:
    limits = replace(VIDEO, fps_max=60, fps_advised_max=25)
    breach = only(FILM, limits)
    assert breach == Breach(kind="fps", code=None, seen="30", limit="≤ 25", advice=True)
    assert only(replace(FILM, fps=61.0), limits).advice is False


@pytest.mark.parametrize(
    ("changes", "limits"),
    [
        ({"duration_s": 60.02}, {"duration_s_max": 60}),
        ({"fps": 30.02}, {"fps_max": 30}),
        ({"fps": 29.97}, {"fps_max": 30}),
    ],
)
def test_what_an_encoder_rounds_breaks_nothing(
    changes: dict[str, float], limits: dict[str, float]
) -> None:
    facts = replace(FILM, **changes)  # type: ignore[arg-type]  # fields by name
    assert breaches(facts, MediaLimits(role="video", **limits)) == []  # type: ignore[arg-type]  # see above


def test_a_sound_track_may_be_forbidden() -> None:
    assert only(FILM, MediaLimits(role="video", audio="forbidden")).seen == "a sound track"


def test_unknown_facts_break_nothing() -> None:
    bare = MediaFacts(container="mp4", size_bytes=10)
    assert breaches(bare, VIDEO) == []


@pytest.mark.parametrize(
    ("container", "role", "formats", "fitting"),
    [
        ("jpeg", "image", ("jpg",), True),
        ("jpeg", "image", (".JPEG",), True),
        ("jpeg", "image", (), True),
        ("gif", "image", ("jpg", "png"), False),
        ("mp4", "image", (), False),
        ("html", "image", (), False),
        ("mov", "video", ("quicktime",), True),
        ("m4a", "audio", ("mp3", "m4a"), True),
        ("m4a", "audio", ("mp3", "mp4"), True),
        ("m4a", "video", ("mp4",), False),
        ("mp3", "any", ("mpga",), True),
        ("png", "image-or-video", (), True),
        ("mp3", "image-or-video", (), False),
        ("srt", "subtitles", ("srt", "ass"), True),
        ("text", "document", ("txt",), True),
        ("xml", "document", ("md",), True),
        ("html", "document", (), False),
        ("unknown", "any", (), True),
    ],
)
def test_formats_are_compared_by_what_they_are_not_by_their_spelling(
    container: str, role: str, formats: tuple[str, ...], *, fitting: bool
) -> None:
    facts = MediaFacts(container=container, size_bytes=1)
    assert fits(facts, MediaLimits(role=role, formats=formats)) is fitting


def test_a_picture_is_not_of_the_role_audio() -> None:
    facts = inspect(sample("face.png"))
    assert of_role(facts, MediaLimits(role="image"))
    assert not of_role(facts, MediaLimits(role="audio"))


def test_every_sample_suits_the_documented_limits_it_stands_for() -> None:
    operations = load("akool").operations
    for operation, parameter, names in (
        ("createTalkingPhoto", "talking_photo_url", ("face.jpg", "face.png", "face.webp")),
        ("createTalkingPhoto", "audio_url", ("speech.mp3", "speech.wav", "speech.m4a")),
        ("createTranslation", "url", ("clip.mp4",)),
        ("createLipSync", "video_url", ("clip.mp4",)),
    ):
        for name in names:
            assert breaches(inspect(sample(name)), operations[operation].media[parameter]) == []


def test_a_silent_film_would_cause_1203_in_a_translation() -> None:
    limits = load("akool").operations["createTranslation"].media["url"]
    assert only(inspect(sample("silent.mp4")), limits).code == "1203"


def test_facts_read_in_one_line() -> None:
    assert describe(FILM) == "mp4 1280×720, 30 fps, h264 + aac, 30 s, 1.0 MB"
    assert describe(MediaFacts(container="empty", size_bytes=0)) == "empty, 0 B"
    assert describe(inspect(sample("speech.mp3"))).startswith("mp3, 1 s, 4.5 kB")


numbers = st.none() | st.floats(allow_nan=True, allow_infinity=True)


@given(
    st.builds(
        MediaFacts,
        container=st.sampled_from(["mp4", "jpeg", "html", "unknown", "empty", "m4a", "odd"]),
        size_bytes=st.integers(0, 10**18),
        duration_s=numbers,
        fps=numbers,
        width=st.none() | st.integers(0, 10**9),
        height=st.none() | st.integers(0, 10**9),
        video_codec=st.none() | st.text(max_size=9),
        audio_codec=st.none() | st.text(max_size=9),
        has_audio=st.none() | st.booleans(),
        problem=st.none() | st.text(max_size=9),
    ),
    st.builds(
        MediaLimits,
        role=st.sampled_from(["image", "video", "audio", "any", "image-or-video", "nonsense"]),
        formats=st.lists(st.text(max_size=5), max_size=3).map(tuple),
        size_bytes_max=st.none() | st.integers(0, 10**12),
        duration_s_max=numbers,
        duration_s_min=numbers,
        fps_max=numbers,
        video_codecs=st.lists(st.text(max_size=5), max_size=2).map(tuple),
        audio=st.sampled_from([None, "required", "forbidden", "?"]),
        codes=st.just(CODES),
    ),
)
def test_no_facts_and_no_limits_make_breaches_raise(facts: MediaFacts, limits: MediaLimits) -> None:
    kinds = {breach.kind for breach in breaches(facts, limits)}
    assert kinds <= {*CODES, "undecodable"}
    assert describe(facts)
