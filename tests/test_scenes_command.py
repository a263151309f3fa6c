"""Does `diagnostics scenes` make a film, say each stage, and end as every command ends?"""

import asyncio
import json
import re
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from diagnostics import contract_load, prepare
from diagnostics.cli.main import main
from diagnostics.cli.scenes_cast import Company, Player
from diagnostics.cli.scenes_words import bar
from diagnostics.cli.screen import Screen
from diagnostics.drive.clock import RealClock
from diagnostics.emulator.faults import load_plan
from diagnostics.emulator.serve import ServedTown
from diagnostics.errors import ContractError
from diagnostics.film.cast import cast
from diagnostics.media import inspect_file

FOLDER = Path(__file__).parent / "film_contracts"
PROMPT = "A red fox crosses the snow. It finds a lamp. The lamp wakes."
SMALL = ("--provider", "replicate", "--size", "320x180", "--fps", "25")


@pytest.fixture(autouse=True)
def _writers_of_the_tests_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIAGNOSTICS_CONTRACTS", str(FOLDER))
    monkeypatch.chdir(tmp_path)


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    """The exit code of the command, and the object it says."""
    code = main(["scenes", PROMPT, *SMALL, *arguments, "--json"])
    shown = capsys.readouterr()
    return code, json.loads(shown.out) if shown.out else {"error": shown.err}


def test_a_prompt_becomes_a_film_in_the_run_folder(capsys: pytest.CaptureFixture[str]) -> None:
    code, report = told(capsys)
    assert (code, report["verdict"], report["schema"]) == (0, "pass", "diagnostics.run/1")
    film = report["film"]
    assert (film["duration_s"], film["fps"], film["width"], film["height"]) == (
        14.0,
        25.0,
        320,
        180,
    )
    assert film["has_audio"] is True
    folder = Path(film["path"]).parent
    assert folder.name == report["run_id"]
    names = {path.name for path in folder.iterdir()}
    clips = {f"scene_{n}.mp4" for n in (1, 2, 3)}
    assert {"tape.jsonl", "result.json", "report.html", "report.txt", "final.mp4"} | clips == names
    assert inspect_file(folder / "final.mp4").duration_s == 14.0


def test_every_stage_has_its_verdict_its_blame_and_its_time(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, report = told(capsys, "--fault", "scenes-out-of-memory")
    assert (code, report["verdict"], report["blame"]) == (1, "fail", "parameters")
    stages = {stage["name"]: stage for stage in report["stages"]}
    assert len(stages) == 8
    assert (stages["scene:2"]["verdict"], stages["scene:2"]["blame"]) == ("fail", "parameters")
    assert (stages["scene:1"]["verdict"], stages["film"]["verdict"]) == ("pass", "pass")
    assert stages["scene:1"]["seconds"] > 40
    assert stages["download:2"]["seconds"] is None
    assert report["film"]["duration_s"] == pytest.approx(9.5, abs=0.05)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["scene 2", "download 1", "film", "Film: ", "in virtual time"]),
        ("ru", ["сцена 2", "скачивание 1", "фильм", "Фильм: ", "в виртуальном времени"]),
    ],
)
def test_people_read_the_stages_in_their_language(
    language: str, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["scenes", PROMPT, *SMALL, "--lang", language]) == 0
    shown = capsys.readouterr()
    assert [word for word in words if word not in shown.out + shown.err] == []


