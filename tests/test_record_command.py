"""`diagnostics record` keeps a run as a cassette; `run --target` plays it and says its age."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from diagnostics import cassette, har, prepare
from diagnostics.cli.main import main
from diagnostics.cli.recorded import date
from diagnostics.model import Origin, Tape
from diagnostics.redact import Gate
from tests.cassette_cases import BEGAN_S, one, written

KEY = "invented-akool-key-0001"
RECORD = ["record", "--provider", "akool", "--target", "emulator", "--format", "json"]
JOB = [*RECORD, "job"]
CLIP = Path(prepare.__file__).parent / "emulator" / "sample_files" / "clip.mp4"
AT = "2026-11-20T12:00:00Z"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def told(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def rules(document: dict[str, Any]) -> dict[str, str]:
    return {finding["rule"]: finding["message"] for finding in document["findings"]}


def stranger(name: str = "theirs.yaml", *, state: int = 3) -> str:
    """What somebody else's vcrpy wrote of one job at AKOOL."""
    host = "https://openapi.akool.com/api/open/v3/content/video"
    ask = {"talking_photo_url": "https://files.example.com/face.jpg"}
    body = json.dumps({"code": 1000, "msg": "OK", "data": {"_id": "64f1a2b3", "video_status": 1}})
    made = {"_id": "64f1a2b3", "video_status": state, "video": "https://files.example.com/out.mp4"}
    poll = json.dumps({"code": 1000, "msg": "OK", "data": made})
    headers = {"Date": ["Fri, 20 Nov 2026 11:00:00 GMT"], "Content-Type": ["application/json"]}
    create = {"method": "POST", "uri": f"{host}/createbytalkingphoto", "body": json.dumps(ask)}
    create["headers"] = {"x-api-key": [KEY]}  # type: ignore[assignment]  # as vcrpy writes it
    read = {"uri": f"{host}/infobymodelid?video_model_id=64f1a2b3", "headers": {"x-api-key": [KEY]}}
    entries = [
        one(create, {"headers": headers, "body": {"string": body}}),
        one(read, {"headers": headers, "body": {"string": poll}}),
        one({"uri": made["video"]}, {"headers": headers, "body": {"string": CLIP.read_bytes()}}),
    ]
    Path(name).write_text(written(entries))
    return name


# --- recording --------------------------------------------------------------------------------


def test_a_run_is_recorded_and_played_again_with_the_same_verdict(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert (
        main([*RECORD[:3], "--fault", "unreachable-media", "--to", "made/it.yaml", "--json"]) == 1
    )
    first = told(capsys)
    assert first["cassette"]["path"] == "made/it.yaml"
    assert first["cassette"]["playable"] > 60
    assert main(["run", "--target", "made/it.yaml", "--json"]) == 1
    again = told(capsys)
    for part in ("verdict", "blame", "code", "certainty", "requests", "credits_spent"):
        assert again[part] == first[part], part
    assert again["target"]["origin"] == "emulated"
    assert again["target"]["contract"]


def test_the_report_of_a_replay_can_be_worked_out_again_from_its_tape(
    capsys: pytest.CaptureFixture[str],
) -> None:
    main([*JOB, "--to", "it.yaml", "--at", "2020-01-01T00:00:00Z", "--json"])
    capsys.readouterr()
    main(["run", "--target", "it.yaml", "--max-age", "30", "--json"])
    first = told(capsys)
    main(["report", str(Path(first["report"]["json"]).parent), "--json"])
    again = told(capsys)
    assert first["verdict"] == again["verdict"] == "warn"
    assert rules(first) == rules(again)


def test_json_is_written_where_the_name_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*JOB, "--to", "it.json"]) == 0
    assert json.loads(Path("it.json").read_text())["version"] == 1
    assert "it.json: stock vcrpy replays" in capsys.readouterr().out
    assert main(["run", "--target", "it.json", "--format", "json"]) == 0


