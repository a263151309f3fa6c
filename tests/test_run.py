"""`diagnostics run` as its users type it: bad input, money, interrupts, recordings, a real port."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from diagnostics.cli.main import main
from diagnostics.emulator.faults import load_plan
from diagnostics.emulator.serve import Served
from diagnostics.tape import read_whole
from tests.drive_cases import akool
from tests.test_live import self_signed

KEY = "invented-akool-key-0001-never-real"
TREE = Path(__file__).parents[1]
FAST = ["--poll-interval", "0.02", "--base-delay", "0.01"]


def told(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The one JSON object on stdout."""
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@contextmanager
def provider(answers: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, list[str]]]:
    """A stranger's server: the address and the requests it heard. Unknown paths are HTML 404."""
    heard: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        known: ClassVar = answers

        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            self.rfile.read(length)
            path = self.path.partition("?")[0]
            heard.append(f"{self.command} {path}")
            found = self.known.get(path)
            body = b"<html>no</html>" if found is None else json.dumps(found).encode()
            self.send_response(404 if found is None else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_HEAD = do_CONNECT = _answer  # noqa: N815  # the standard library's names

        def log_message(self, *_args: object) -> None:
            """Be quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", heard
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


CREDIT = {"/api/open/v3/faceswap/quota/info": {"code": 1000, "data": {"credit": 500}}}
BODY = {
    "image": "http://127.0.0.1:1/i.png",
    "video": "http://127.0.0.1:1/v.mp4",
    "duration": 5,
    "resolution": "720p",
}
CREATE = "POST /api/open/v4/characterSwap/create"


def request_file(body: object) -> str:
    path = Path("call.json")
    path.write_text(json.dumps(body))
    return str(path)


# --- who answers ------------------------------------------------------------------------------


def test_without_a_key_the_first_line_says_that_the_emulator_answers(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["run", "network"]) == 0
    first = capsys.readouterr().err.splitlines()[0]
    assert "no key" in first
    assert "emulator" in first


def test_while_a_job_runs_its_states_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    main(["run", "job", "--fault", "overload-1015"])
    told_so_far = capsys.readouterr().err
    assert "1015 (attempt 2)" in told_so_far
    assert told_so_far.index("queueing") < told_so_far.index("processing")
    assert told_so_far.count("processing") == 1


def test_a_live_run_without_a_key_names_the_variable(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--target", "live"]) == 2
    assert "AKOOL_API_KEY" in capsys.readouterr().err


def test_a_url_without_a_scheme_is_answered_with_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--target", "openapi.akool.com"]) == 2
    assert "https://openapi.akool.com" in capsys.readouterr().err


def test_a_dead_host_is_network_and_nothing_more_is_tried(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    exit_code = main(["run", "--target", f"http://127.0.0.1:{port}", "--json"])
    found = told(capsys)
    assert (exit_code, found["verdict"], found["blame"]) == (1, "fail", "network")
    assert found["requests"] == 1


def test_a_key_is_never_sent_in_clear_text_to_another_machine(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AKOOL_API_KEY", KEY)
    assert main(["run", "--target", "http://gateway.invalid"]) == 2
    assert "plain http" in capsys.readouterr().err


def test_a_fault_is_for_the_emulator_only(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--target", "https://h.invalid", "--fault", "hang"]) == 2
    assert "emulate" in capsys.readouterr().err


def test_an_unknown_fault_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--fault", "unreachable-medai"]) == 2
    assert "unreachable-media" in capsys.readouterr().err


def test_a_broken_fault_plan_is_told_by_file_and_line(capsys: pytest.CaptureFixture[str]) -> None:
    Path("mine.yaml").write_text("title: {en: x, ru: x}\nrules:\n  - target: [\n")
    assert main(["run", "--fault", "mine.yaml"]) == 2
    assert "mine.yaml:" in capsys.readouterr().err


def test_an_unknown_scenario_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "credentails"]) == 2
    assert "credentials" in capsys.readouterr().err


def test_an_unknown_operation_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--operation", "createTalkingFoto"]) == 2
    assert "createTalkingPhoto" in capsys.readouterr().err


@pytest.mark.parametrize(
    "option", [["--max-polls", "0"], ["--budget", "-1"], ["--poll-interval", "soon"]]
)
def test_a_senseless_number_is_a_usage_error(
    option: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", *option]) == 2
    assert option[0] in capsys.readouterr().err


def test_an_out_folder_that_cannot_be_written_is_told_before_anything_is_sent(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("out").write_text("in the way")
    with provider(CREDIT) as (url, heard):
        assert main(["run", "--target", url]) == 2
    assert "--out" in capsys.readouterr().err
    assert [line for line in heard if "_emulator" not in line] == []


# --- the user's own failing call --------------------------------------------------------------


def test_the_founding_story_is_blamed_on_the_inputs_not_on_the_provider(
    capsys: pytest.CaptureFixture[str],
) -> None:
    body = {
        "talking_photo_url": "http://127.0.0.1:1/test_photo.jpg",
        "audio_url": "http://127.0.0.1:1/test_audio.mp3",
        "resolution": "720",
    }
    call = ["--operation", "createTalkingPhoto", "--request", request_file(body)]
    assert main(["run", *call, "--json"]) == 1
    found = told(capsys)
    assert (found["blame"], found["code"]) == ("media", "1015")


def test_a_wrong_parameter_is_named_with_its_path(capsys: pytest.CaptureFixture[str]) -> None:
    call = ["--operation", "createCharacterSwap", "--request", request_file({**BODY, "mode": "x"})]
    assert main(["run", "parameters", *call, "--json"]) == 1
    found = told(capsys)
    assert found["blame"] == "parameters"
    assert "mode" in {f["subject"] for f in found["findings"]}


# --- money ------------------------------------------------------------------------------------


def live(url: str, *options: str) -> list[str]:
    call = ["--operation", "createCharacterSwap", "--request", request_file(BODY)]
    return ["run", "job", "--target", url, *call, "--json", *FAST, *options]


def test_nothing_paid_is_sent_to_a_live_host_without_a_budget(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AKOOL_API_KEY", KEY)
    with provider(CREDIT) as (url, heard):
        main(live(url))
    assert CREATE not in heard
    found = told(capsys)
    assert found["paid_requests"] == 0
    assert found["credits_spent"] == 0


def test_a_budget_below_the_price_keeps_the_call_here(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AKOOL_API_KEY", KEY)
    with provider(CREDIT) as (url, heard):
        main(live(url, "--budget", "9"))
    assert CREATE not in heard
    assert told(capsys)["paid_requests"] == 0


def test_a_budget_that_covers_the_price_lets_it_go_once(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AKOOL_API_KEY", KEY)
    failing = {**CREDIT, "/api/open/v4/characterSwap/create": {"code": 1015, "msg": "error"}}
    with provider(failing) as (url, heard):
        main(live(url, "--budget", "15"))
    assert heard.count(CREATE) == 1
    found = told(capsys)
    assert found["paid_requests"] == 1
    assert (found["verdict"], found["code"]) == ("inconclusive", "1015")


def test_with_inputs_known_to_be_unfit_no_credit_is_risked_on_a_live_host(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AKOOL_API_KEY", KEY)
    with provider(CREDIT) as (url, heard):
        wanted = live(url, "--budget", "15")
        main([*wanted[:1], "media", *wanted[1:]])
    assert CREATE not in heard
    assert told(capsys)["blame"] == "media"


# --- secrets ----------------------------------------------------------------------------------


def test_no_planted_secret_is_in_any_byte_under_out_nor_on_a_stream(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AKOOL_API_KEY", KEY)
    echo = {"code": 1101, "msg": f"token {KEY} is illegal", "data": {"echo": [KEY, {"k": KEY}]}}
    with provider(dict.fromkeys(CREDIT, echo)) as (url, _):
        code = main(["run", "credentials", "quota", "--target", url, *FAST, "-vv"])
    assert code == 1
    streams = capsys.readouterr()
    assert KEY not in streams.out + streams.err
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) >= 4
    for path in files:
        assert KEY.encode() not in path.read_bytes(), path
        assert KEY not in path.name


# --- recordings -------------------------------------------------------------------------------


def test_a_recorded_run_is_played_again_with_the_same_verdict(
    capsys: pytest.CaptureFixture[str],
) -> None:
    main(["run", "--fault", "unreachable-media", "--json"])
    first = told(capsys)
    folder = str(Path(first["report"]["json"]).parent)
    assert main(["run", "--target", folder, "--json"]) == 1
    again = told(capsys)
    assert again["target"]["kind"] == "cassette"
    assert again["target"]["recorded"]
    for part in ("verdict", "blame", "code", "certainty"):
        assert again[part] == first[part]


def test_a_file_that_holds_no_recording_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    Path("their.har").write_text("{}")
    assert main(["run", "--target", "their.har"]) == 2
    told_of = capsys.readouterr().err
    assert "their.har" in told_of
    assert "hint:" in told_of


def test_an_empty_tape_is_no_pass(capsys: pytest.CaptureFixture[str]) -> None:
    main(["run", "parameters", "--json"])
    folder = Path(told(capsys)["report"]["json"]).parent
    lines = (folder / "tape.jsonl").read_text().splitlines()
    (folder / "tape.jsonl").write_text(lines[0] + "\n")
    assert main(["run", "network", "job", "--target", str(folder), "--json"]) != 0
    assert told(capsys)["verdict"] != "pass"


# --- time -------------------------------------------------------------------------------------


def test_a_deadline_ends_the_run_and_the_report_is_written(
    capsys: pytest.CaptureFixture[str],
) -> None:
    main(["run", "job", "--fault", "job-stuck", "--deadline", "30", "--json"])
    found = told(capsys)
    assert found["verdict"] != "pass"
    assert Path(found["report"]["html"]).is_file()


@pytest.mark.parametrize("short", [["--deadline", "0.00001"], ["--max-polls", "1"]])
def test_a_job_that_was_not_watched_long_enough_blames_nobody(
    capsys: pytest.CaptureFixture[str], short: list[str]
) -> None:
    assert main(["run", "job", "--json", *short]) == 3
    found = told(capsys)
    assert (found["verdict"], found["blame"]) == ("inconclusive", "undecided")


def until(happened: Callable[[], bool]) -> None:
    """Wait for another process, which has no clock to inject; 20 s at most."""
    pause = threading.Event()
    for _ in range(4000):
        if happened():
            return
        pause.wait(0.005)
    raise AssertionError("it never happened")


def process(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("AKOOL_")}
    return subprocess.Popen(  # the command as a user types it
        [sys.executable, "-m", "diagnostics.cli.main", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**clean, "PYTHONPATH": str(TREE), **environment},
    )


def test_ctrl_c_ends_at_once_lists_the_running_job_and_still_reports() -> None:
    with Served(akool(), faults=load_plan("job-stuck")) as server:
        running = process("run", "job", "--target", server.base_url, "--poll-interval", "0.05")
        until(lambda: sum("infobymodelid" in str(one) for one in server.emulator.seen) > 1)
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=20)
    assert running.returncode == 130, err
    assert "Traceback" not in out + err
    assert "job" in out
    (folder,) = Path("out").iterdir()
    result = json.loads((folder / "result.json").read_text())
    assert result["interrupted"] is True
    assert len(result["running_jobs"]) == 1
    assert (folder / "report.html").is_file()


def test_killed_in_the_middle_the_run_can_still_be_read_and_reported() -> None:
    with Served(akool(), faults=load_plan("job-stuck")) as server:
        running = process("run", "job", "--target", server.base_url, "--poll-interval", "0.05")
        until(lambda: bool(server.emulator.charged))
        running.kill()
        running.communicate(timeout=20)
    (folder,) = Path("out").iterdir()
    reading = read_whole(folder)
    assert reading.torn <= 1
    assert any(e.request.operation == "createTalkingPhoto" for e in reading.tape)


@pytest.mark.parametrize(
    ("fault", "blame", "exit_code"),
    [
        ("unreachable-media", "media", 1),
        ("overload-1015", "provider", 0),
        ("bad-key", "credentials", 1),
    ],
)
def test_through_the_emulator_on_a_port_the_command_says_the_same(
    fault: str, blame: str, exit_code: int
) -> None:
    with Served(akool(), faults=load_plan(fault), speed=2000.0) as server:
        running = process("run", "--target", server.base_url, "--json", *FAST)
        out, err = running.communicate(timeout=60)
    assert running.returncode == exit_code, err
    found = json.loads(out)
    assert found["blame"] == blame
    assert found["virtual_time"] is False
    assert found["target"]["kind"] == "emulator"


# --- the way there ----------------------------------------------------------------------------


def test_a_proxy_that_refuses_is_network_and_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AKOOL_API_KEY", KEY)
    with provider({}) as (url, heard):
        monkeypatch.setenv("HTTPS_PROXY", url)
        exit_code = main(["run", "network", "--target", "live", "--json"])
    found = told(capsys)
    assert (exit_code, found["blame"]) == (1, "network")
    assert "proxy" in json.dumps(found["findings"])
    assert all(line.startswith("CONNECT") for line in heard)


def test_a_self_signed_certificate_is_network_and_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.socket = self_signed(tmp_path).wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # the client breaks off
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        port = server.server_address[1]
        exit_code = main(["run", "network", "--target", f"https://127.0.0.1:{port}", "--json"])
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    found = told(capsys)
    assert (exit_code, found["blame"]) == (1, "network")
    assert "self-signed" in json.dumps(found["findings"])


PORTAL_PAGE = b"<html><form action='http://login.hotel.example/'>Sign in</form></html>"


class Portal(BaseHTTPRequestHandler):
    """A hotel's sign-in page, whatever is asked."""

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(200)
        self.send_header("Content-Length", str(len(PORTAL_PAGE)))
        self.end_headers()
        self.wfile.write(PORTAL_PAGE)

    do_GET = do_POST = _answer  # noqa: N815  # the standard library's names

    def log_message(self, *_args: object) -> None:
        """Be quiet."""


def test_a_sign_in_page_in_the_place_of_every_answer_is_the_network_s_fault(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AKOOL_API_KEY", KEY)
    with ThreadingHTTPServer(("127.0.0.1", 0), Portal) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        base = f"http://127.0.0.1:{server.server_address[1]}"
        code = main(["run", "--target", base, "--json", "--format", "json", *FAST])
        server.shutdown()
    found = told(capsys)
    assert (code, found["blame"]) == (1, "network")
    assert "network" not in {one["blame"] for one in found["excluded"]}


def test_the_screen_tells_each_reason_once_and_no_odds_of_what_it_does_not_know(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    plan = tmp_path / "wall.yaml"
    plan.write_text("rules: [{target: operations, do: {status: 403, html: 'Access denied'}}]")
    assert main(["run", "--fault", str(plan), "--format", "json"]) == 3
    shown = capsys.readouterr().out
    assert shown.count("getCredit answered HTTP 403") == 1
    assert "in 10" not in shown


def test_files_of_this_machine_are_in_reach_of_a_server_of_this_machine(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AKOOL_API_KEY", KEY)
    call = tmp_path / "call.json"
    near = "http://127.0.0.1:1/"
    call.write_text(
        json.dumps({"talking_photo_url": f"{near}a.jpg", "audio_url": f"{near}a.mp3"}), "utf-8"
    )
    given = ["--operation", "createTalkingPhoto", "--request", str(call), "parameters", "--json"]
    assert main(["run", "--target", "http://127.0.0.1:1", *given]) == 0
    assert told(capsys)["verdict"] == "pass"
    assert main(["run", "--target", "https://openapi.akool.com", *given]) == 1


@pytest.mark.parametrize(("scenario", "said"), [("network", "no answer"), ("parameters", "sent")])
def test_no_report_says_that_a_silent_host_answered(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    scenario: str,
    said: str,
) -> None:
    monkeypatch.setenv("AKOOL_API_KEY", KEY)
    call = tmp_path / "call.json"
    call.write_text("{}", "utf-8")
    given = ["--operation", "createTalkingPhoto", "--request", str(call), "--json"]
    main(["run", scenario, "--target", f"http://127.0.0.1:{dead()}", *given])
    found = told(capsys)
    assert said in found["headline"]["answered"]
    assert "answered" not in found["headline"]["sentence"]


def dead() -> int:
    """A port at which nothing listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


@pytest.mark.parametrize("fault", ["outage-1015", "unreachable-media", "job-fails"])
def test_a_recorded_failure_is_no_pass_when_played_again(
    capsys: pytest.CaptureFixture[str], fault: str
) -> None:
    main(["run", "--fault", fault, "--json", "--format", "json"])
    first = told(capsys)
    folder = str(Path(first["report"]["json"]).parent)
    assert main(["run", "--target", folder, "--json", "--format", "json"]) == 1
    again = told(capsys)
    for name in ("verdict", "blame", "code", "requests", "paid_requests"):
        assert again[name] == first[name], name


def test_a_scenario_that_needs_a_call_says_so_under_what_to_do(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AKOOL_API_KEY", KEY)
    assert main(["run", "job", "--target", "https://openapi.akool.com", "--format", "json"]) == 3
    shown = capsys.readouterr().out
    assert "--operation and --request" in shown
    assert "Nothing to do" not in shown
