"""Does the report of a load tell what was measured, in every format, and survive any file?"""

import csv
import io
import json
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.cli import main
from diagnostics.cli import report as report_command
from diagnostics.cli.screen import Screen
from diagnostics.errors import DiagnosticsError, Exit
from diagnostics.loading import result
from diagnostics.loading.counts import Counts
from diagnostics.loading.profile import Profile
from diagnostics.loading.reading import profile as read_profile
from diagnostics.loading.result import Ending, Limit, Load
from diagnostics.model import LANGUAGES, Json, TargetKind, Text, Verdict
from diagnostics.redact import Gate
from diagnostics.tape import TapeFile
from reports import files, load_said
from reports.document import document
from reports.load_columns import columns
from reports.load_document import drawn_codes, pictures, with_load
from reports.load_drawing import Axis, area, line, linear, logarithmic, shade
from reports.load_table import table
from reports.render import rendered
from reports.words import words
from tests import sample_load as sample
from tests.load_json_cases import mutated
from tests.sample_report import contract
from tests.test_report_formats import Page

CONTRACT = contract()
LOAD = sample.load()
LOADS = {"spike": LOAD, "breaking": sample.breaking(), "silent": sample.silent()}
CHARTS = ["plan", "rate", "codes", "latency", "jobs", "heat"]


def made(load: Load = LOAD, language: str = "en") -> dict[str, Json]:
    report = sample.report()
    return with_load(document(report, CONTRACT, language=language), load, report, CONTRACT)


def told(load: Load = LOAD, language: str = "en", kind: str = "txt") -> str:
    charts = pictures(load, CONTRACT, language) if kind == "html" else ()
    return rendered(made(load, language), format=kind, charts=charts)


# --- every format -------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", LOADS)
@pytest.mark.parametrize("kind", ["html", "json", "md", "txt"])
def test_every_format_tells_of_the_load_with_no_undefined_name(
    kind: str, name: str, language: str
) -> None:
    load = LOADS[name]
    text = told(load, language, kind)
    plain = text.replace("\\", "")

    assert load_said.sentence(load, words(language)) in plain
    assert all(
        one.in_language(language).replace("<", "&lt;" if kind == "html" else "<") in plain
        for one in load.because[:1]
    )


@pytest.mark.parametrize("kind", ["html", "md", "txt"])
def test_every_objective_is_told_with_what_was_measured(kind: str) -> None:
    text = told(kind=kind).replace("&lt;", "<").replace("\\", "")

    for one in made()["load"]["objectives"]:
        assert one["text"] in text
        assert one["shown"] in text


def test_the_verdict_of_a_load_is_that_of_its_objectives_and_not_of_its_samples() -> None:
    load = replace(LOAD, verdict=Verdict.PASS, because=(), objectives=LOAD.objectives[2:])
    shown = made(load)

    assert shown["verdict"] == "pass"
    assert shown["blame"] == "none"
    assert shown["load"]["sampled"]["verdict"] == "fail"
    assert "certainty" not in told(load).partition("REQUEST PARAMETERS")[0].lower()


def test_a_load_that_was_stopped_before_anything_was_judged_says_so() -> None:
    text = told(sample.silent())

    assert "failed before anything could be measured" in text
    assert "nobody answered any more" in text
    assert "No request failed." in text


def test_a_verdict_that_is_none_is_told_as_that() -> None:
    late = Text(en="the generator was late", ru="генератор опаздывал")
    load = replace(LOAD, verdict=Verdict.INCONCLUSIVE, because=(late,))

    assert "cannot be judged" in told(load)
    assert "оценить результат нельзя" in told(load, "ru")
    assert "генератор опаздывал" in told(load, "ru", "html")


def test_the_numbers_are_those_of_the_tally_and_not_of_the_sampled_tape() -> None:
    shown, counts = made(), Counts.from_json(LOAD.tally)

    assert shown["requests"] == sum(one.requests for one in counts.names.values()) > 5_000
    assert shown["load"]["sampled"]["requests"] < 100
    assert shown["paid_requests"] == counts.names[sample.CREATE].requests
    assert shown["credits_spent"] == counts.microcredits / 1e6
    assert shown["load"]["figures"]["p99_s"] == counts.latency().percentile(0.99)
    assert shown["load"]["jobs"]["done"] == counts.jobs.done


