"""What does a support engineer see who calls `diagnostics triage capture.har`?"""

import argparse
import io
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from benchmarks import triage_har
from diagnostics.capture import place_in
from diagnostics.cli import report as report_command
from diagnostics.cli import triage as command
from diagnostics.cli.screen import Screen
from diagnostics.errors import Exit, UsageError
from tests import har_cases
from tests.har_cases import CREATE, KEY, Call, bytes_of, har, healthy, noise, refused


@dataclass
class Desk:
    """A working folder, and what the command said there."""

    folder: Path
    out: io.StringIO = field(default_factory=io.StringIO)
    err: io.StringIO = field(default_factory=io.StringIO)

    def file(self, name: str, data: bytes) -> str:
        (self.folder / name).write_bytes(data)
        return name

    def run(
        self,
        *words: str,
        language: str = "en",
        as_json: bool = False,
        stdin: bytes = b"",
        verbose: int = 0,
        provider: str | None = None,
    ) -> Exit:
        parser = argparse.ArgumentParser()
        command.arguments(parser)
        options = parser.parse_args(words)
        options.provider = provider
        streams = (self.out, self.err)
        screen = Screen(language=language, as_json=as_json, streams=streams, verbose=verbose)
        return command.main(options, screen, io.BytesIO(stdin))

    @property
    def said(self) -> str:
        return self.out.getvalue()

    @property
    def told(self) -> dict[str, Any]:
        made: dict[str, Any] = json.loads(self.said)
        return made


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    here = Path.cwd()
    os.chdir(tmp_path)
    yield Desk(tmp_path)
    os.chdir(here)


# --- the screen ---------------------------------------------------------------------------------


def test_the_verdict_comes_first_and_every_finding_says_where_it_stands(desk: Desk) -> None:
    calls = refused(1101, "Invalid authorization")
    assert desk.run(desk.file("capture.har", bytes_of(calls))) is Exit.FINDINGS
    lines = desk.said.splitlines()
    assert lines[0] == "fail: The fault lies with the credentials, in the capture (about 19 in 20)"
    path = CREATE.removeprefix(har_cases.HOME)
    assert f"      capture.har: entry 5, POST {path}" in lines
    assert f"      capture.har: entry 6, POST {path}" in lines
    assert "Entries about AKOOL: 2 of 6, in capture.har (WebInspector 537.36)" in lines
    assert "Imported from capture.har, which nobody here saw happen; nothing was sent." in lines
    assert "Entries about no provider we know: 4 (www.invented-shop.example 4)" in lines
    assert not list(desk.folder.glob("out*"))


def test_a_healthy_capture_passes(desk: Desk) -> None:
    assert desk.run(desk.file("capture.har", bytes_of(healthy()))) is Exit.OK
    assert desk.said.startswith("pass: ")
    assert "ended as completed after" in desk.said


def test_1015_says_what_the_code_means_and_decides_nothing(desk: Desk) -> None:
    assert desk.run(desk.file("capture.har", bytes_of(refused()))) is Exit.INCONCLUSIVE
    assert "Code 1015 means: " in desk.said
    assert "What to do:" in desk.said


def test_it_speaks_russian(desk: Desk) -> None:
    desk.run(desk.file("capture.har", bytes_of(refused())), language="ru")
    assert desk.said.startswith("не решено: ")
    for words in ("Записей о AKOOL: 2 из 6, в capture.har", "Код 1015 значит", "Что делать:"):
        assert words in desk.said


def test_no_key_of_the_file_is_ever_shown(desk: Desk) -> None:
    leaky = Call(
        url=f"{CREATE}?api_key={KEY}",
        method="POST",
        body={**har_cases.BODY, "note": KEY},
        answer={"code": 1101, "msg": f"the key {KEY} is not valid"},
    )
    name = desk.file("capture.har", bytes_of([leaky]))
    desk.run(name, "--out", "told", verbose=2)
    desk.run(name, as_json=True)
    shown = desk.said + desk.err.getvalue()
    written = [path.read_bytes() for path in desk.folder.rglob("*") if path.is_file()]
    assert KEY not in shown
    assert len(written) > 3
    assert sum(KEY.encode() in data for data in written) == 1, (
        "the capture itself, and nothing else"
    )


def test_two_providers_many_places_and_an_unknown_outcome_fit_one_screen(desk: Desk) -> None:
    lost = Call(url=CREATE, method="POST", body=har_cases.BODY, failure="net::ERR_CONNECTION_RESET")
    polls = [
        Call(url=f"{har_cases.STATUS}?video_model_id=x", answer=har_cases.told(3, "http://a/b"),
             at_s=n)
        for n in range(8)
    ]  # fmt: skip
    bad = [
        Call(url=CREATE, method="POST", body={f"odd{n}": 1 for n in range(20)}, answer={}, at_s=99),
        Call(url="https://api.heygen.com/v3/user/[me", status=404, answer=b"<html>", at_s=100),
    ]
    desk.run(desk.file("capture.har", bytes_of([lost, *polls, *bad])))
    assert "\n\n" in desk.said
    assert "Outcome unknown: createTalkingPhoto at " in desk.said
    assert "      and 4 more" in desk.said
    assert "(-v shows all)" in desk.said


