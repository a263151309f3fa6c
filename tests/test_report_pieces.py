"""Do the parts of a report hold at their edges: long, empty, garbled, unreadable?"""

import json
import shutil
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from jinja2 import Environment, FileSystemLoader

from diagnostics.model import (
    Exchange,
    Fault,
    FaultKind,
    Json,
    KeyFacts,
    MediaFacts,
    Response,
    Target,
    TargetKind,
    Unsent,
    UnsentReason,
)
from reports import shown
from reports.digest import host_of
from reports.document import document
from reports.drawing import LAYOUTS, NARROW, WIDE, Scale, drawing, story
from reports.identify import KEPT_FIRST, KEPT_LAST
from reports.line import place
from reports.phrases import Phrases
from reports.plain import clean
from reports.render import FOLDER, cache, formats, rendered
from reports.reproduce import command
from reports.runs import ALIKE, runs, tone
from reports.words import words
from tests import sample_report as sample

CONTRACT = sample.contract()
PHRASE = Phrases(words=words("en"))


def of(*exchanges: Exchange) -> dict[str, Any]:
    """A document of just these exchanges."""
    report = sample.incident()
    numbered = [replace(one, position=n) for n, one in enumerate(exchanges)]
    report = replace(report, tape=replace(report.tape, exchanges=numbered))
    return document(report, CONTRACT, language="en")


def exchange(answer: Response | Fault | Unsent, **changes: Json) -> Exchange:
    made = Exchange(request=sample.call(), answer=answer, started_s=sample.BEGAN_S, scenario="job")
    return replace(made, **changes)


# --- the picture ------------------------------------------------------------------------------


def test_a_long_tape_says_in_every_format_what_was_left_out() -> None:
    made = document(sample.long(9_000), CONTRACT, language="en")

    for name in formats():
        assert "left out" in rendered(made, format=name) or name == "json"


def test_a_story_of_many_lines_keeps_its_ends_and_counts_its_middle() -> None:
    fine, busy = sample.answered({"code": 1000}), sample.answered({"code": 1015})
    made = of(
        *(
            exchange(busy if n % 2 else fine, attempt=n + 1, started_s=sample.BEGAN_S + n)
            for n in range(60)
        )
    )
    told = story(made)

    assert len(told) == 39
    assert told[26] == {"elided": 22}
    for layout in LAYOUTS.values():
        drawn = drawing(made, PHRASE, layout)
        assert drawn
        assert drawn["rows"][26] == {
            "top": 34 + 26 * layout.row_height,
            "elided": "22 exchanges left out",
        }


def test_a_gap_at_either_end_of_a_story_is_no_part_of_it() -> None:
    made = of(exchange(sample.answered({"code": 1015})))
    gap = {"elided": 9}
    made["timeline"] = [gap, *made["timeline"], gap]

    assert [run["elided"] for run in story(made)] == [0]


def test_nothing_sent_gives_no_picture() -> None:
    made = of(exchange(Unsent(reason=UnsentReason.NO_BUDGET)))

    assert drawing(made, PHRASE, WIDE) is None
    assert made["unsent"] == {"no-budget": 1}


def test_calls_of_one_instant_stand_on_one_spot() -> None:
    scale = Scale([5.0], [5.0], WIDE)

    assert scale.x(5.0) == scale.x(9.0) == WIDE.left
    assert not scale.broken


def test_the_axis_is_true_to_scale_until_calls_would_crowd() -> None:
    even = Scale([0.0, 10.0, 20.0], [0.0, 10.0], WIDE)
    crowded = Scale([0.0, 0.1, 1000.0], [0.0, 0.1, 1000.0], WIDE)

    assert even.x(10.0) - even.x(0.0) == pytest.approx(even.x(20.0) - even.x(10.0), abs=0.2)
    assert not even.broken
    assert crowded.broken
    assert crowded.x(0.1) - crowded.x(0.0) > 4


def test_labels_of_the_axis_never_touch() -> None:
    made = document(sample.incident(), CONTRACT, language="ru")
    for layout in (WIDE, NARROW):
        drawn = drawing(made, PHRASE, layout)
        assert drawn
        places = [tick["x"] for tick in drawn["ticks"]]
        assert all(after - before >= 70 for before, after in pairwise(places))


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"ok": None}, "idle"),
        ({"ok": False}, "bad"),
        ({"ok": True, "state": "2", "kind": "poll", "state_kind": "running"}, "waiting"),
        ({"ok": True, "state": "9", "kind": "poll", "state_kind": None}, "odd"),
        ({"ok": True, "state": "3", "kind": "poll", "state_kind": "done"}, "good"),
        ({"ok": True, "state": None, "kind": "call"}, "good"),
    ],
)
def test_a_line_has_the_tone_of_what_came_of_it(row: dict[str, object], said: str) -> None:
    assert tone(row) == said