def test_a_price_that_nobody_knows_is_not_counted_as_nothing() -> None:
    counts = Counts.from_json(LOAD.tally)
    counts.unpriced = 12
    shown = made(replace(LOAD, tally=counts.to_json()))

    assert shown["credits_spent"] is None
    assert shown["load"]["figures"]["credits_per_job"] is None
    assert "12 paid calls have a price that nobody documents" in told(
        replace(LOAD, tally=counts.to_json())
    )


def test_what_is_asked_for_ends_when_the_load_is_stopped() -> None:
    plan = pictures(sample.breaking(), CONTRACT, "en")[0]["layouts"][0]
    whole = pictures(replace(sample.breaking(), breaking=None), CONTRACT, "en")[0]["layouts"][0]

    levels = [re.findall(r"V([\d.]+)", one["shapes"][1]["path"]) for one in (plan, whole)]

    assert float(levels[0][-1]) == plan["bottom"]
    assert float(levels[1][-1]) < whole["bottom"]


def test_a_plain_run_has_no_load_section() -> None:
    plain = document(sample.report(), CONTRACT, language="en")

    assert "load" not in plain
    assert "k-heat" not in rendered(plain, format="html")


def test_the_load_at_which_it_breaks_is_named() -> None:
    for kind in ("txt", "md", "html"):
        text = told(sample.breaking(), kind=kind)

        assert "It breaks at 52 arrivals/s, 22 s after the start" in text
        assert "The highest load at which everything held: 40 arrivals/s" in text


@pytest.mark.parametrize("reset_s", [None, 30.0])
def test_a_limit_is_told_with_its_way_of_saying_so(reset_s: float | None) -> None:
    limit = Limit(
        name="createTalkingPhoto", status=429, code="1005", at_s=12.0, accepted=61, window_s=60.0,
        rate_per_s=1.0, reset_s=reset_s, headers=(("retry-after", "30"),),
    )  # fmt: skip
    text = told(replace(LOAD, limit=limit, ending=Ending.LIMIT))

    assert "createTalkingPhoto told of a limit 12 s after the start: HTTP 429, 1005" in text
    assert "Accepted in the 1 min 00 s before: 61" in text
    assert "still let 1 calls a second through" in text
    assert ("left alone for 30 s" in text) is (reset_s is not None)
    assert ("does not say when to come back" in text) is (reset_s is None)
    assert "retry-after: 30" in text


def test_a_worker_that_was_lost_is_named_and_marked_on_the_charts() -> None:
    page = told(kind="html")

    assert "lost after 27 s" in page
    assert page.count("<title>worker-2 lost</title>") == 2 * len(CHARTS)
    assert "worker-2: 3,000 requests, lost after 27 s" in told()


def test_the_slowest_conversation_comes_first_with_its_lines_on_the_tape() -> None:
    slow, failed = made()["load"]["samples"]

    assert slow["duration_s"] > failed["duration_s"]
    assert slow["exchanges"] == 50
    assert [row["position"] for row in slow["lines"]] == [*range(6, 18), *range(44, 56)]
    assert failed["lines"][0]["code"] == "1015"


def test_a_sample_whose_exchanges_the_tape_lost_is_still_told() -> None:
    gone = replace(LOAD.samples[0], positions=(900, -3))
    shown = made(replace(LOAD, samples=(gone,)))

    assert shown["load"]["samples"][0]["lines"] == []
    assert "38.2 s" in told(replace(LOAD, samples=(gone,)), kind="html")


def test_a_profile_that_somebody_changed_costs_only_its_own_chart() -> None:
    load = replace(LOAD, profile={"model": "sideways"})

    assert [one["name"] for one in pictures(load, CONTRACT, "en")] == CHARTS[1:]
    assert made(load)["load"]["profile"]["title"] == "spike"


# --- the page -----------------------------------------------------------------------------------


