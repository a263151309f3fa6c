"""What passes the gate on its way to tape, screen and disk?"""

import errno
import io
import json
import time
from dataclasses import replace
from pathlib import Path

import pytest

from diagnostics.errors import LeakError, UsageError
from diagnostics.model import (
    Case,
    Environment,
    Exchange,
    Fault,
    FaultKind,
    Plan,
    Request,
    Response,
    Target,
    TargetKind,
    Unsent,
    UnsentReason,
    Wire,
)
from diagnostics.redact import Gate
from diagnostics.redaction.disk import unwritable

KEY = "invented-akool-key-0001"
SHOWN = "<secret:akool-api-key#1 len=23 ends=01>"
CLAIMS = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJpbnZlbnRlZCJ9.Qz7invent3dKey9xWv2Lp"
PLAIN = Exchange(
    request=Request(
        method="GET",
        url="http://akool.emulator.test/api/open/v3/content/video/infobymodelid?video_model_id=65a",
        headers=(("Accept", "*/*"),),
    ),
    answer=Response(
        status=200,
        reason="OK",
        headers=(("content-type", "application/json"), ("date", "Sat, 21 Nov 2026 01:02:03 GMT")),
        body=b'{"code":1000,"data":{"_id":"65a0b1c2d3e4f5a6b7c8d9e0","webhookUrl":""}}',
    ),
    started_s=1.0,
    position=7,
)


@pytest.fixture
def gate() -> Gate:
    made = Gate(("invented-user", "invented-host-01"))
    made.register(KEY, "akool-api-key")
    return made


def test_an_exchange_without_secrets_passes_as_the_same_object(gate: Gate) -> None:
    assert gate.exchange(PLAIN) is PLAIN
    assert not gate.removed


def test_every_part_of_an_exchange_is_gated(gate: Gate) -> None:
    asked = replace(
        PLAIN.request,
        url=f"http://h.test/x?q={KEY}",
        headers=(("x-api-key", KEY),),
        body=json.dumps({"note": KEY}).encode(),
        label=KEY,
    )
    answer = Response(
        status=401,
        reason=KEY,
        headers=(("x-echo", KEY),),
        body=json.dumps({"code": 1101, "msg": f"bad key {KEY}"}).encode(),
    )
    wire = Wire(proxy=f"http://user:{KEY}@proxy.test:3128")
    shown = gate.exchange(replace(PLAIN, request=asked, answer=answer, wire=wire))
    assert KEY not in repr(shown)
    assert shown.position == 7
    assert shown.response is not None
    assert json.loads(shown.response.body) == {"code": 1101, "msg": f"bad key {SHOWN}"}
    assert json.loads(shown.request.body) == {"note": SHOWN}
    assert shown.request.headers == (("x-api-key", SHOWN),)
    assert gate.exchange(shown) == shown


def test_faults_and_unsent_requests_are_gated(gate: Gate) -> None:
    fault = Fault(
        kind=FaultKind.CUT_BODY,
        message=f"illegal header value {KEY!r}",
        headers=(("set-cookie", "sid=inv3nted; Path=/"),),
        body=f'{{"token": "{KEY}'.encode(),
    )
    shown = gate.exchange(replace(PLAIN, answer=fault)).answer
    assert isinstance(shown, Fault)
    assert shown.message == f"illegal header value '{SHOWN}'"
    assert shown.headers == (("set-cookie", "sid=<secret:cookie#1>; Path=/"),)
    assert shown.body == f'{{"token": "{SHOWN}'.encode()
    unsent = Unsent(reason=UnsentReason.OVER_BUDGET, message=f"not to {KEY}.test")
    kept = gate.exchange(replace(PLAIN, answer=unsent)).answer
    assert kept == Unsent(reason=UnsentReason.OVER_BUDGET, message=f"not to {SHOWN}.test")


def test_the_bought_token_is_not_on_the_tape(gate: Gate) -> None:
    answer = Response(status=200, body=json.dumps({"code": 1000, "token": CLAIMS}).encode())
    shown = gate.exchange(replace(PLAIN, answer=answer)).response
    assert shown is not None
    assert json.loads(shown.body) == {"code": 1000, "token": "<secret:token#1 len=67>"}


def test_a_case_is_gated(gate: Gate) -> None:
    case = Case(
        run_id="r1",
        target=Target(kind=TargetKind.LIVE, provider="akool", base_url=f"https://a:{KEY}@h.test"),
        plan=Plan(
            operation="createTalkingPhoto",
            body={"talking_photo_url": f"https://m.test/a.jpg?token={KEY}"},
            query={"q": KEY},
            file="/home/adainvented/call.json",
        ),
        environment=Environment(proxy=f"http://u:{KEY}@p.test"),
    )
    shown = gate.case(case)
    assert KEY not in repr(shown)
    assert shown.plan is not None
    assert shown.plan.file == "/home/<user>/call.json"
    assert shown.run_id == "r1"


