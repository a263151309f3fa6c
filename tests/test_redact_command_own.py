"""Do our own recordings, and those of others, still work after `diagnostics redact`?"""

import json
from pathlib import Path

import pytest
import yaml
from vcr.persisters.filesystem import FilesystemPersister
from vcr.serializers import yamlserializer

from diagnostics import bundle as reading
from diagnostics import capture, tape
from diagnostics.capture import Raw
from diagnostics.cli.main import main
from diagnostics.errors import Exit
from diagnostics.model import Response

SHIPPED = sorted((Path(__file__).parent.parent / "cassettes").rglob("*.yaml"))
KEY = "inv3nted-akool-key-0001"


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run whose input nobody can fetch; bundled."""
    out = tmp_path_factory.mktemp("out")
    options = ["--fault", "unreachable-media", "--provider", "akool", "--lang", "en"]
    main(["run", *options, "--out", str(out), "--format", "zip"])
    return next(out.iterdir())


def whole(path: Path) -> reading.Bundle:
    made = reading.read(Raw(name=path.name, data=path.read_bytes()))
    assert (made.changed, made.missing, made.extra) == ((), (), ())
    return made


def test_a_run_that_was_gated_already_stays_as_it_is(ran: Path, tmp_path: Path) -> None:
    assert main(["redact", str(ran), "--out", str(tmp_path)]) == Exit.OK
    copy = tmp_path / ran.name
    assert (copy / "tape.jsonl").read_bytes() == (ran / "tape.jsonl").read_bytes()
    assert tape.read(copy).exchanges == tape.read(ran).exchanges


def test_a_redacted_bundle_replays_to_the_same_verdict(
    ran: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["redact", str(ran / "bundle.zip"), "--out", str(tmp_path)]) == Exit.OK
    copy = tmp_path / "bundle.zip"
    assert whole(copy).verdict == whole(ran / "bundle.zip").verdict
    capsys.readouterr()
    assert main(["replay", str(copy), "--lang", "en"]) == Exit.FINDINGS
    assert "byte for byte" in capsys.readouterr().out


def test_a_secret_found_later_goes_from_a_bundle_which_stays_valid(
    ran: Path, tmp_path: Path
) -> None:
    later = ran.name  # stands in the tape's case, in reports, and names the folder
    assert later in repr(tape.read(ran))
    (tmp_path / "late.env").write_text(f"AKOOL_API_KEY={later}\n")
    words = [str(ran / "bundle.zip"), str(ran), str(tmp_path / "late.env")]
    assert main(["redact", *words, "--out", str(tmp_path / "clean")]) == Exit.OK
    made = whole(tmp_path / "clean" / "bundle.zip")
    kept = tape.read(tmp_path / "clean" / "secret-api-key-1")
    assert len(made.reading.tape.exchanges) == len(kept.exchanges) > 0
    for text in (repr(made.reading.tape), repr(kept), made.verdict.decode()):
        assert later not in text
    assert "<secret:api-key#1 len=21 ends=" in repr(kept)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_redacted_cassette_is_loaded_by_stock_vcrpy(path: Path, tmp_path: Path) -> None:
    assert main(["redact", str(path), "--out", str(tmp_path)]) == Exit.OK
    asked, answered = FilesystemPersister.load_cassette(tmp_path / path.name, yamlserializer)
    before, _ = FilesystemPersister.load_cassette(path, yamlserializer)
    assert [one.uri for one in asked] == [one.uri for one in before]
    assert len(answered) == len(asked) > 0


def test_a_cassette_of_others_loses_its_keys_and_still_plays_its_bodies(tmp_path: Path) -> None:
    one = {
        "request": {
            "method": "POST",
            "uri": f"https://openapi.akool.com/api?token={KEY}",
            "headers": {"x-api-key": [KEY], "Accept": ["*/*"]},
            "body": b"\xff\xfe" + f'{{"clientSecret":"{KEY}"}}'.encode(),
        },
        "response": {
            "status": {"code": 200, "message": "OK"},
            "headers": {"Content-Type": ["video/mp4"]},
            "body": {"string": b"\0\0\0\x18ftypmp42"},
        },
    }
    (tmp_path / "case.yaml").write_text(yaml.safe_dump({"version": 1, "interactions": [one]}))
    main(["redact", str(tmp_path / "case.yaml")])
    copy = tmp_path / "case.redacted.yaml"
    asked, answered = FilesystemPersister.load_cassette(copy, yamlserializer)
    assert "inv3nted" not in copy.read_text()
    assert KEY.encode() not in asked[0].body
    assert asked[0].headers["Accept"] == "*/*"
    assert answered[0]["body"]["string"] == b"\0\0\0\x18ftypmp42"


def test_a_redacted_har_is_read_as_before(tmp_path: Path) -> None:
    entry = {
        "startedDateTime": "2026-11-20T10:00:00.000Z",
        "time": 12,
        "request": {
            "method": "POST",
            "url": f"https://openapi.akool.com/api/open/v3/talkingavatar/create?token={KEY}",
            "headers": [{"name": "x-api-key", "value": KEY}],
            "postData": {"mimeType": "application/json", "text": '{"a": 1}'},
        },
        "response": {
            "status": 200,
            "headers": [{"name": "Set-Cookie", "value": "sid=inv3nted-cookie; path=/"}],
            "content": {"mimeType": "application/json", "text": '{"code": 1015, "msg": "no"}'},
        },
    }
    (tmp_path / "a.har").write_text(json.dumps({"log": {"version": "1.2", "entries": [entry] * 3}}))
    main(["redact", str(tmp_path / "a.har")])
    before, after = (capture.read(tmp_path / name) for name in ("a.har", "a.redacted.har"))
    assert after.format == before.format == "har"
    assert not after.broken
    for one in after.exchanges:
        assert isinstance(one.answer, Response)
        assert one.answer.body == b'{"code": 1015, "msg": "no"}'
    assert [one.request.body for one in after.exchanges] == [b'{"a": 1}'] * 3
    assert "inv3nted" not in repr(after.exchanges)
