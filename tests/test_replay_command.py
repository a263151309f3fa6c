"""`diagnostics replay`: on any machine, without a network, the same verdict to the byte."""

import hashlib
import json
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from diagnostics import har
from diagnostics.cli.judged import judged
from diagnostics.cli.main import main
from diagnostics.cli.replay import opened
from diagnostics.model import Exchange, TargetKind
from diagnostics.redact import Gate
from diagnostics.tape import TapeFile

ROOT = Path(__file__).parent.parent
GUARDED = """
import os, sys
FORBIDDEN = {"socket.connect", "socket.bind", "socket.getaddrinfo", "socket.gethostbyname",
             "socket.sendto", "subprocess.Popen"}
def guard(event, arguments):
    if event in FORBIDDEN:
        os._exit(99)
sys.addaudithook(guard)
from diagnostics.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("out")
    options = ["--provider", "akool", "--fault", "expired-output", "--lang", "en"]
    main(["run", *options, "--out", str(out), "--format", "zip"])
    return next(out.iterdir())


@pytest.fixture(scope="module")
def bundle(ran: Path) -> Path:
    return ran / "bundle.zip"


def replayed(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, dict[str, Any]]:
    capsys.readouterr()
    code = main(["replay", *map(str, arguments), "--json"])
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    return code, told


def with_tape(
    ran: Path, folder: Path, exchanges: list[Exchange] | None = None, **changed: Any
) -> Path:
    """The run folder as it would be with these exchanges, or another case."""
    tape = judged(ran).reading.tape
    file = TapeFile(folder, Gate())
    file.begin(replace(tape.case, **changed))
    for one in tape.exchanges if exchanges is None else exchanges:
        file.append(one)
    file.end()
    file.close()
    return folder


# --- another machine ----------------------------------------------------------------------------

MACHINES: dict[str, dict[str, str]] = {
    "nothing at all": {},
    "Tokyo, Russian": {"TZ": "Asia/Tokyo", "LANG": "ru_RU.UTF-8", "LC_ALL": "ru_RU.UTF-8"},
    "another user": {"USER": "video", "LOGNAME": "video", "HOME": "/nonexistent"},
    "C locale, other hashes": {"LC_ALL": "C", "PYTHONHASHSEED": "42", "TZ": "America/St_Johns"},
    "keys of somebody else": {"AKOOL_API_KEY": "invented-akool-key-0000000000000009"},
    "a proxy": {"HTTPS_PROXY": "http://127.0.0.1:1", "http_proxy": "http://127.0.0.1:1"},
}


@pytest.mark.parametrize("machine", MACHINES)
def test_another_machine_gives_the_same_bytes_and_opens_no_socket(
    machine: str, bundle: Path, tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", GUARDED, "replay", str(bundle), "--json"],
        env={"PYTHONPATH": str(ROOT), **MACHINES[machine]},
        cwd=tmp_path,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1, done.stderr.decode()
    told = json.loads(done.stdout)
    assert told["replay"]["bundle"]["same"], told["replay"]["bundle"]["difference"]
    assert told["replay"]["alike"]
    assert list(tmp_path.iterdir()) == []


def test_the_guard_would_have_seen_a_socket(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", GUARDED, "media", "http://127.0.0.1:9/x.mp4"],
        env={"PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 99


# --- what it says -------------------------------------------------------------------------------


def test_it_says_who_answers_what_was_asked_and_that_nothing_changed(
    bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay", str(bundle), "--lang", "en"]) == 1
    said = capsys.readouterr()
    assert "of the emulator, which says nothing about the provider itself" in said.err
    assert "nothing is sent" in said.err
    assert "The same verdict as in the bundle, byte for byte" in said.out
    assert "Asked again: 90 requests, 90 answered" in said.out


def test_it_says_so_in_russian(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["replay", str(bundle), "--lang", "ru"])
    said = capsys.readouterr()
    assert "ничего не отправляется" in said.err
    assert "Вердикт тот же, что в комплекте, байт в байт" in said.out


def test_the_json_has_the_report_and_what_became_of_asking(
    bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, told = replayed(capsys, bundle)
    assert code == 1
    assert told["schema"] == "diagnostics.replay/1"
    assert (told["verdict"], told["blame"], told["target"]["kind"]) == (
        "fail",
        "delivery",
        "cassette",
    )
    replay = told["replay"]
    assert (replay["format"], replay["origin"]) == ("bundle", "emulated")
    assert replay["asked"] == replay["answered"] == 90


def test_a_run_folder_and_its_tape_are_recordings_too(
    ran: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for given in (ran, ran / "tape.jsonl"):
        code, told = replayed(capsys, given)
        assert (code, told["replay"]["format"]) == (1, "tape")
        assert told["replay"]["bundle"] is None


def test_a_cassette_is_one_as_well(
    bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "cassette.yaml"
    path.write_bytes(zipfile.ZipFile(bundle).read("cassette.yaml"))
    code, told = replayed(capsys, path)
    assert (code, told["blame"]) == (1, "delivery")
    assert told["replay"]["alike"]


def test_a_healthy_recording_exits_0(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["run", "--provider", "openai", "--out", str(tmp_path), "--format", "zip"])
    code, told = replayed(capsys, next(tmp_path.glob("*/bundle.zip")))
    assert (code, told["verdict"]) == (0, "pass")


# --- another verdict ----------------------------------------------------------------------------


def test_another_verdict_is_shown_line_by_line_and_cannot_be_vouched_for(
    ran: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As if the bundle came from a version that judged otherwise."""
    with zipfile.ZipFile(ran / "bundle.zip") as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    held["verdict.json"] = held["verdict.json"].replace(b'"delivery"', b'"provider"')
    manifest = json.loads(held["manifest.json"])
    for row in manifest["members"]:
        row["sha256"] = hashlib.sha256(held[row["name"]]).hexdigest()
    manifest["harness"] = "0.0.9"
    held["manifest.json"] = json.dumps(manifest).encode()
    path = tmp_path / "bundle.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in held.items():
            archive.writestr(name, data)
    assert main(["replay", str(path), "--lang", "en"]) == 3
    said = capsys.readouterr().out
    assert "Not the verdict of the bundle (version then: 0.0.9" in said
    assert '-   "blame": "provider"' in said
    assert '+   "blame": "delivery"' in said


