"""Does `diagnostics validate` judge a call before it is sent, and end with the right code?"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.cli.address import called, of_address, of_headers, path_values
from diagnostics.cli.main import main, parse
from diagnostics.cli.screen import Screen
from diagnostics.cli.validate import verdict_of
from diagnostics.contract_load import load
from diagnostics.finding import Finding
from diagnostics.model import Blame, Json, Severity
from scenarios import parameters

AKOOL = load("akool")
KEY, OTHER_KEY = "invented-akool-key-0001", "invented-akool-key-0002"
GOOD = {
    "talking_photo_url": "https://cdn.somewhere.org/photo.jpg",
    "audio_url": "https://cdn.somewhere.org/speech.mp3",
}
Told = Callable[..., dict[str, Any]]


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Told:
    """The JSON object of a run, with its exit code as `exit`."""

    def run(*arguments: str) -> dict[str, Any]:
        code = main(["validate", *arguments, "--json"])
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
        return {**found, "exit": code}

    return run


@pytest.fixture
def call(tmp_path: Path) -> Callable[[Json], str]:
    """A file with a call in it."""

    def write(value: Json) -> str:
        path = tmp_path / "call.json"
        path.write_text(json.dumps(value), "utf-8")
        return str(path)

    return write


def subjects(found: dict[str, Any]) -> list[str]:
    return [one["subject"] for one in found["findings"]]


# --- verdicts ---------------------------------------------------------------------------------


def test_a_right_call_passes_and_says_that_nothing_was_sent(
    call: Callable[[Json], str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["validate", "createTalkingPhoto", call(GOOD)]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[0].startswith("pass: createTalkingPhoto (POST /api/open/v3/")
    assert shown[1].startswith("Nothing was sent.")
    assert len(shown) == 2


def test_a_broken_call_fails_and_names_each_parameter_once(
    call: Callable[[Json], str], told: Told
) -> None:
    found = told("createTalkingPhoto", call({**GOOD, "resolution": "720p", "audio_url": ""}))
    assert found["schema"] == "diagnostics.validate/1"
    assert (found["verdict"], found["blame"], found["exit"]) == ("fail", "parameters", 1)
    assert (found["operation"], found["method"]) == ("createTalkingPhoto", "POST")
    assert sorted(subjects(found)) == ["audio_url", "resolution"]
    resolution = next(one for one in found["findings"] if one["subject"] == "resolution")
    assert resolution["rule"] == "parameter-wrong"
    assert resolution["code"] == "1003"
    assert '"720"' in resolution["remedy"]
    assert resolution["source"]
    assert 0 < resolution["certainty"] < 1


def test_the_verdict_stands_first_and_the_table_below_it(
    call: Callable[[Json], str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["validate", "createTalkingPhoto", call({"audio_url": "x"})]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("fail: createTalkingPhoto")
    assert lines[0].endswith("to mend: 2")
    assert lines[1].split()[:2] == ["parameter", "what"]
    assert [line.split()[0] for line in lines[2:4]] == ["fail", "fail"]
    assert ["1201" in lines[2], "1003" in lines[3]] == [True, True]


def test_it_speaks_russian(call: Callable[[Json], str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "createTalkingPhoto", call({}), "--lang", "ru"]) == 1
    shown = capsys.readouterr().out
    assert shown.startswith("ошибка: createTalkingPhoto")
    assert "Нет обязательного параметра `talking_photo_url`." in shown
    assert "Ничего не отправлено." in shown
    assert "missing" not in shown


def test_failures_stand_before_doubts(call: Callable[[Json], str], told: Told) -> None:
    found = told("createTalkingPhoto", call({"zzz": 1, "audio_url": GOOD["audio_url"]}))
    assert [one["severity"] for one in found["findings"]] == ["fail", "warn"]
    assert subjects(found) == ["talking_photo_url", "zzz"]
    old = {"method": "POST", "url": "/photo/talking", "body": {"audio_url": GOOD["audio_url"]}}
    assert subjects(told("createTalkingPhoto", call(old))) == ["talking_photo_url", "url"]


def test_a_doubt_alone_is_a_warning_with_exit_code_0(
    call: Callable[[Json], str], told: Told
) -> None:
    found = told("createTalkingPhoto", call({**GOOD, "zzz": 1}))
    assert (found["verdict"], found["blame"], found["exit"]) == ("warn", "parameters", 0)


def test_silence_is_no_pass() -> None:
    assert verdict_of([]) == ("inconclusive", "none")
    assert verdict_of([Finding(rule=parameters.FIT)]) == ("pass", "none")
    media = Finding(rule=parameters.WRONG, blame=Blame.MEDIA)
    assert verdict_of([media]) == ("fail", "media")
    assert verdict_of([media, Finding(rule=parameters.WRONG)]) == ("fail", "parameters")


# --- where the call comes from ----------------------------------------------------------------


def test_without_a_file_the_example_of_the_documentation_is_checked_and_named(told: Told) -> None:
    found = told("createTalkingPhoto")
    assert found["exit"] == 0
    assert found["file"] is None
    assert "example of createTalkingPhoto" in found["notes"][0]


@pytest.mark.parametrize("operation", AKOOL.operations)
def test_every_example_of_the_documentation_is_within_its_own_rules(
    operation: str, told: Told
) -> None:
    op = AKOOL.operations[operation]
    if op.body_schema is None:
        needed = [one for one in op.parameters if one.required]
        given = [f"--{one.place}={one.name}={_value(one.schema)}" for one in needed]
        assert told(operation, *given)["verdict"] == "pass"
    else:
        assert told(operation)["verdict"] in {"pass", "warn"}


def _value(schema: Any) -> str:
    values = schema.get("items", schema).get("enum", ["abc123"])
    return str(values[0])


def piped(arguments: Sequence[str], data: bytes) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        [sys.executable, "-m", "diagnostics.cli.main", "validate", *arguments],
        input=data,
        capture_output=True,
        timeout=60,
        check=False,
        env={**os.environ, "LANG": "C.UTF-8"},
    )


@pytest.mark.parametrize("dash", [["-"], []])
def test_a_pipe_is_read_with_and_without_a_dash(dash: list[str]) -> None:
    ended = piped(["createTalkingPhoto", *dash], b'{"audio_url": 5}')
    assert ended.returncode == 1
    assert ended.stdout.startswith(b"fail: createTalkingPhoto")
    assert b"example of" not in ended.stdout
    assert ended.stderr == b""


def test_an_empty_pipe_is_no_call() -> None:
    ended = piped(["createTalkingPhoto"], b"")
    assert ended.returncode == 0
    assert b"example of createTalkingPhoto" in ended.stdout


def test_an_operation_without_body_does_not_wait_for_a_pipe() -> None:
    reading, writing = os.pipe()
    try:
        ended = subprocess.run(
            [sys.executable, "-m", "diagnostics.cli.main", "validate", "getCredit"],
            stdin=reading,
            capture_output=True,
            timeout=60,
            check=False,
        )
    finally:
        os.close(reading)
        os.close(writing)
    assert ended.returncode == 0
    assert ended.stdout.startswith(b"pass: getCredit")


class Feeding(StringIO):
    """Standard error, read by somebody who types the body when asked for it."""

    def __init__(self, pipe: int) -> None:
        super().__init__()
        self.pipe = pipe

    def write(self, text: str, /) -> int:
        if "waiting for the body on standard input" in text:
            os.write(self.pipe, json.dumps(GOOD).encode())
            os.close(self.pipe)
        return super().write(text)


def test_who_waits_for_a_pipe_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        module, options = parse(["validate", "createTalkingPhoto"])
        out = StringIO()
        assert module.main(options, Screen(streams=(out, Feeding(writing)))) == 0
    assert out.getvalue().startswith("pass: createTalkingPhoto")


@pytest.mark.parametrize(("text", "code"), [('{"audio_url": ""}', 1), (" ", 0)])
def test_a_redirected_file_is_read_like_a_pipe(
    text: str, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "call.json").write_text(text)
    with (tmp_path / "call.json").open() as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        assert main(["validate", "createTalkingPhoto"]) == code


# --- query, path, address ---------------------------------------------------------------------


def test_query_and_path_come_from_options(told: Told) -> None:
    assert told("getVideo")["exit"] == 1
    assert told("getVideo", "--query", "video_model_id=abc")["verdict"] == "pass"
    assert told("getVoice")["exit"] == 1
    assert told("getVoice", "--path", "_id=abc")["verdict"] == "pass"


def test_query_and_path_come_from_the_address_too(told: Told) -> None:
    detail = "GET /api/open/v4/voice/detail/abc%20d"
    assert told(detail)["verdict"] == "pass"
    status = "/api/open/v3/content/video/infobymodelid"
    assert told(f"GET {status}?video_model_id=abc")["verdict"] == "pass"
    assert told(f"get https://openapi.akool.com{status}?video_model_id=")["exit"] == 1


def test_a_query_parameter_given_twice_is_a_list(told: Told) -> None:
    assert told("listModels", "--query", "types[]=1501", "--query", "types[]=2101")["exit"] == 0
    assert told("listModels", "--query", "types[]=1501", "--query", "types[]=7")["exit"] == 1


def test_a_wrong_query_is_named_with_its_place(told: Told) -> None:
    found = told("listAvatars", "--query", "type=1", "--query", "page=first", "--query", "siz=3")
    assert {one["subject"]: (one["severity"], one["place"]) for one in found["findings"]} == {
        "page": ("fail", "query"),
        "siz": ("warn", "query"),
    }


def test_an_envelope_is_checked_with_its_address_and_headers(
    call: Callable[[Json], str], told: Told
) -> None:
    found = told(
        "createTalkingPhoto",
        call(
            {
                "method": "POST",
                "url": "http://api.akool.com/photo/talking",
                "headers": {"Authorization": f"Bearer {KEY}", "x-api-key": OTHER_KEY},
                "body": GOOD,
            }
        ),
    )
    assert (found["verdict"], found["exit"]) == ("warn", 0)
    assert [(one["subject"], one["blame"]) for one in found["findings"]] == [
        ("url", "endpoint"),
        ("url", "endpoint"),
        ("headers", "credentials"),
    ]
    messages = [one["message"] for one in found["findings"]]
    assert "api.akool.com is no host of AKOOL" in messages[0]
    assert "(postman)" in messages[1]
    assert "Authorization decides" in messages[2]
    assert "never sent" in found["notes"][0]


def test_a_key_in_the_file_is_on_no_stream(
    call: Callable[[Json], str], capsys: pytest.CaptureFixture[str]
) -> None:
    body = {**GOOD, "audio_url": f"https://cdn.somewhere.org/{KEY}.mp3", "resolution": KEY}
    envelope = {"path": "/x", "headers": {"x-api-key": KEY}, "body": body}
    for options in ([], ["--json"]):
        assert main(["validate", "createTalkingPhoto", call(envelope), *options]) == 1
        shown = capsys.readouterr()
        assert KEY not in shown.out + shown.err
        assert "resolution" in shown.out


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("POST https://openapi.akool.com/api/open/v3/content/video/createbytalkingphoto", []),
        ("POST /api/open/v3/content/video/createbytalkingphoto/", ["not in the docu"]),
        ("POST http://127.0.0.1:8080/api/open/v3/content/video/createbytalkingphoto", []),
        ("POST {{base}}/api/open/v3/content/video/createbytalkingphoto", []),
        ("POST ${BASE}/api/open/v3/content/video/createbytalkingphoto", []),
        (
            "POST http://openapi.akool.com/api/open/v3/content/video/createbytalkingphoto",
            ["clear text"],
        ),
        (
            "POST https://akool.com/api/open/v3/content/video/createbytalkingphoto",
            ["akool.com is no host"],
        ),
        ("GET /api/open/v3/content/video/createbytalkingphoto", ["not in the documentation"]),
        ("POST /api/open/v3/content/video/createbytalkingfoto", ["not in the documentation"]),
        ("POST /photo/talking", ["(postman)"]),
        ("POST /api/open/v4/characterSwap/create", ["that of createCharacterSwap"]),
        ("POST http://[x", ["not in the documentation"]),
    ],
)
def test_an_address_is_held_against_the_documented_one(address: str, words: list[str]) -> None:
    operation = AKOOL.operations["createTalkingPhoto"]
    found = of_address(AKOOL, operation, address)
    assert [one.severity for one in found] == [Severity.WARN] * len(words)
    for one, word in zip(found, words, strict=True):
        assert word in one.message("en")
        assert one.message("ru") != one.message("en")
        assert "?" not in one.remedy("en")


def test_an_old_address_finds_its_operation_with_a_doubt(told: Told) -> None:
    found = told("POST /photo/talking")
    assert found["operation"] == "createTalkingPhoto"
    assert subjects(found)[0] == "url"
    operation, doubts = called(AKOOL, "GET /video/status/abc")
    assert operation.id == "getVideo"
    assert len(doubts) == 1


def test_one_credential_header_is_no_doubt() -> None:
    assert of_headers(AKOOL, ["X-API-KEY", "Content-Type"]) == []
    assert len(of_headers(AKOOL, ["X-API-KEY", "authorization"])) == 1


@given(st.text(max_size=40), st.text(max_size=40))
def test_no_address_makes_it_raise(method: str, url: str) -> None:
    operation = AKOOL.operations["getVoice"]
    for address in (f"{method} {url}", f"GET {operation.path[:-5]}{url}"):
        assert isinstance(of_address(AKOOL, operation, address), list)
        assert isinstance(path_values(operation, address), dict)


# --- hostile bodies ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        '{"prompt": "\\ud800"}',
        '{"talking_photo_url": "https://a.b/\\u001b[2J"}',
        '{"\\u202e\\n`x`": 1}',
        '{"audio_url": ' + "[" * 90 + "]" * 90 + "}",
        '{"audio_url": ' + "9" * 4000 + "}",
        '{"' + "x" * 100_000 + '": 1}',
        "{" + ", ".join(f'"n{i}": {i}' for i in range(3000)) + "}",
    ],
)
def test_a_hostile_body_gets_findings_and_a_clean_screen(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "call.json"
    path.write_text(text)
    for options in ([], ["--json"]):
        assert main(["validate", "createTalkingPhoto", str(path), *options]) == 1
        shown = capsys.readouterr()
        assert shown.err == ""
        assert len(shown.out) < 200_000
        assert not {"\x1b", "\u202e"} & set(shown.out)


# --- mistakes ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["createTalkingFoto"], "nearest: createTalkingPhoto"),
        (["POST /api/open/v3/content/video/createbytalkingfoto"], "nearest: POST /api/open/v3/"),
        (["POST http://[x"], "there is no operation"),
        (["createTalkingPhoto", "nope.json"], "No such file"),
        (["createTalkingPhoto", "."], "is a folder"),
        (["getVideo", "--query", "video_model_id"], "--query takes K=V"),
        (["getVideo", "--path", "=x"], "--path takes K=V"),
        (["createTalkingPhoto", '{"a": 1}'], "looks like the JSON itself"),
        ([], "OPERATION"),
    ],
)
def test_a_mistake_is_named_with_its_remedy(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["validate", *arguments]) == 2
    shown = capsys.readouterr()
    assert words in shown.err
    assert shown.out == ""


def test_a_file_that_is_no_json_is_told_by_line_and_column(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("call.json").write_text('{\n  "audio_url": "x",\n}\n')
    assert main(["validate", "createTalkingPhoto", "call.json"]) == 2
    assert capsys.readouterr().err == (
        "error: not JSON: a comma stands after the last element\n"
        '      "audio_url": "x",\n'
        "                      ^\n"
        "  at: call.json:2:19\n"
        "  hint: take the comma out\n"
    )


def test_doubled_names_and_marks_are_noted(tmp_path: Path, told: Told) -> None:
    path = tmp_path / "call.json"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(GOOD).encode()[:-1] + b', "audio_url": ""}')
    found = told("createTalkingPhoto", str(path))
    assert subjects(found) == ["audio_url"]
    assert len(found["notes"]) == 2