def test_the_page_draws_every_chart_wide_and_narrow() -> None:
    drawn = pictures(LOAD, CONTRACT, "en")

    assert [one["name"] for one in drawn] == CHARTS
    assert all([it["layout"] for it in one["layouts"]] == ["wide", "narrow"] for one in drawn)
    assert told(kind="html").count('<svg class="chart ') == 2 * len(CHARTS)


def test_the_page_has_no_script_no_inline_style_and_an_id_only_once() -> None:
    page = Page(told(kind="html"))
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]

    assert not [tag for tag, _ in page.tags if tag in {"script", "link", "iframe", "img"}]
    assert not [attributes for _, attributes in page.tags if "style" in attributes]
    assert len(ids) == len(set(ids))


def test_every_path_stays_inside_its_picture() -> None:
    for chart in pictures(LOAD, CONTRACT, "ru"):
        for one in chart["layouts"]:
            for shape in one["shapes"]:
                across = re.findall(r"[MH](-?[\d.]+)", shape["path"])
                upwards = re.findall(r"(?:M[\d.]+ |V)(-?[\d.]+)", shape["path"])

                assert all(one["left"] <= float(x) <= one["right"] for x in across)
                assert all(one["top"] <= float(y) <= one["bottom"] for y in upwards)


def test_labels_of_the_axes_never_touch() -> None:
    for seconds in (1, 3, 60, 599):
        load = sample.load(sample.Shape(seconds=seconds, level=0.05))
        for chart in pictures(load, CONTRACT, "ru"):
            for one in chart["layouts"]:
                ticks = [tick["x"] for tick in one["ticks"]]
                lines = sorted(each["y"] for each in one["lines"])

                assert all(b - a > 40 for a, b in pairwise(ticks))
                assert all(b - a > 11 for a, b in pairwise(lines)), one["name"]


def test_a_code_that_names_markup_makes_no_element() -> None:
    nasty = sample.load(sample.Shape(codes=("<script>alert(1)</script>", "=cmd|'/C calc'!A0")))
    page = Page(told(nasty, kind="html"))

    assert not [tag for tag, _ in page.tags if tag == "script"]
    assert "<script>alert(1)</script>" in "".join(page.text)


def test_beyond_six_codes_the_rest_is_one() -> None:
    codes = [{"code": str(number)} for number in range(1001, 1010)]

    assert drawn_codes(codes[:6]) == ["1001", "1002", "1003", "1004", "1005", "1006"]
    assert drawn_codes(codes) == ["1001", "1002", "1003", "1004", "1005", "other"]


def test_failures_beyond_the_sixth_code_are_drawn_as_the_rest() -> None:
    many = sample.load(sample.Shape(codes=[str(number) for number in range(1001, 1010)]))
    codes = next(one for one in pictures(many, CONTRACT, "en") if one["name"] == "codes")
    rest = codes["layouts"][0]["shapes"][-1]["path"]

    assert len(set(re.findall(r"V([\d.]+)", rest))) > 2 * 10
    assert [shape["kind"] for shape in codes["layouts"][0]["shapes"]] == [
        f"code{number}" for number in range(1, 7)
    ]
    assert "all other codes" in told(many, kind="html")


# --- pieces -------------------------------------------------------------------------------------


def test_an_area_is_broken_where_nothing_was_measured() -> None:
    steps = [(0.0, 1.0, 10.0, 5.0), (1.0, 2.0, 10.0, 3.0), None, (3.0, 4.0, 10.0, 5.0)]

    assert area(steps).count("M") == area(steps).count("Z") == 2
    assert line(steps) == "M0 5H1V3H2M3 5H4"


@pytest.mark.parametrize(
    ("most", "lines"),
    [(2.0, [0, 1, 2]), (0.0, None), (79.0, [0, 50, 100]), (8.0, [0, 5, 10]), (1e9, None)],
)
def test_the_lines_of_a_linear_axis_are_round(most: float, lines: list[float] | None) -> None:
    axis = linear(most, 100.0)

    assert axis.high >= most
    assert 2 <= len(axis.lines) <= 5
    assert lines is None or list(axis.lines) == lines