def test_removals_are_counted_by_rule_and_place_each_time(gate: Gate) -> None:
    for _ in range(3):
        gate.headers((("Cookie", "a=inv3nted"),))
    assert gate.removed["named-cookie", "header"] == 3
    assert "inv3nted" not in repr(gate.removed)


def test_json_nested_too_deeply_is_withheld_or_handled_as_text(gate: Gate) -> None:
    deep = "[" * 3000 + f'"{KEY}"' + "]" * 3000
    shown = gate.body(deep.encode(), "application/json")
    assert KEY.encode() not in shown
    value: object = KEY
    for _ in range(5000):
        value = [value]
    assert gate.json(value) == "<withheld:data#1 some bytes: nested too deeply>"


@pytest.mark.parametrize(
    "body",
    [b"\xff\xfe\xfa{", b'{"a":"\\ud800"}', b'{"a":1e999}', b'{"a":NaN,"token":"inv3nted-01"}', b"",
     b'{"a":' + b"9" * 5000 + b"}", b"\x1f\x8b\x08broken", b'\xef\xbb\xbf{"password":"inv3nted"}'],
)  # fmt: skip
def test_hostile_bodies_pass_without_an_exception(gate: Gate, body: bytes) -> None:
    shown = gate.body(body, "application/json")
    assert b"inv3nted" not in shown
    assert gate.body(shown, "application/json") == shown


def test_lone_surrogates_stay_valid_json(gate: Gate) -> None:
    shown = gate.body(b'{"a":"\\ud800","api_key":"inv3nted"}', "application/json")
    assert json.loads(shown) == {"a": "\ud800", "api_key": "<secret:api-key#1>"}


def test_five_million_letters_are_gated_in_good_time(gate: Gate) -> None:
    begin = time.process_time()
    text = "a" * 5_000_000
    assert gate.text(text) == text
    assert time.process_time() - begin < 30


def test_indentation_and_escaping_of_a_body_are_kept(gate: Gate) -> None:
    body = json.dumps({"token": "inv3nted-01", "ключ": "да"}, indent=4, ensure_ascii=False)
    shown = gate.body(body.encode(), "application/json").decode()
    assert shown == body.replace("inv3nted-01", "<secret:token#1>")


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (f"x {KEY}", "akool-api-key"),
        (f"x {KEY}".encode(), "akool-api-key"),
        (KEY.encode("utf-16-le"), "akool-api-key"),
        (f"x {CLAIMS}", "jwt"),
        ("-----BEGIN PRIVATE KEY-----\nQz7invent3dKey9xWv2Lp\n", "private-key"),
        ("r8_Qz7invent3dKey9xWv2LpQz7", "replicate-api-token"),
        ("sk-proj-Qz7invent3dKey9xWv2Lp", "openai-api-key"),
    ],
)
def test_the_scan_names_artefact_and_kind_only(gate: Gate, data: str | bytes, kind: str) -> None:
    with pytest.raises(LeakError) as caught:
        gate.scan(data, "report.txt")
    assert kind in caught.value.message
    assert "report.txt" in caught.value.message
    assert "Qz7" not in f"{caught.value.message}{caught.value.place}{caught.value.hint}"


@pytest.mark.parametrize(
    "data",
    [f"{SHOWN} &lt;secret:jwt#1&gt; %3Csecret%3Atoken%231%3E", "sk-proj-...", "r8_xxxxxxxxxxxxxxxx",
     "the key sk-your-key-goes-here", "eyJ", "-----BEGIN CERTIFICATE-----", '"_id":"65a0b1c2d3"'],
)  # fmt: skip
def test_the_scan_lets_placeholders_and_examples_pass(gate: Gate, data: str) -> None:
    gate.scan(data, "report.txt")
    with pytest.raises(LeakError):
        gate.scan(f"{data} {KEY}", "report.txt")


def test_writing_is_whole_and_makes_the_folder(gate: Gate, tmp_path: Path) -> None:
    path = tmp_path / "out" / "run" / "report.txt"
    gate.write(path, "first")
    gate.write(path, b"second")
    assert path.read_bytes() == b"second"
    assert [one.name for one in path.parent.iterdir()] == ["report.txt"]


def test_a_leak_stops_the_write_and_keeps_the_old_file(gate: Gate, tmp_path: Path) -> None:
    path = tmp_path / "report.txt"
    gate.write(path, "old")
    with pytest.raises(LeakError):
        gate.write(path, f"<p>{KEY}</p>")
    assert path.read_text() == "old"