def test_the_reports_hold_the_stages_and_a_later_look_judges_the_same(
    capsys: pytest.CaptureFixture[str],
) -> None:
    _, report = told(capsys, "--fault", "scenes-flagged")
    folder = Path(report["report"]["txt"]).parent
    table = next(one for one in report["tables"] if one["scenario"] == "scenes")
    assert ["scene", "2", "fail"] in [row[:3] for row in table["rows"]]
    assert "scenes-clip-moderated" in (folder / "report.txt").read_text("utf-8")
    assert main(["report", str(folder), "--format", "json", "--json"]) == 0
    again = json.loads(capsys.readouterr().out)
    for name in ("verdict", "blame", "certainty", "code", "findings"):
        assert again[name] == report[name]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--size", "big"], "no such film"),
        (["--size", "321x180"], "even numbers"),
        (["--scenes", "0"], "no such film"),
        (["--scenes", "21"], "no such film"),
        (["--duration", "0"], "no such film"),
        (["--duration", "nan"], "no such film"),
        (["--fps", "1000"], "no such film"),
        (["--fault", "scenes-fenced-jsn"], "scenes-fenced-json"),
        (["--format", "pdf"], "no report format"),
        (["--budget", "nan"], "invalid amount value"),
        (["--max-polls", "0"], "invalid count value"),
        (["--target", "live"], "needs a key: REPLICATE_API_TOKEN"),
        (["--target", "ftp://x"], "neither emulator"),
        (["--target", "http://["], "not a URL"),
        (["--target", "live", "--fault", "hang"], "only the embedded emulator plays faults"),
        (["--fault", "clock-skew", "--target", "https://x"], "only the embedded emulator"),
    ],
)
def test_a_slip_is_told_before_anything_is_asked(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, report = told(capsys, *arguments)
    assert code == 2
    assert says in f"{report['error']} {report['hint']}"
    assert not Path("out").exists()


def test_a_blank_prompt_is_no_prompt(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scenes", "  ", *SMALL]) == 2
    assert "the prompt is blank" in capsys.readouterr().err


def test_a_provider_that_makes_no_clips_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scenes", PROMPT, "--provider", "akool"]) == 2
    assert "akool makes no clips" in capsys.readouterr().err


def test_a_broken_contract_of_somebody_else_stops_no_film(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken.yaml").write_text("openapi: 3.1.0\n")
    monkeypatch.setenv("DIAGNOSTICS_CONTRACTS", f"{FOLDER}:{tmp_path}")
    assert cast("replicate").name == "replicate"
    with pytest.raises(ContractError, match="required"):
        cast("broken")


# --- over sockets -----------------------------------------------------------------------------


def test_over_sockets_the_film_is_the_same_and_a_cut_download_is_resumed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    contract = cast("replicate")
    everybody = [contract, *contract.partners.values()]
    cut = load_plan("scenes-cut-download")
    with ServedTown(everybody, faults=cut, speed=1000.0) as town:
        fast = ("--target", town.base_url, "--poll-interval", "0.05", "--base-delay", "0.05")
        code, report = told(capsys, *fast)
    assert (code, report["verdict"], report["blame"]) == (0, "warn", "delivery")
    assert "scenes-download-resumed" in {one["rule"] for one in report["findings"]}
    assert report["film"]["duration_s"] == 14.0
    assert report["virtual_time"] is False


def test_ctrl_c_lists_the_running_jobs_and_leaves_a_report(tmp_path: Path) -> None:
    contract = cast("replicate")
    with ServedTown([contract, *contract.partners.values()]) as town:
        command = [sys.executable, "-m", "diagnostics.cli.main", "scenes", PROMPT, *SMALL]
        fast = ["--target", town.base_url, "--poll-interval", "0.1", "--out", str(tmp_path)]
        child = subprocess.Popen(
            [*command, *fast, "--lang", "en"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert child.stderr
        running: set[str] = set()
        for line in child.stderr:
            running |= set(re.findall(r"^scene \d  running  job (\w+)", line))
            if len(running) == 3:
                break
        child.send_signal(signal.SIGINT)
        out, _ = child.communicate(timeout=30)
    assert child.returncode == 130
    assert {job for job in running if f"Still running: job {job}" in out} == running
    (report,) = tmp_path.glob("*/result.json")
    assert set(json.loads(report.read_text("utf-8"))["running_jobs"]) == running


# --- who gets the key -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hosts", "expected"),
    [
        (("api.replicate.com",), ()),
        (("api.replicate.com", "replicate.delivery"), (("Authorization", "Bearer invented-1"),)),
    ],
)
def test_a_file_host_gets_the_key_only_where_the_contract_says_so(
    hosts: tuple[str, ...], expected: tuple[tuple[str, str], ...]
) -> None:
    contract = replace(cast("replicate"), hosts=hosts)
    where = prepare.target("live", contract, None)
    player = Player(contract=contract, target=where, values={"REPLICATE_API_TOKEN": "invented-1"})
    troupe = Company(
        contract=contract,
        players={"replicate": player},
        facts=(),
        fault=None,
        clock=RealClock(),
        screen=Screen(),
    )
    assert asyncio.run(troupe.keys("replicate.delivery")) == expected
    assert asyncio.run(troupe.keys("elsewhere.invalid")) == ()


# --- small things -----------------------------------------------------------------------------


def test_a_bar_says_how_much_there_is() -> None:
    assert str(bar(0, 100)).startswith("─" * 20)
    assert str(bar(100, 100)).startswith("━" * 20 + " 100 %")
    assert "512" in str(bar(512, None))
    assert str(bar(10**9, 1)).startswith("━" * 20 + " 100 %")


def test_the_writers_are_all_who_have_the_role() -> None:
    contract = cast("replicate")
    assert "quill" in contract.partners
    assert all(one.roles["write"] in one.operations for one in contract.partners.values())
    assert contract_load.load("replicate").partners == {}, "only a film has partners"