# --- what is shown ----------------------------------------------------------------------------


def test_a_request_that_was_kept_back_says_why() -> None:
    made = of(exchange(Unsent(reason=UnsentReason.OVER_BUDGET, message="needs 10, 4 are left")))

    assert made["answer"]["message"] == "needs 10, 4 are left"
    assert "kept back: over the budget" in rendered(made, format="txt")


def test_what_cannot_be_shown_as_text_is_shown_in_hex_with_its_size() -> None:
    made = shown.body(b"\xff\xfe" * 500)

    assert made["text"].startswith("ff fe ff fe")
    assert (made["size_bytes"], made["binary"], made["truncated"]) == (1000, True, True)


def test_text_cut_inside_a_character_is_still_text() -> None:
    made = shown.body("привет".encode()[:-1], cut=True)

    assert made["text"] == "приве"
    assert not made["binary"]


@pytest.mark.parametrize(
    "data", [b"[" * 900 + b"]" * 900, b"17", b'"x"', b"[" * 50_000, b"x" * 70_000]
)
def test_what_is_no_object_or_too_much_is_not_indented(data: bytes) -> None:
    pretty = shown.body(data)["pretty"]

    assert pretty is None or json.loads(pretty) == json.loads(data)


def test_a_job_that_flips_its_state_for_ever_fills_no_report() -> None:
    flips = [sample.answered(sample.job(1 + n % 2)) for n in range(200)]
    made = of(*(exchange(answer, request=sample.poll()) for answer in flips))

    assert len(made["states"]) == 60
    assert made["polls"] == 200


def test_requests_that_were_only_built_are_counted_and_no_lines() -> None:
    built = Unsent(reason=UnsentReason.DRY)
    made = of(*[exchange(built)] * 30, exchange(sample.answered({"code": 1015})))

    assert made["unsent"] == {"dry": 30}
    assert [row["position"] for row in made["timeline"]] == [0, 1, 2, 3, 4, 5, 12, 30]


def test_more_ids_than_a_reader_wants_are_counted() -> None:
    many = [exchange(sample.answered({"code": 1000}, x_request_id=f"req-{n}")) for n in range(100)]
    made = of(*many)
    found = made["identifiers"]

    assert len(found) == KEPT_FIRST + KEPT_LAST
    assert made["identifiers_more"] == 40
    assert found[-1]["value"] == "req-99"


def test_the_ids_of_a_failure_are_kept_and_first_however_long_the_tape() -> None:
    well = [exchange(sample.answered({"code": 1000}, x_request_id=f"req-{n}")) for n in range(200)]
    bad = exchange(sample.answered({"code": 1015, "msg": "no"}, x_request_id="req-bad"))
    found = of(*well[:100], bad, *well[100:])["identifiers"]

    assert found[0]["value"] == "req-bad"


@pytest.mark.parametrize("url", ["http://[", "", "//", "x"])
def test_an_address_that_is_none_harms_nothing(url: str) -> None:
    assert host_of(url) == ""
    assert place(url)
    made = of(exchange(sample.answered({}), request=replace(sample.call(), url=url)))

    assert rendered(made, format="html")


def test_a_key_with_oddities_names_them_without_its_value() -> None:
    key = KeyFacts(name="AKOOL_CLIENT_ID", present=True, length=5, problems=("quotes", "other"))
    facts = {name: getattr(key, name) for name in key.__slots__}

    assert PHRASE.client_id({"keys": [facts]}) == (
        "set, 5 characters, from the environment; problems: quotes around it, other"
    )


def test_media_facts_are_told_as_far_as_they_are_known() -> None:
    clip = MediaFacts(
        container="mp4",
        size_bytes=1_234_567,
        width=1280,
        height=720,
        duration_s=4.2,
        fps=29.97,
        video_codec="h264",
        audio_codec="aac",
    )
    asked = sample.fetch("https://files.example.com/clip.mp4", "video_url")
    lost = Fault(kind=FaultKind.DNS, message="no such host")
    made = of(
        exchange(Response(status=200, media=clip), request=asked),
        exchange(Response(status=200), request=asked),
        exchange(lost, request=asked),
    )

    assert [PHRASE.media(one) for one in made["media"]] == [
        "HTTP 200, mp4, 1.2 MB, 1280x720, 4.2 s, 29.97 fps, h264, aac",
        "HTTP 200",
        "the host name does not resolve",
    ]


def test_a_proxy_on_the_way_is_named() -> None:
    wire = {
        "address": "203.0.113.7:443",
        "tls_version": None,
        "certificate_expires": None,
        "proxy": "http://proxy.example:3128",
    }

    assert PHRASE.peer(wire) == "203.0.113.7:443, proxy http://proxy.example:3128"
    assert PHRASE.peer({**wire, "address": None, "proxy": None}) == "?"