def test_a_secret_in_a_file_name_stops_the_write_without_telling_it(
    gate: Gate, tmp_path: Path
) -> None:
    with pytest.raises(LeakError) as caught:
        gate.write(tmp_path / f"{KEY}.txt", "fine")
    assert KEY not in f"{caught.value.message}{caught.value.place}"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["file/report.txt", "x" * 300, "nul\0name"])
def test_what_cannot_be_written_is_a_usage_error_with_place(
    gate: Gate, tmp_path: Path, name: str
) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UsageError) as caught:
        gate.write(tmp_path / name, "fine")
    assert caught.value.place


def test_a_full_disk_and_a_locked_folder_come_with_their_remedy() -> None:
    full = unwritable(Path("out/report.txt"), OSError(errno.ENOSPC, "No space left on device"))
    assert "free some space" in str(full.hint)
    locked = unwritable(Path("out/report.txt"), PermissionError(errno.EACCES, "Permission denied"))
    assert "writable" in str(locked.hint)
    assert locked.place == "out"


def test_an_error_becomes_one_gated_line(gate: Gate) -> None:
    line = gate.error(ValueError(f"bad header\nx-api-key: {KEY}\n" + "z" * 5000))
    assert line.startswith(f"ValueError: bad header x-api-key: {SHOWN} zzz")
    assert "\n" not in line
    assert len(line) < 1100


def test_a_stream_hides_a_secret_that_is_split_over_writes(gate: Gate) -> None:
    beneath = io.StringIO()
    stream = gate.stream(beneath)
    for letter in f"key {KEY}\nnext":
        stream.write(letter)
    assert beneath.getvalue() == f"key {SHOWN}\n"
    stream.flush()
    assert beneath.getvalue() == f"key {SHOWN}\nnext"


def test_a_stream_hides_a_private_key_written_line_by_line(gate: Gate) -> None:
    beneath = io.StringIO()
    stream = gate.stream(beneath)
    lines = ["a\n", "-----BEGIN PRIVATE KEY-----\n", "Qz7invent3d\n", "-----END PRIVATE KEY-----\n"]
    stream.writelines([*lines, "b\n"])
    assert "Qz7" not in beneath.getvalue()
    assert beneath.getvalue().startswith("a\n<secret:private-key#1>")
    assert beneath.getvalue().endswith("b\n")
    assert not stream.isatty()


def test_a_flush_within_a_private_key_does_not_let_the_rest_through(gate: Gate) -> None:
    beneath = io.StringIO()
    stream = gate.stream(beneath)
    for line in ("a\n", "-----BEGIN PRIVATE KEY-----\n", "Qz7invent3d\n"):
        stream.write(line)
        stream.flush()
    assert beneath.getvalue() == "a\n"
    stream.close()
    assert beneath.getvalue() == "a\n<secret:private-key#1>"


def test_a_stream_bounds_what_it_holds(gate: Gate) -> None:
    beneath = io.StringIO()
    stream = gate.stream(beneath)
    for _ in range(40):
        stream.write("z" * 65_536)
    assert len(beneath.getvalue()) > 1_000_000


SPLIT = "invented-window-key-0001"


@pytest.mark.parametrize("size", [1, 7, 4096, 3 << 20])
def test_a_key_split_over_the_parts_of_a_large_body_withholds_the_rest(size: int) -> None:
    gate = Gate(("", ""))
    gate.register(SPLIT, "heygen-api-key")
    body = b"\0\x01media" * 400 + SPLIT.encode() + b"\xff" * 300
    window = gate.window()
    given = b"".join(window.feed(body[n : n + size]) for n in range(0, len(body), size))
    given += window.finish()
    assert SPLIT.encode() not in given
    assert window.withheld == f"<withheld:data#1 {len(body)} bytes: heygen api key>"
    assert gate.text(window.withheld) == window.withheld


def test_a_large_body_without_secrets_passes_a_window_byte_for_byte() -> None:
    gate = Gate(("", ""))
    gate.register(SPLIT, "heygen-api-key")
    parts = [bytes([n % 251]) * 300_000 for n in range(20)]
    window = gate.window()
    assert b"".join([*map(window.feed, parts), window.finish()]) == b"".join(parts)
    assert window.withheld is None
    assert window.size_bytes == 6_000_000


def test_what_a_remembered_request_lost_counts_each_time(gate: Gate) -> None:
    first = Request(method="GET", url="http://h.test/", headers=(("x-api-key", KEY), ("a", "1")))
    second = Request(method="GET", url="http://h.test/", headers=(("x-api-key", KEY), ("a", "2")))
    for number, request in enumerate((first, second, second, first, second), 1):
        gate.exchange(replace(PLAIN, request=request))
        assert gate.removed.total() == number