def test_a_place_that_cannot_be_written_is_named_and_the_run_is_kept(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("taken").write_text("a file")
    assert main([*JOB, "--to", "taken/it.yaml"]) == 2
    said = capsys.readouterr().err
    assert "taken" in said
    assert "hint:" in said
    assert list(Path("out").glob("*/tape.jsonl"))


@pytest.mark.parametrize(("seconds", "day"), [(0.0, None), (1e20, None), (BEGAN_S, "2026-11-18")])
def test_a_day_is_told_only_where_there_is_one(seconds: float, day: str | None) -> None:
    assert date(seconds) == day


def test_recorded_twice_at_one_moment_it_is_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a.yaml", "b.yaml"):
        main([*JOB, "--at", AT, "--anonymous", "--to", name])
    assert Path("a.yaml").read_bytes() == Path("b.yaml").read_bytes()
    found = cassette.read(Path("a.yaml"))
    assert found.case is not None
    assert not found.case.environment.python
    assert found.case.environment.harness


def test_the_key_never_reaches_the_file(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AKOOL_API_KEY", KEY)
    main([*JOB, "--to", "it.yaml"])
    assert KEY not in Path("it.yaml").read_text()


def test_nothing_paid_is_recorded_live_without_a_budget(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AKOOL_API_KEY", KEY)
    Path("call.json").write_text('{"avatar_id": "a"}')
    call = ["--operation", "createTalkingPhoto", "--request", "call.json"]
    main(["record", "job", "--target", "http://127.0.0.1:9", *call, "--to", "it.yaml", "--json"])
    assert told(capsys)["paid_requests"] == 0
    assert "no-budget" in Path("it.yaml").read_text()


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--to", "it.txt"], ".yaml"),
        (["--to", "."], ".yaml"),
        (["--to", "folder.yaml"], "is a folder"),
        (["--to", "it.yaml", "--at", "noon"], "--at"),
        (["--to", "it.yaml", "--target", "https://openapi.akool.com", "--at", AT], "emulator"),
        (["--to", "it.yaml", "--from", "nowhere.har"], "nowhere.har"),
        (["--to", "it.yaml", "--from", "theirs.yaml", "--fault", "slow"], "--from runs nothing"),
        (["--to", "it.yaml", "--from", "empty.yaml"], "no call to a provider"),
        ([], "--to"),
    ],
)
def test_what_cannot_be_recorded_is_told_before_anything_is_sent(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    more: list[str],
    says: str,
) -> None:
    monkeypatch.setenv("AKOOL_API_KEY", KEY)
    stranger()
    Path("folder.yaml").mkdir()
    Path("empty.yaml").write_text(written([one({"uri": "https://elsewhere.example.com/"})]))
    assert main(["record", *more]) == 2
    assert says in capsys.readouterr().err
    assert not Path("it.yaml").exists()
    assert not Path("out").exists()


# --- converting -------------------------------------------------------------------------------


def test_a_run_of_before_becomes_a_cassette(capsys: pytest.CaptureFixture[str]) -> None:
    main(["run", "--fault", "connection-reset", "--json", "--format", "json"])
    folder = Path(told(capsys)["report"]["json"]).parent
    assert main(["record", "--from", str(folder), "--to", "it.yaml", "--json"]) == 0
    made = told(capsys)["cassette"]
    assert made["beside"] > 1
    assert cassette.read(Path("it.yaml")).origin is Origin.EMULATED
    assert main(["run", "--target", "it.yaml", "--json", "--format", "json"]) == 1
    assert told(capsys)["blame"] == "network"


def test_a_har_becomes_a_cassette_and_is_a_target_itself(
    capsys: pytest.CaptureFixture[str],
) -> None:
    main([*JOB, "--to", "it.yaml"])
    found = cassette.read(Path("it.yaml"))
    assert found.case is not None
    tape = Tape(case=found.case, exchanges=found.exchanges)
    Path("it.har").write_text(har.text_of(tape, Gate()))
    assert main(["record", "--from", "it.har", "--to", "again.yaml"]) == 0
    for name in ("again.yaml", "it.har"):
        capsys.readouterr()
        main(["run", "job", "--target", name, "--json", "--format", "json"])
        assert told(capsys)["scenarios"][0]["verdict"] == "pass", name


def test_a_strangers_cassette_is_cleaned_and_becomes_ours(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["record", "--from", stranger(), "--to", "it.yaml", "--json"]) == 0
    assert KEY not in Path("it.yaml").read_text()
    head = yaml.safe_load(Path("it.yaml").read_text())["diagnostics"]
    assert (head["origin"], head["provider"]) == ("imported", "akool")
    assert head["recorded"] == "2026-11-20T11:00:00Z"


# --- playing ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("state", "verdict"), [(3, "pass"), (4, "fail")])
def test_a_strangers_cassette_answers_the_call_that_it_is_about(
    capsys: pytest.CaptureFixture[str], state: int, verdict: str
) -> None:
    main(["run", "job", "--target", stranger(state=state), "--json", "--format", "json"])
    found = told(capsys)
    assert found["scenarios"][0]["name"] == "job"
    assert found["scenarios"][0]["verdict"] == verdict
    assert found["target"]["origin"] == "imported"
    assert found["target"]["recorded"] == "2026-11-20"
    assert KEY not in json.dumps(found)


@pytest.mark.parametrize(
    ("language", "says"),
    [("en", "another tool made it"), ("ru", "её сделал другой инструмент")],
)
def test_the_first_line_says_whose_recording_answers(
    capsys: pytest.CaptureFixture[str], language: str, says: str
) -> None:
    main(["run", "job", "--target", stranger(), "--format", "json", "--lang", language])
    assert says in capsys.readouterr().err


def test_a_report_says_how_the_recording_came_to_be(capsys: pytest.CaptureFixture[str]) -> None:
    main([*JOB, "--to", "emulated.yaml"])
    text = Path("emulated.yaml").read_text()
    Path("written.yaml").write_text(text.replace("origin: emulated", "origin: written", 1))
    stranger("imported.yaml")
    says = {
        "emulated": "made against the built-in emulator",
        "written": "written by hand",
        "imported": "made by another tool",
    }
    for origin, words in says.items():
        capsys.readouterr()
        main(["run", "job", "--target", f"{origin}.yaml", "--json", "--format", "json"])
        found = told(capsys)
        assert found["target"]["origin"] == origin
        if origin != "written":  # its target still says that an emulator's files were inputs
            assert words in found["headline"]["answered"]


def test_an_old_recording_is_a_warning_that_says_how_old(
    capsys: pytest.CaptureFixture[str],
) -> None:
    main([*JOB, "--to", "it.yaml", "--at", "2020-01-01T00:00:00Z"])
    capsys.readouterr()
    assert main(["run", "--target", "it.yaml", "--max-age", "30", "--json"]) == 0
    found = told(capsys)
    assert found["verdict"] == "warn"
    days = int((time.time() - 1_577_836_800) // 86_400)
    assert f"{days} days ago" in rules(found)["recording-old"]


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--target", "theirs.yaml", "--fault", "unreachable-media"], "plays no faults"),
        (["--target", "missing.yaml"], "no recording stands at missing.yaml"),
        (["--max-age", "30", "--target", "emulator"], "--max-age is for recordings"),
        (["--target", "theirs.yaml", "--provider", "heygen"], "no call to heygen"),
    ],
)
def test_what_a_recording_cannot_do_is_told(
    capsys: pytest.CaptureFixture[str], more: list[str], says: str
) -> None:
    stranger()
    assert main(["run", "job", *more]) == 2
    assert says in capsys.readouterr().err


