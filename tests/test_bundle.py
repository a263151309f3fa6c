"""A bundle: what stands in it, that it is the same every time, and that no secret is in it."""

import hashlib
import io
import json
import os
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from diagnostics import bundle as reading
from diagnostics.capture import Raw
from diagnostics.capture import read as read_capture
from diagnostics.cli.judged import judged
from diagnostics.cli.main import main
from diagnostics.errors import LeakError, UsageError
from diagnostics.model import Exchange, Request, Response, Target, TargetKind
from diagnostics.redact import Gate
from diagnostics.tape import TapeFile
from reports.bundle import Source, write

MEMBERS = {
    "README.txt",
    "capture.har",
    "cassette.yaml",
    "certificate.json",
    "environment.json",
    "manifest.json",
    "report.html",
    "report.md",
    "report.txt",
    "reproduce.sh",
    "result.json",
    "tape.jsonl",
    "verdict.json",
}


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run whose input nobody can fetch; bundled."""
    out = tmp_path_factory.mktemp("out")
    options = ["--fault", "unreachable-media", "--provider", "akool", "--lang", "en"]
    main(["run", *options, "--out", str(out), "--format", "zip"])
    return next(out.iterdir())


@pytest.fixture(scope="module")
def bundle(ran: Path) -> Path:
    return ran / "bundle.zip"


def member(bundle: Path, name: str) -> bytes:
    with zipfile.ZipFile(bundle) as archive:
        return archive.read(name)


def told(bundle: Path, name: str) -> Any:
    return json.loads(member(bundle, name))


def packed(
    folder: Path, to: Path, gate: Gate | None = None, language: str = "en", **bounds: int
) -> Path:
    """The bundle of what stands in a run folder now."""
    found = judged(folder)
    source = Source(
        report=found.report,
        contract=found.contract,
        language=language,
        gate=gate or Gate(),
        tape=folder / "tape.jsonl",
        **bounds,
    )
    write(to, source)
    return to


# --- what it holds ------------------------------------------------------------------------------


def test_it_holds_everything_the_support_needs(bundle: Path) -> None:
    with zipfile.ZipFile(bundle) as archive:
        assert set(archive.namelist()) == MEMBERS
        assert archive.namelist() == sorted(archive.namelist())
        assert archive.testzip() is None


def test_the_manifest_has_the_size_and_hash_of_every_other_member(bundle: Path) -> None:
    manifest = told(bundle, "manifest.json")
    assert manifest["schema"] == "diagnostics.bundle/1"
    assert (manifest["provider"], manifest["emulated"]) == ("akool", True)
    rows = {one["name"]: one for one in manifest["members"]}
    assert set(rows) == MEMBERS - {"manifest.json"}
    for name, row in rows.items():
        data = member(bundle, name)
        assert (row["bytes"], row["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())


def test_the_tape_in_it_is_the_tape_of_the_run(ran: Path, bundle: Path) -> None:
    assert member(bundle, "tape.jsonl") == (ran / "tape.jsonl").read_bytes()


def test_the_verdict_stands_in_a_fixed_form(bundle: Path) -> None:
    text = member(bundle, "verdict.json").decode()
    verdict = json.loads(text)
    assert (verdict["verdict"], verdict["blame"], verdict["code"]) == ("fail", "media", "1015")
    assert text == json.dumps(verdict, ensure_ascii=False, sort_keys=True, indent=1) + "\n"
    run_id = told(bundle, "manifest.json")["run_id"]
    assert run_id not in text


def test_the_readme_fits_a_screen_and_names_what_there_is(bundle: Path) -> None:
    text = member(bundle, "README.txt").decode()
    assert len(text.splitlines()) <= 40
    for name in MEMBERS - {"README.txt"}:
        assert name in text
    assert "diagnostics replay bundle.zip" in text


def test_the_readme_speaks_the_language_of_the_run(ran: Path, tmp_path: Path) -> None:
    made = packed(ran, tmp_path / "bundle.zip", language="ru")
    assert "Рассудить заново, без сети и без ключа" in member(made, "README.txt").decode()
    assert member(made, "verdict.json") == member(ran / "bundle.zip", "verdict.json")


def test_a_report_of_an_old_run_makes_the_same_bundle(ran: Path, tmp_path: Path) -> None:
    main(["report", str(ran), "--format", "zip", "--out", str(tmp_path), "--lang", "en"])
    assert (tmp_path / "bundle.zip").read_bytes() == (ran / "bundle.zip").read_bytes()


def test_the_bundle_is_one_of_the_formats(capsys: pytest.CaptureFixture[str]) -> None:
    main(["list", "formats", "--json"])
    assert "zip" in capsys.readouterr().out


def test_its_cassette_and_tape_hold_the_same_exchanges(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "cassette.yaml").write_bytes(member(bundle, "cassette.yaml"))
    tape, cassette = read_capture(bundle), read_capture(tmp_path / "cassette.yaml")
    assert tape.format == "bundle"
    assert len(tape.exchanges) == len(cassette.exchanges) > 0


# --- large bodies -------------------------------------------------------------------------------


def test_large_bodies_go_along_and_come_back(ran: Path, tmp_path: Path) -> None:
    body = bytes(range(256)) * 4000
    folder = with_answer(ran, tmp_path / "run", body, "video/mp4")
    made = packed(folder, tmp_path / "bundle.zip")
    name = f"blobs/{hashlib.sha256(body).hexdigest()}"
    assert member(made, name) == body
    last = read_capture(made).exchanges[-1]
    assert last.response
    assert last.response.body == body


def test_bodies_nobody_names_stay_where_they_are(ran: Path, tmp_path: Path) -> None:
    folder = with_answer(ran, tmp_path / "run", b"small", "text/plain")
    (folder / "blobs").mkdir(exist_ok=True)
    (folder / "blobs" / ("0" * 64)).write_bytes(b"somebody else's")
    made = packed(folder, tmp_path / "bundle.zip")
    assert not [n for n in zipfile.ZipFile(made).namelist() if n.startswith("blobs/")]


def test_bodies_beyond_the_bound_are_left_out_and_named(ran: Path, tmp_path: Path) -> None:
    folder = with_answer(ran, tmp_path / "run", bytes(range(256)) * 4000, "video/mp4")
    made = packed(folder, tmp_path / "bundle.zip", bodies_most=1000)
    left_out = told(made, "manifest.json")["left_out"]
    assert [one["name"].partition("/")[0] for one in left_out] == ["blobs"]
    assert "1 MB" in left_out[0]["why"]
    assert left_out[0]["why"] in member(made, "README.txt").decode()
    assert reading.read(Raw(name="b.zip", data=made.read_bytes())).reading.missing == 1


def test_a_very_long_tape_is_told_in_one_shape(ran: Path, tmp_path: Path) -> None:
    made = packed(ran, tmp_path / "bundle.zip", told_most=1000)
    names = [one["name"] for one in told(made, "manifest.json")["left_out"]]
    assert names == ["capture.har", "cassette.yaml"]
    assert main(["replay", str(made), "--json"]) == 1


def test_a_tape_beyond_what_can_be_read_again_is_an_error(ran: Path, tmp_path: Path) -> None:
    found = judged(ran)
    with (tmp_path / "tape.jsonl").open("wb") as file:
        file.truncate(reading.MEMBER_BYTES_MOST + 1)
    source = Source(
        report=found.report,
        contract=found.contract,
        language="en",
        gate=Gate(),
        tape=tmp_path / "tape.jsonl",
    )
    with pytest.raises(UsageError, match="too large"):
        write(tmp_path / "bundle.zip", source)
    assert not (tmp_path / "bundle.zip").exists()


def with_answer(ran: Path, folder: Path, body: bytes, kind: str, gate: Gate | None = None) -> Path:
    """The same run with one answer more."""
    tape = judged(ran).reading.tape
    last = tape.exchanges[-1]
    one_more = replace(
        last,
        request=Request(method="GET", url="https://openapi.akool.com/large"),
        answer=Response(status=200, headers=(("Content-Type", kind),), body=body),
        position=len(tape),
    )
    return written(folder, [*tape, one_more], ran, gate)


def written(
    folder: Path, exchanges: list[Exchange], ran: Path, gate: Gate | None = None, **changed: Any
) -> Path:
    file = TapeFile(folder, gate or Gate())
    file.begin(replace(judged(ran).reading.tape.case, **changed))
    for one in exchanges:
        file.append(one)
    file.close()
    return folder


# --- secrets ------------------------------------------------------------------------------------


def test_what_is_hidden_is_counted_by_kind_and_file_and_never_told(
    ran: Path, tmp_path: Path
) -> None:
    key = "invented-akool-key-00000000000001"
    gate = Gate()
    gate.register(key, "akool-api-key")
    folder = with_answer(ran, tmp_path / "run", f'{{"echo": "{key}"}}'.encode(), "text/json", gate)
    made = packed(folder, tmp_path / "bundle.zip")
    proof = told(made, "certificate.json")
    rows = {(one["kind"], one["file"]): one["count"] for one in proof["removed"]}
    assert rows["akool-api-key", "tape.jsonl"] == 1
    assert proof["removed_total"] == sum(rows.values())
    assert all(key.encode() not in member(made, name) for name in zipfile.ZipFile(made).namelist())


def test_a_secret_found_in_the_finished_file_stops_it(ran: Path, tmp_path: Path) -> None:
    """A tape that an older gate wrote, or somebody's editor: it does not go out like that."""
    key = "invented-akool-key-00000000000001"
    folder = with_answer(ran, tmp_path / "run", f'{{"e": "{key}"}}'.encode(), "text/plain")
    gate = Gate()
    gate.register(key, "akool-api-key")
    to = tmp_path / "bundle.zip"
    with pytest.raises(LeakError):
        packed(folder, to, gate)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["run"]