@given(st.floats(1e-7, 1e5), st.floats(1e-7, 1e5))
def test_a_logarithmic_axis_holds_its_values(one: float, other: float) -> None:
    axis = logarithmic(min(one, other), max(one, other), 100.0)

    assert axis.low <= min(one, other)
    assert max(one, other) <= axis.high
    assert (
        axis.y(axis.high) <= axis.y(max(one, other)) <= axis.y(min(one, other)) <= axis.y(axis.low)
    )


def test_more_answers_are_a_darker_shade() -> None:
    assert [shade(number, 1000) for number in (1, 10, 100, 1000)] == [0, 2, 4, 5]
    assert shade(1, 1) == 5


def test_an_axis_keeps_what_lies_outside_at_its_edge() -> None:
    axis = Axis(low=0.0, high=10.0, height=100.0, lines=[])

    assert axis.y(-5) == axis.y(0)
    assert axis.y(99) == axis.y(10)


def test_slivers_at_either_end_are_joined_and_silence_is_kept() -> None:
    counts = Counts()
    for second, number in ((1000, 1), (1001, 10), (1003, 10), (1004, 1)):
        counts.timeline.row(second).requests = number
        counts.timeline.row(second).created = 1
    found = columns(counts.timeline, most=100, began_at=1000.9, lasted_s=3.2)

    assert [one.requests for one in found] == [11, 0, 11]
    assert [one.in_flight for one in found] == [2, 2, 4]
    assert [round(one.covered_s, 6) for one in found] == [1.1, 1.0, 1.1]
    assert found[0].rate == pytest.approx(10.0)


def test_columns_add_up_however_few_there_are() -> None:
    counts = Counts.from_json(LOAD.tally)
    whole = sum(row.requests for row in counts.timeline.rows.values())
    for most in (1, 7, 60, 1000):
        found = columns(counts.timeline, most=most, began_at=LOAD.started_s, lasted_s=60.0)

        assert sum(one.requests for one in found) == whole
        assert len(found) <= most


@pytest.mark.parametrize("began_at", [0.0, -1e300, 1e18, float("nan"), float("inf")])
def test_a_start_that_does_not_fit_the_seconds_is_not_believed(began_at: float) -> None:
    counts = Counts.from_json(LOAD.tally)
    found = columns(counts.timeline, most=1000, began_at=began_at, lasted_s=60.0)

    assert found[0].at_s == 0.0
    assert len(found) == 60


def test_seconds_of_no_calendar_are_no_columns() -> None:
    counts = Counts()
    counts.timeline.row(10**15).requests = 1

    assert columns(counts.timeline, most=10, began_at=0.0, lasted_s=60.0) == []


def test_seconds_in_which_nothing_was_answered_have_no_latency_to_draw() -> None:
    counts = Counts()
    counts.timeline.row(1000).created = 1
    load = replace(sample.silent(), tally=counts.to_json(), started_s=1000.0, duration_s=1.0)

    assert [one["name"] for one in pictures(load, CONTRACT, "en")] == ["plan", "rate", "jobs"]


def test_a_load_that_broke_at_once_has_no_load_that_held() -> None:
    broken = sample.breaking().breaking
    assert broken is not None
    limit = Limit(name="getVideo", status=429, at_s=3.0)
    load = replace(LOAD, breaking=replace(broken, held_level=None), limit=limit)

    assert "highest load at which" not in told(load)
    assert "calls a second through" not in told(load)
    assert "<title>limit</title>" in told(load, kind="html")


def test_the_table_has_a_line_a_second_and_a_column_a_code() -> None:
    rows = list(csv.DictReader(io.StringIO(table(made()["load"]))))

    assert len(rows) in {59, 60}
    assert sum(int(row["requests"]) for row in rows) == made()["requests"]
    assert sum(int(row["failures 1015"]) for row in rows) == next(
        one["count"] for one in made()["load"]["codes"] if one["code"] == "1015"
    )


def test_a_code_becomes_no_formula_in_a_spreadsheet() -> None:
    nasty = sample.load(sample.Shape(codes=("=cmd|'/C calc'!A0", "+1\n2")))
    head = next(csv.reader(io.StringIO(table(made(nasty)["load"]))))

    assert not [name for name in head if name.startswith(("=", "+", "-", "@"))]
    assert not [name for name in head if "\n" in name]


