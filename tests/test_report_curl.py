"""Does the reproduction make the very same call, with nothing lost to the shell and no key?"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from diagnostics.model import LANGUAGES, Request, TargetKind
from reports.document import document
from reports.reproduce import curl
from tests import sample_report as sample

CONTRACT = sample.contract()
KEY = "invented-akool-key-0001"
BODIES = [
    json.dumps(sample.BODY).encode(),
    '{"text": "it\'s $HOME `id` \\" !! \\\\ — привет"}'.encode(),
    b'{"two":\n "lines"}',
    b"@/etc/hostname",
    b"-d x",
    b"'",
]


class Server(HTTPServer):
    """Keeps what it was sent."""

    seen: list[tuple[str, str, dict[str, str], bytes]]


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.server.seen.append((self.command, self.path, dict(self.headers), body))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"code":1000}')

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name in http.server
        """Stay quiet."""


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server(("127.0.0.1", 0), _Handler)
    made.seen = []
    thread = Thread(target=made.serve_forever, args=(0.01,))
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


def shell(command: str) -> subprocess.CompletedProcess[str]:
    bash = shutil.which("bash") or "sh"
    environment = {"PATH": os.environ["PATH"], "AKOOL_API_KEY": KEY}
    return subprocess.run(
        [bash, "-c", command], env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.skipif(shutil.which("curl") is None, reason="it needs curl: apt-get install curl")
@pytest.mark.parametrize("body", BODIES)
def test_the_command_sends_the_very_same_call(server: Server, body: bytes) -> None:
    address = f"http://127.0.0.1:{server.server_port}"
    request = replace(
        sample.call(address),
        url=f"{address}/api/[v3]/it's?a={{b}}&c=d%20e",
        headers=(("Content-Type", "application/json"), ("X-Odd", 'a\'b "c" $HOME')),
        body=body,
    )
    command = curl(request, CONTRACT, sample.case())
    done = shell(command)

    assert done.returncode == 0, done.stderr
    method, path, headers, sent = server.seen[0]
    assert (method, sent) == ("POST", body)
    assert path == "/api/[v3]/it's?a={b}&c=d%20e"
    assert headers["X-Odd"] == 'a\'b "c" $HOME'
    assert headers["x-api-key"] == KEY
    assert KEY not in command


@pytest.mark.parametrize("name", sample.EVERY)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_command_is_whole_shell(name: str, language: str) -> None:
    made = document(sample.EVERY[name](), CONTRACT, language=language)["reproduction"]
    script = "\n".join(filter(None, [made["command"], made.get("setup"), made["curl"]]))
    bash = shutil.which("bash") or "sh"

    read = subprocess.run([bash, "-n"], input=script, text=True, capture_output=True, check=False)
    assert (read.returncode, read.stderr) == (0, "")


def test_a_call_that_spends_says_so_and_what() -> None:
    live = document(sample.incident(), CONTRACT, language="en")["reproduction"]
    emulated = document(sample.media_incident(), CONTRACT, language="en")["reproduction"]

    assert live["notes"] == ["Spends credits: 10 a call."]
    assert not [note for note in emulated["notes"] if "Spends" in note]


def test_an_emulator_inside_the_run_is_started_again_on_a_port() -> None:
    made = document(sample.media_incident(), CONTRACT, language="en")["reproduction"]

    assert made["command"] == "diagnostics run --provider akool --fault unreachable-media"
    assert "diagnostics emulate akool --port 8471 --fault unreachable-media" in made["setup"]
    assert "'http://127.0.0.1:8471/api/open/v3/content/video/createbytalkingphoto'" in made["curl"]
    assert "http://127.0.0.1:8471/_media/gone.jpg" in made["curl"]
    assert ".test" not in made["curl"]


def test_a_live_run_is_made_again_with_its_own_request_and_budget() -> None:
    assert document(sample.incident(), CONTRACT, language="en")["reproduction"]["command"] == (
        "diagnostics run --provider akool --target live"
        " --operation createTalkingPhoto --request call.json --budget 50"
    )


def test_what_was_only_read_is_judged_again_from_its_tape() -> None:
    made = document(sample.incident(TargetKind.CASSETTE), CONTRACT, language="en")

    assert made["reproduction"]["command"] == "diagnostics report 20261121-010203-abcd"


def test_a_bought_token_has_a_variable_and_says_where_it_comes_from() -> None:
    report = sample.incident()
    case = replace(report.tape.case, auth_headers=("Authorization",))
    report = replace(report, tape=replace(report.tape, case=case))
    made = document(report, CONTRACT, language="en")["reproduction"]

    assert '-H "Authorization: Bearer $AKOOL_TOKEN"' in made["curl"]
    assert "AKOOL_TOKEN is the token that getToken returns." in made["notes"]


@pytest.mark.parametrize("body", [b"x" * 70_000, b"\xff\xfe", b"a\0b", "\u202etxt".encode()])
def test_a_body_that_no_command_line_holds_comes_from_a_file(body: bytes) -> None:
    command = curl(replace(sample.call(), body=body), CONTRACT, sample.case())

    assert command.endswith("--data-binary @request.body")


def test_a_media_file_is_fetched_without_the_key() -> None:
    request = sample.fetch("https://files.example.com/face.jpg", "talking_photo_url")

    assert curl(request, CONTRACT, sample.case()) == (
        "curl -sS -X GET \\\n  'https://files.example.com/face.jpg'"
    )


def test_an_open_operation_is_called_without_the_key() -> None:
    request = Request(method="GET", url="https://openapi.akool.com/x", authenticated=False)

    assert "AKOOL" not in curl(request, CONTRACT, sample.case())