def test_a_secret_that_lies_across_two_parts_is_found(ran: Path, tmp_path: Path) -> None:
    key = "invented-akool-key-00000000000001"
    body = b"\xff" * (reading.PART_BYTES - 10) + key.encode() + b"\xff" * 100
    folder = tmp_path / "run"
    with_answer(ran, folder, body.replace(key.encode(), b"\xfe" * len(key)), "video/mp4")
    blob = next((folder / "blobs").iterdir())
    blob.write_bytes(body)
    gate = Gate()
    gate.register(key, "akool-api-key")
    with pytest.raises(LeakError):
        packed(folder, tmp_path / "bundle.zip", gate)


# --- the script ---------------------------------------------------------------------------------


def script_of(folder: Path, to: Path) -> Path:
    made = packed(folder, to / "bundle.zip")
    with zipfile.ZipFile(made) as archive:
        archive.extractall(to / "open")
    return to / "open" / "reproduce.sh"


def paid(ran: Path, folder: Path, **request: Any) -> Path:
    """The run as if the live host had answered it."""
    tape = judged(ran).reading.tape
    live = Target(
        kind=TargetKind.LIVE, provider="akool", base_url="https://openapi.akool.com", fault=None
    )
    made = [
        replace(one, request=replace(one.request, **request)) if one.request.spends else one
        for one in tape
    ]
    return written(folder, made, ran, target=live, virtual_time=False)