# --- cut, torn, foreign -------------------------------------------------------------------------


def test_a_tape_that_was_cut_is_judged_as_it_is(
    ran: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = (ran / "tape.jsonl").read_bytes().splitlines(keepends=True)
    cut = tmp_path / "cut"
    cut.mkdir()
    (cut / "tape.jsonl").write_bytes(b"".join(lines[:-6]) + lines[-6][:40])
    before = judged(cut).report.judgement
    _, told = replayed(capsys, cut)
    assert (told["verdict"], told["blame"]) == (before.verdict, before.blame)
    assert told["replay"]["torn"] == 1
    assert told["replay"]["misses"]
    assert not told["replay"]["alike"]


def test_an_older_case_with_a_scenario_we_do_not_know_is_judged_by_the_rest(
    ran: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case = judged(ran).reading.tape.case
    folder = with_tape(ran, tmp_path / "run", scenarios=(*case.scenarios, "of-the-future"))
    _, told = replayed(capsys, folder)
    assert told["blame"] == "delivery"


def test_a_live_recording_reads_as_the_live_host_did_then(
    ran: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = replace(judged(ran).reading.tape.case.target, kind=TargetKind.LIVE, media_base=None)
    folder = with_tape(ran, tmp_path / "run", target=target)
    _, told = replayed(capsys, folder)
    assert told["replay"]["origin"] == "live"
    assert "recording of" in told["headline"]["answered"]


def test_a_foreign_capture_is_for_triage(
    ran: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "capture.har"
    ours = har.text_of(judged(ran).reading.tape, Gate())
    path.write_text(ours.replace(har.CREATOR, "another-recorder"), "utf-8")
    assert main(["replay", str(path), "--lang", "en"]) == 2
    said = capsys.readouterr().err
    assert "diagnostics triage capture.har" in said
    assert "capture.har" in said


def test_a_har_of_our_own_is_the_recording(
    ran: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "capture.har"
    path.write_text(har.text_of(judged(ran).reading.tape, Gate()), "utf-8")
    assert main(["replay", str(path), "--lang", "en"]) == main(["replay", str(ran), "--lang", "en"])
    first, second = capsys.readouterr().out.split("Asked again:", 2)[1:]
    assert first.partition("\n")[0] == second.partition("\n")[0]


@pytest.mark.parametrize("given", ["no-such-file.zip", "."])
def test_what_is_not_there_is_an_error_with_a_remedy(
    given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["replay", given]) == 2
    assert "hint:" in capsys.readouterr().err


# --- age and pace -------------------------------------------------------------------------------


def test_an_old_recording_is_a_finding_and_the_bundle_is_the_same_all_the_same(
    ran: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = with_tape(ran, tmp_path / "run", started_s=1_700_000_000.0)
    main(["report", str(folder), "--format", "zip"])
    _, told = replayed(capsys, folder / "bundle.zip", "--max-age", "30")
    assert "recording-old" in {one["rule"] for one in told["findings"]}
    assert told["replay"]["bundle"]["same"]
    _, told = replayed(capsys, folder / "bundle.zip", "--max-age", "100000")
    assert "recording-old" not in {one["rule"] for one in told["findings"]}


def test_paced_the_answers_take_their_time(
    ran: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A tenth of a second of waiting was recorded, and a tenth it takes."""
    tape = judged(ran).reading.tape
    network = [replace(one, duration_s=0.1) for one in tape if one.scenario == "network"]
    folder = with_tape(ran, tmp_path / "run", network, scenarios=("network",))
    before = time.perf_counter()
    _, told = replayed(capsys, folder, "--paced")
    assert time.perf_counter() - before >= 0.1 * len(network)
    assert told["replay"]["alike"]


def test_a_recording_is_opened_by_what_it_is_and_not_by_its_name(
    bundle: Path, tmp_path: Path
) -> None:
    renamed = tmp_path / "support-case-4711"
    renamed.write_bytes(bundle.read_bytes())
    assert opened(str(renamed)).kind == "bundle"