def test_a_young_recording_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    main([*JOB, "--to", "it.yaml"])
    capsys.readouterr()
    main(["run", "--target", "it.yaml", "--max-age", "30", "--json"])
    found = told(capsys)
    assert found["verdict"] == "pass"
    assert "recording-known" in rules(found)
    assert not {"recording-old", "recording-undated"} & rules(found).keys()


def test_a_recording_without_a_date_is_a_warning_where_age_matters(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = Path(stranger()).read_text().replace("Date:", "X-Undated:")
    Path("theirs.yaml").write_text(text)
    main(["run", "job", "--target", "theirs.yaml", "--max-age", "30", "--json"])
    assert "recording-undated" in rules(told(capsys))


def test_recordings_that_nobody_asked_for_are_counted_and_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    main([*RECORD, "--to", "it.yaml"])
    capsys.readouterr()
    main(["run", "network", "--target", "it.yaml", "--json"])
    said = rules(told(capsys))["recording-unplayed"]
    assert "recordings were never asked for" in said
    assert "createTalkingPhoto" in said


def test_a_call_that_was_never_recorded_names_the_nearest_and_is_no_pass(
    capsys: pytest.CaptureFixture[str],
) -> None:
    main([*JOB, "--to", "it.yaml"])
    capsys.readouterr()
    Path("call.json").write_text('{"talking_photo_url": "https://files.example.com/other.jpg"}')
    call = ["--operation", "createTalkingPhoto", "--request", "call.json"]
    ended = main(["run", "job", "--target", "it.yaml", *call, "--json", "--format", "json"])
    found = told(capsys)
    assert ended == 3
    assert found["verdict"] == "inconclusive"
    tape = (Path(found["report"]["json"]).parent / "tape.jsonl").read_text()
    assert "not-recorded" in tape
    assert "talking_photo_url" in tape


def test_broken_interactions_are_named_and_the_rest_is_played(
    capsys: pytest.CaptureFixture[str],
) -> None:
    data = yaml.safe_load(Path(stranger()).read_text())
    data["interactions"].insert(1, {"request": {}})
    Path("theirs.yaml").write_text(yaml.dump(data))
    main(["run", "job", "--target", "theirs.yaml", "--format", "json"])
    assert "left out: theirs.yaml: interaction 2, line " in capsys.readouterr().err