def test_all_findings_are_shown_when_asked_for(desk: Desk) -> None:
    name = desk.file("capture.har", bytes_of(healthy()))
    desk.run(name)
    short = desk.said
    desk.run(name, verbose=1)
    assert desk.said.count("\n  - ") - short.count("\n  - ") > short.count("\n  - ")


# --- what cannot be read, and what is not there -------------------------------------------------


def test_broken_entries_are_counted_and_the_first_ones_named(desk: Desk) -> None:
    made = har(refused())
    made["log"]["entries"][1:1] = [None, 7, {"request": {}}]
    desk.run(desk.file("capture.har", json.dumps(made).encode()))
    assert "Entries that could not be read: 3" in desk.said
    assert (
        "  - capture.har: entry 2 (log.entries[1]): it is not a readable JSON object" in desk.said
    )
    assert "  - capture.har: entry 4 (log.entries[3]): its request has no address" in desk.said
    assert "Entries about AKOOL: 2 of 9" in desk.said


def test_a_capture_of_nobody_says_what_it_saw_and_what_is_known(desk: Desk) -> None:
    assert desk.run(desk.file("capture.har", bytes_of(noise(7)))) is Exit.INCONCLUSIVE
    lines = desk.said.splitlines()
    assert lines[0].startswith("inconclusive: nothing in capture.har")
    assert "www.invented-shop.example 7" in lines[1]
    assert "akool (openapi.akool.com" in lines[2]
    assert "--provider NAME" in lines[2]


def test_a_gateway_can_be_named(desk: Desk) -> None:
    call = Call(url="https://gw.invented.test/v1/predictions", method="POST", answer={}, status=502)
    name = desk.file("capture.har", bytes_of([call]))
    assert desk.run(name) is Exit.INCONCLUSIVE
    assert desk.run(name, provider="replicate") is Exit.FINDINGS


def test_one_unreadable_file_of_several_is_told_and_one_alone_is_an_error(desk: Desk) -> None:
    good = desk.file("capture.har", bytes_of(refused()))
    assert desk.run(good, "missing.har") is Exit.INCONCLUSIVE
    assert "  - missing.har: cannot read missing.har" in desk.said
    with pytest.raises(UsageError) as error:
        desk.run("missing.har")
    assert error.value.place
    assert error.value.hint


def test_standard_input_is_a_file_like_any_other(desk: Desk) -> None:
    assert desk.run("-", stdin=bytes_of(refused())) is Exit.INCONCLUSIVE
    assert "standard input: entry 5, POST" in desk.said


def test_a_stand_in_is_named_and_its_answers_are_no_word_of_the_provider(desk: Desk) -> None:
    url = CREATE.replace(har_cases.HOME, "http://127.0.0.1:8471")
    call = Call(url=url, method="POST", body=har_cases.BODY, status=502, answer=b"<html>")
    desk.run(desk.file("capture.har", bytes_of([call])))
    assert "as 127.0.0.1:8471 answered in the capture" in desk.said
    assert "127.0.0.1:8471 answered, which is not one of the hosts of AKOOL." in desk.said
    assert "The question to ask" not in desk.said


def test_what_the_emulator_answered_is_no_word_of_the_provider(desk: Desk) -> None:
    url = CREATE.replace(har_cases.HOME, "http://127.0.0.1:8471")
    answer = {"code": 1101, "msg": "Invalid authorization"}
    signed = {"X-Diagnostics-Emulator": "1"}
    call = Call(url=url, method="POST", body=har_cases.BODY, answer=answer, extra=signed)
    name = desk.file("capture.har", bytes_of([call]))
    desk.run(name)
    assert "as played by the emulator" in desk.said.splitlines()[0]
    assert "so this says nothing about the real AKOOL" in desk.said


def test_a_call_without_an_answer_is_judged_and_asks_nobody_anything(desk: Desk) -> None:
    entry = har_cases.plain(refused()[-1]) | {"response": {"status": 0}}
    data = json.dumps({"log": {"version": "1.2", "entries": [entry]}}).encode()
    assert desk.run(desk.file("capture.har", data)) is Exit.INCONCLUSIVE
    assert "[parameters-fit]" in desk.said
    assert "The question to ask" not in desk.said


def test_several_files_are_one_story(desk: Desk) -> None:
    calls = healthy()
    first, second = bytes_of(calls[:8]), bytes_of(calls[8:])
    assert desk.run(desk.file("b.har", second), desk.file("a.har", first)) is Exit.OK
    assert "Entries about AKOOL: 7 of 12" in desk.said


# --- as JSON ------------------------------------------------------------------------------------