def carried_out(script: Path, *arguments: str, **environment: str) -> tuple[int, str, list[str]]:
    """With a `curl` that only tells what it was given."""
    fake = script.parent / "bin"
    fake.mkdir(exist_ok=True)
    for name in ("curl", "diagnostics"):
        (fake / name).write_text(f'#!/bin/sh\necho {name}\nprintf "%s\\n" "$@"\n')
        (fake / name).chmod(0o755)
    done = subprocess.run(
        ["/bin/sh", str(script), *arguments],
        env={"PATH": f"{fake}:/usr/bin:/bin", **environment},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    return done.returncode, done.stderr, done.stdout.splitlines()


def test_a_paid_call_is_sent_only_when_it_is_told_to(ran: Path, tmp_path: Path) -> None:
    script = script_of(paid(ran, tmp_path / "run"), tmp_path)
    code, said, sent = carried_out(script)
    assert (code, sent) == (2, [])
    assert "costs credits" in said
    code, said, sent = carried_out(script, "--send")
    assert (code, sent) == (2, [])
    assert "AKOOL_API_KEY" in said
    code, _, sent = carried_out(script, "--send", AKOOL_API_KEY="mine")
    assert code == 0
    assert sent[0] == "curl"
    assert "x-api-key: mine" in sent


def test_the_script_replays_the_bundle_beside_it(ran: Path, tmp_path: Path) -> None:
    script = script_of(paid(ran, tmp_path / "run"), tmp_path)
    code, _, sent = carried_out(script, "--replay")
    assert code == 0
    assert sent[:2] == ["diagnostics", "replay"]
    assert sent[2].endswith("open/bundle.zip")


HOSTILE = "'; touch owned; echo '$(touch owned)`touch owned`\n#\\\"${AKOOL_API_KEY}"


def test_no_text_of_a_stranger_is_carried_out(ran: Path, tmp_path: Path) -> None:
    hostile = paid(
        ran,
        tmp_path / "run",
        url=f"https://openapi.akool.com/api?{HOSTILE}",
        headers=(("X-Odd", HOSTILE),),
        body=json.dumps({"prompt": HOSTILE}).encode(),
    )
    script = script_of(hostile, tmp_path)
    code, said, sent = carried_out(script, "--send", AKOOL_API_KEY="mine")
    assert code == 0, said
    assert sent.count("curl") == 1
    assert not list(script.parent.rglob("owned"))


def test_a_body_that_no_shell_can_hold_stands_beside_the_script(ran: Path, tmp_path: Path) -> None:
    body = b"\x00\xff" * 50
    script = script_of(paid(ran, tmp_path / "run", body=body), tmp_path)
    assert (script.parent / "request.body").read_bytes() == body
    _, _, sent = carried_out(script, "--send", AKOOL_API_KEY="mine")
    assert "@request.body" in sent


def test_the_script_is_executable_and_plain_shell(bundle: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(bundle) as archive:
        assert archive.getinfo("reproduce.sh").external_attr >> 16 & 0o111
    path = tmp_path / "reproduce.sh"
    path.write_bytes(member(bundle, "reproduce.sh"))
    for shell in ("dash", "bash"):
        found = subprocess.run([shell, "-n", str(path)], timeout=10, check=False)
        assert found.returncode == 0


def test_redacting_a_bundle_leaves_it_whole(bundle: Path, tmp_path: Path) -> None:
    """Its script names a variable like a key, and holds none."""
    main(["redact", str(bundle), "--out", str(tmp_path)])
    again = tmp_path / "bundle.zip"
    assert member(again, "reproduce.sh") == member(bundle, "reproduce.sh")
    assert main(["replay", str(again)]) == 1


# --- it cannot be written -----------------------------------------------------------------------


def test_a_folder_that_cannot_be_written_is_named_with_a_remedy(
    ran: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    code = main(["report", str(ran), "--format", "zip", "--out", str(tmp_path / "file")])
    assert code == 2
    assert "hint:" in capsys.readouterr().err


def test_a_bundle_is_readable_by_others(bundle: Path) -> None:
    assert bundle.stat().st_mode & 0o044
    assert zipfile.is_zipfile(io.BytesIO(bundle.read_bytes()))
    assert os.access(bundle, os.R_OK)
