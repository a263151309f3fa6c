"""Does `diagnostics report` render an old run anew, and say clearly what it cannot read?"""

import argparse
import io
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from diagnostics.cli import report as command
from diagnostics.cli.screen import Screen
from diagnostics.contract_load import load
from diagnostics.errors import Exit, LeakError, UsageError
from diagnostics.finding import Report
from diagnostics.redact import Gate
from diagnostics.tape import TapeFile
from reports import files
from tests import sample_report as sample

SECRET = "invented-akool-key-0001"


@dataclass
class Desk:
    """A working folder, and what a command said there."""

    folder: Path
    out: io.StringIO = field(default_factory=io.StringIO)
    err: io.StringIO = field(default_factory=io.StringIO)

    def run(self, *words: str, language: str = "en", as_json: bool = False) -> Exit:
        parser = argparse.ArgumentParser()
        command.arguments(parser)
        streams = (self.out, self.err)
        screen = Screen(language=language, as_json=as_json, streams=streams)
        return command.main(parser.parse_args(words), screen)

    def record(self, name: str) -> Path:
        """A run folder with a real tape."""
        report = sample.incident()
        tape = TapeFile(self.folder / "out" / name, Gate())
        tape.begin(report.tape.case)
        for exchange in report.tape.exchanges:
            tape.append(exchange)
        tape.close()
        return self.folder / "out" / name


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    here = Path.cwd()
    os.chdir(tmp_path)
    yield Desk(tmp_path)
    os.chdir(here)


def test_a_run_is_found_by_its_id_and_rendered_beside_its_tape(desk: Desk) -> None:
    folder = desk.record("one")

    assert desk.run("one", "--format", "txt,md,html,json", language="ru") is Exit.OK
    assert {path.name for path in folder.iterdir()} == {
        *("tape.jsonl", "report.txt", "report.md", "report.html", "result.json")
    }
    assert (folder / "report.txt").read_text("utf-8").startswith("=== ОТЧЕТ ОБ ОШИБКЕ AKOOL API")
    assert desk.out.getvalue().startswith("AKOOL, ")
    assert "txt: out/one/report.txt" in desk.out.getvalue()


def test_last_is_the_run_written_last(desk: Desk) -> None:
    desk.record("b")
    late = desk.record("a")
    os.utime(late / "tape.jsonl", (2e9, 2e9))
    desk.run("last", "--format", "json")

    assert (late / "result.json").is_file()


def test_the_written_json_is_the_printed_json_and_names_the_files(desk: Desk) -> None:
    folder = desk.record("one")
    desk.run("out/one/tape.jsonl", "--out", "elsewhere", as_json=True)
    written = json.loads((desk.folder / "elsewhere" / "result.json").read_text("utf-8"))

    printed = json.loads(desk.out.getvalue())

    assert set(printed) == set(written)
    for name in ("run_id", "symptom", "timeline", "report", "reproduction"):
        assert printed[name] == written[name]
    assert written["schema"] == "diagnostics.run/1"
    assert set(written["report"]) == {"txt", "html", "json"}
    assert not (folder / "result.json").exists()


def test_a_torn_tape_is_reported_as_far_as_it_goes(desk: Desk) -> None:
    tape = desk.record("one") / "tape.jsonl"
    tape.write_bytes(tape.read_bytes()[:-200])

    assert desk.run("one") is Exit.OK
    assert "1 of the tape's lines could not be read" in desk.err.getvalue()


def test_an_unknown_run_is_answered_with_those_there_are(desk: Desk) -> None:
    desk.record("20261121-one")
    with pytest.raises(UsageError, match="no run '20261121-on'") as error:
        desk.run("20261121-on")

    assert error.value.hint == "runs: 20261121-one"


def test_without_any_run_the_first_step_is_named(desk: Desk) -> None:
    with pytest.raises(UsageError, match="there is no run yet") as error:
        desk.run("last")

    assert error.value.hint == "make one with: diagnostics run"


def test_a_folder_of_something_else_is_refused(desk: Desk) -> None:
    (desk.folder / "photos").mkdir()
    with pytest.raises(UsageError, match=r"it holds no tape\.jsonl") as error:
        desk.run("photos")

    assert error.value.place == "photos"


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"[]\n", b'{"case": 3}\n', b"{" * 9_000])
def test_a_file_that_is_no_tape_is_refused(desk: Desk, content: bytes) -> None:
    file = desk.folder / "x.jsonl"
    file.write_bytes(content)
    with pytest.raises(UsageError, match="not a tape"):
        desk.run(str(file))


@pytest.mark.parametrize(
    ("wanted", "says"), [("pdf", "no report format 'pdf'"), (" ,", "no format")]
)
def test_a_format_we_do_not_have_is_named_before_anything_is_written(
    desk: Desk, wanted: str, says: str
) -> None:
    folder = desk.record("one")
    with pytest.raises(UsageError, match=says):
        desk.run("one", "--format", f"{wanted}")

    assert [path.name for path in folder.iterdir()] == ["tape.jsonl"]


def test_a_place_that_cannot_be_written_is_an_error_with_a_remedy(desk: Desk) -> None:
    desk.record("one")
    (desk.folder / "file").touch()
    with pytest.raises(UsageError, match="cannot write the report") as error:
        desk.run("one", "--out", "file/below")

    assert error.value.hint == "give a folder you may write to with --out"


def test_a_secret_stops_the_report_from_being_written(tmp_path: Path) -> None:
    gate = Gate()
    gate.register(SECRET, "akool-api-key")
    report = sample.incident()
    leak = sample.answered({"code": 1015, "msg": SECRET})
    steps = [("job", sample.call(), leak, 0.4)]
    leaking = Report(
        tape=sample.tape(report.tape.case, steps),
        judgement=report.judgement,
        outcomes=(),
        spending=report.spending,
    )
    with pytest.raises(LeakError) as error:
        files.write(
            leaking,
            load("akool"),
            files=files.paths(tmp_path, ["txt"]),
            language="en",
            gate=gate,
        )

    assert SECRET not in str(error.value)
    assert list(tmp_path.iterdir()) == []