def test_a_share_is_finer_than_a_whole_percent() -> None:
    assert load_said.share(0.0042, words("en")) == "0.42%"
    assert load_said.share(0.5, words("ru")) == "50\N{NO-BREAK SPACE}%"
    assert load_said.share(None, words("en")) == "?"


def test_what_a_newer_harness_says_is_shown_as_it_stands() -> None:
    assert load_said.word(words("en"), "clients", "warp") == "warp"
    assert load_said.why("fault reset", words("en")) == words("en").name("fault", "reset")
    assert load_said.code(words("en"), "reset") != "reset"


# --- files --------------------------------------------------------------------------------------


def write(folder: Path, load: Load, gate: Gate, formats: list[str]) -> dict[str, Json]:
    paths = files.paths(folder, formats)
    return files.write(sample.report(), CONTRACT, files=paths, language="en", gate=gate, load=load)


def test_the_table_is_written_beside_the_reports_and_named(tmp_path: Path) -> None:
    shown = write(tmp_path, LOAD, Gate(), ["txt", "html", "json"])

    assert shown["report"]["csv"] == str(tmp_path / "load.csv")
    assert (tmp_path / "load.csv").read_text().startswith("at_s,width_s,requests")
    assert json.loads((tmp_path / "result.json").read_text())["load"]["ending"] == "completed"
    assert "k-heat" in (tmp_path / "report.html").read_text()


def test_the_json_holds_no_pictures(tmp_path: Path) -> None:
    write(tmp_path, LOAD, Gate(), ["json"])

    assert "charts" not in json.loads((tmp_path / "result.json").read_text())["load"]


def test_a_secret_in_a_code_reaches_no_file(tmp_path: Path) -> None:
    secret = "invented-akool-key-0001"
    gate = Gate()
    gate.register(secret, "akool-api-key")
    load = sample.load(sample.Shape(codes=(f"bad key {secret}",)))
    write(tmp_path, load, gate, ["txt", "html", "json", "md"])
    written = list(tmp_path.iterdir())

    assert len(written) == 5
    assert not [path for path in written if secret in path.read_text("utf-8")]
    assert "bad key <secret:akool-api-key" in (tmp_path / "load.csv").read_text("utf-8")


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Path]:
    before = Path.cwd()
    os.chdir(tmp_path)
    yield tmp_path
    os.chdir(before)


def test_an_old_load_is_rendered_again_in_another_language(here: Path) -> None:
    folder = here / "out" / "then"
    tape = TapeFile(folder, Gate())
    tape.begin(sample.report().tape.case)
    for exchange in sample.report().tape.exchanges:
        tape.append(exchange)
    tape.close()
    (folder / result.NAME).write_text(json.dumps(result.to_json(LOAD)))
    out = io.StringIO()
    options = main.command_parser("report", report_command).parse_args(["then"])

    end = report_command.main(options, Screen(language="ru", streams=(out, io.StringIO())))

    assert end is Exit.OK
    assert "Нагрузка spike: не выдержано целевых показателей: 2 из 5\n" in out.getvalue()
    assert "csv: out/then/load.csv" in out.getvalue()
    assert "ПОД НАГРУЗКОЙ" in (folder / "report.txt").read_text("utf-8")


# --- hostile ------------------------------------------------------------------------------------


@given(mutated(result.to_json(LOAD)))
def test_no_file_breaks_the_report_of_a_load(document: Json) -> None:
    try:
        load = result.from_json(json.loads(json.dumps(document)))
        text = told(load, kind="html")
    except DiagnosticsError:
        return

    assert text.endswith("</html>\n")
    assert "MNone" not in text
    assert "nan" not in "".join(re.findall(r' d="([^"]*)"', text))


def test_the_sample_follows_the_profile_it_names() -> None:
    asked = read_profile(dict(LOAD.profile), name="spike")

    assert isinstance(asked, Profile)
    assert asked.level(25.0) == 80.0
    assert LOAD.target.kind is TargetKind.LIVE