def test_an_outcome_is_told_by_what_decides_it() -> None:
    row: dict[str, object] = {
        "fault": None,
        "state": None,
        "kind": "call",
        "code": None,
        "garbled": True,
    }
    row |= {"status": 200, "message": ""}

    assert PHRASE.outcome(row) == "HTTP 200, not JSON"
    assert PHRASE.outcome({**row, "garbled": False}) == "HTTP 200"
    assert PHRASE.outcome({**row, "fault": "cut-body"}) == "HTTP 200, the answer was cut off"


@pytest.mark.parametrize(("offset_s", "said"), [(900, "ahead"), (-900, "behind"), (0.4, "agrees")])
def test_it_is_said_whose_clock_is_ahead(offset_s: float, said: str) -> None:
    assert said in PHRASE.clock(offset_s)


def test_what_is_not_known_is_said_to_be_unknown() -> None:
    said = words("en")

    assert said.number(None) == said.size(None) == said.percent(None) == "?"
    assert clean(Path("x\n")) == "x\\n"


def test_an_answer_without_a_code_is_told_by_its_status() -> None:
    gone = exchange(Response(status=404, body=b"{}"))

    assert of(gone)["symptom"] == "AKOOL, createTalkingPhoto, create: HTTP 404"


# --- made again -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "base", "fault", "seed", "said"),
    [
        (TargetKind.LIVE, "https://mirror.example", None, 0, "--target https://mirror.example"),
        (
            TargetKind.EMULATOR,
            "http://127.0.0.1:99",
            "slow",
            7,
            "--target http://127.0.0.1:99 --fault slow",
        ),
        (TargetKind.EMULATOR, "http://[", None, 7, "--target 'http://['"),
    ],
)
def test_a_run_is_made_again_where_it_was_made(
    kind: TargetKind, base: str, fault: str | None, seed: int, said: str
) -> None:
    target = Target(kind=kind, provider="akool", base_url=base, fault=fault)
    line = command(sample.case(kind, target=target, seed=seed), CONTRACT)

    assert said in line
    assert ("--seed 7" in line) == bool(seed)


def test_a_file_of_the_emulator_is_fetched_from_it_without_a_key() -> None:
    report = sample.media_incident()
    fetched = replace(report.tape, exchanges=report.tape.exchanges[:1])
    made = document(replace(report, tape=fetched), CONTRACT, language="en")["reproduction"]

    assert made["setup"] == "diagnostics emulate akool --port 8471 --fault unreachable-media"
    assert made["curl"].endswith("'http://127.0.0.1:8471/_media/gone.jpg'")


def test_hidden_values_have_to_be_put_back() -> None:
    request = replace(sample.call(), body=b'{"url": "https://x.test/?sig=<secret:signature#1>"}')
    made = of(exchange(sample.answered({"code": 1015}), request=request))
    notes = made["reproduction"]["notes"]

    assert "Put the real values back where <secret:...> stands." in notes
    assert made["redacted"] == ["<secret:signature#1>"]


# --- the cache of templates -------------------------------------------------------------------


def _compile(folder: Path) -> str:
    made = Environment(  # nothing is rendered for a browser here
        loader=FileSystemLoader(FOLDER), bytecode_cache=cache({"XDG_CACHE_HOME": str(folder)})
    )
    made.filters |= dict.fromkeys(("time", "md", "code", "fenced"), str)
    return made.get_template("report.txt.jinja").name or ""


def test_templates_are_compiled_once(tmp_path: Path) -> None:
    _compile(tmp_path)

    assert len(list((tmp_path / "genvideo-diagnostics" / "templates").iterdir())) == 1


def test_without_a_place_for_compiled_templates_they_are_compiled_each_time(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    assert cache({"XDG_CACHE_HOME": str(tmp_path / "file")}) is None
    assert _compile(tmp_path / "file") == "report.txt.jinja"


def test_a_cache_that_vanishes_harms_no_report(tmp_path: Path) -> None:
    made = cache({"XDG_CACHE_HOME": str(tmp_path)})
    shutil.rmtree(tmp_path / "genvideo-diagnostics")
    here = Environment(loader=FileSystemLoader(FOLDER), bytecode_cache=made)  # see above
    here.filters |= dict.fromkeys(("time", "md", "code", "fenced"), str)

    assert here.get_template("report.md.jinja")


def test_unsent_lines_with_others_left_out_between_them_are_not_counted_as_two() -> None:
    row: dict[str, Any] = dict.fromkeys(ALIKE)
    row |= {"kind": "unsent", "scenario": "formats", "conversation": 0, "elided": 0}
    row |= {"offset_s": 0.0, "duration_s": 0.0}
    apart = runs({**row, "position": position} for position in (76, 102))
    beside = runs({**row, "position": position} for position in (76, 77))
    assert ([one["count"] for one in apart], [one["count"] for one in beside]) == ([1, 1], [2])