def test_the_json_holds_verdict_findings_and_their_positions(desk: Desk) -> None:
    wrong = [
        Call(url=CREATE, method="POST", body={"audio_url": "no"}, answer={"code": 1003, "msg": "x"})
    ]
    name = desk.file("capture.har", bytes_of([*noise(2), *wrong]))
    assert desk.run(name, as_json=True) is Exit.FINDINGS
    told = desk.told
    assert told["schema"] == "diagnostics.triage/1"
    assert (told["verdict"], told["blame"], told["provider"]) == ("fail", "parameters", "akool")
    found = next(one for one in told["findings"] if one["subject"] == "audio_url")
    assert found["positions"][0] == {
        "position": 0, "source": "capture.har: entry 3", "method": "POST", "url": CREATE,
    }  # fmt: skip
    assert (told["entries"], told["about"]) == (3, 1)
    assert told["elsewhere"] == {"www.invented-shop.example": 2}
    assert told["files"][0]["format"] == "har"
    assert told["files"][0]["creator"] == "WebInspector 537.36"
    assert told["providers"][0]["target"]["kind"] == "imported"


def test_two_providers_are_two_verdicts_and_the_worse_one_leads(desk: Desk) -> None:
    quota = {"error": {"code": "insufficient_quota", "type": "insufficient_quota", "message": "x"}}
    chat = Call(
        url="https://api.openai.com/v1/chat/completions", method="POST", body={"model": "gpt-4o"},
        status=429, answer=quota, at_s=60, keyed=False,
    )  # fmt: skip
    name = desk.file("capture.har", bytes_of([*healthy(), chat]))
    assert desk.run(name, as_json=True) is Exit.FINDINGS
    verdicts = {one["provider"]: one["verdict"] for one in desk.told["providers"]}
    assert verdicts == {"akool": "pass", "openai": "fail"}
    assert desk.told["provider"] == "openai"


def test_nothing_found_is_an_object_as_well(desk: Desk) -> None:
    name = desk.file("capture.har", bytes_of(noise(1)))
    assert desk.run(name, as_json=True) is Exit.INCONCLUSIVE
    told = desk.told
    assert (told["verdict"], told["providers"]) == ("inconclusive", [])


def test_the_benchmark_triages_a_capture_in_a_process_of_its_own() -> None:
    noise_row, polls_row = triage_har.rows(size_bytes=40_000)
    assert noise_row.reach == "≤ 10 s and ≤ 500 MB"
    assert noise_row.reached
    assert polls_row.reached
    assert polls_row.baseline.endswith("entries")


# --- files --------------------------------------------------------------------------------------


def test_a_run_folder_is_written_that_report_can_render_anew(desk: Desk) -> None:
    name = desk.file("capture.har", bytes_of(refused(1101, "Invalid authorization")))
    desk.run(name, "--out", "told", "--format", "txt,html")
    folder = next((desk.folder / "told").iterdir())
    assert {path.name for path in folder.iterdir()} >= {
        "tape.jsonl", "result.json", "report.txt", "report.html",
    }  # fmt: skip
    text = (folder / "report.txt").read_text("utf-8")
    assert "Imported from capture.har, which nobody here saw happen; nothing was sent." in text
    assert "[capture.har: entry 5]" in text
    first = json.loads((folder / "result.json").read_bytes())
    parser = argparse.ArgumentParser()
    report_command.arguments(parser)
    screen = Screen(streams=(io.StringIO(), io.StringIO()))
    report_command.main(parser.parse_args([str(folder), "--format", "json"]), screen)
    again = json.loads((folder / "result.json").read_bytes())
    for part in ("verdict", "blame", "certainty", "code", "because", "excluded", "findings"):
        assert again[part] == first[part], part


@pytest.mark.parametrize("wanted", ["pdf", "", ","])
def test_a_wrong_format_is_told_before_anything_is_read(desk: Desk, wanted: str) -> None:
    with pytest.raises(UsageError) as error:
        desk.run("missing.har", "--format", wanted)
    assert "format" in str(error.value)
    assert error.value.hint


def test_a_folder_of_our_own_is_judged_by_its_tape(desk: Desk) -> None:
    desk.run(desk.file("capture.har", bytes_of(refused())), "--out", "told")
    folder = next((desk.folder / "told").iterdir())
    assert desk.run(str(folder)) is Exit.INCONCLUSIVE
    assert "Entries about AKOOL: 2 of 2, in tape.jsonl" in desk.said


def test_places_are_told_in_the_readers_language(desk: Desk) -> None:
    desk.run(desk.file("a.json", b'{"code":1015,"msg":"create video error"}'), language="ru")
    assert "a.json: строка 1" in desk.said
    assert place_in("ru", "line 3.har: entry 17") == "line 3.har: запись 17"
    assert place_in("en", "line 3.har: entry 17") == "line 3.har: entry 17"


def test_a_status_that_nobody_quoted_is_told_as_unknown(desk: Desk) -> None:
    desk.run(desk.file("a.json", b'{"code":1015,"msg":"create video error"}'), "--out", "o")
    (page,) = (desk.folder / "o").glob("*/report.html")
    assert "<b>not told</b>" in page.read_text("utf-8")
