"""What did curl see? Its own transcripts, as it really writes them."""

import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.capture import Capture, Raw
from diagnostics.captures.curl_verbose import READER
from diagnostics.errors import UsageError
from diagnostics.model import Fault, FaultKind, Response

KEY = "invented-heygen-key-0001"
ANSWER = b'{"code":1015,"msg":"create video error"}'


def told(text: str) -> Capture:
    raw = Raw(name="curl.log", data=text.encode())
    assert READER.recognises(raw)
    return READER.read(raw)


HTTP2 = f"""\
$ curl -v -X POST https://api.heygen.com/v2/video/generate?x=1 -H "X-Api-Key: {KEY}" -d '{{"a":1}}'
* Host api.heygen.com:443 was resolved.
* IPv4: 203.0.113.7
*   Trying 203.0.113.7:443...
* Connected to api.heygen.com (203.0.113.7) port 443
* ALPN: curl offers h2,http/1.1
* SSL connection using TLSv1.3 / AEAD-CHACHA20-POLY1305-SHA256
* SSL certificate verify ok.
* using HTTP/2
* [HTTP/2] [1] OPENED stream for https://api.heygen.com/v2/video/generate?x=1
* [HTTP/2] [1] [:method: POST]
* [HTTP/2] [1] [:scheme: https]
* [HTTP/2] [1] [:authority: api.heygen.com]
* [HTTP/2] [1] [:path: /v2/video/generate?x=1]
> POST /v2/video/generate?x=1 HTTP/2
> Host: api.heygen.com
> x-api-key: {KEY}
> Content-Length: 7
>
* upload completely sent off: 7 bytes
< HTTP/2 400
< date: Thu, 20 Nov 2025 10:00:00 GMT
< content-type: application/json
<
{{ [57 bytes data]
* Connection #0 to host api.heygen.com left intact
{{"error":{{"code":"invalid_parameter","message":"no inputs"}}}}
HTTP 400
"""


def test_a_transcript_of_http_2_is_a_whole_exchange() -> None:
    capture = told(HTTP2)
    (one,) = capture.exchanges
    assert one.source == "curl.log: line 15"
    assert one.request.url == "https://api.heygen.com/v2/video/generate?x=1"
    assert one.request.body == b'{"a":1}'
    assert (KEY, "api-key") in capture.secrets
    assert isinstance(one.answer, Response)
    assert (one.answer.status, one.answer.http_version) == (400, "HTTP/2")
    assert json.loads(one.answer.body)["error"]["code"] == "invalid_parameter"
    assert one.started_s == 1763632800


def test_pseudo_headers_alone_tell_the_request_when_the_connection_breaks() -> None:
    text = HTTP2[: HTTP2.index("> POST")] + "curl: (92) HTTP/2 stream 1 was not closed cleanly\n"
    (one,) = told(text.partition("\n")[2]).exchanges
    assert one.request.url == "https://api.heygen.com/v2/video/generate?x=1"
    assert one.request.method == "POST"
    assert isinstance(one.answer, Fault)
    assert one.answer.kind is FaultKind.PROTOCOL


def test_a_refusal_of_one_address_is_no_failure_when_the_next_one_answers() -> None:
    text = HTTP2.replace(
        "*   Trying 203", "* connect to ::1 port 443 failed: Connection refused\n*   Trying 203"
    )
    (one,) = told(text).exchanges
    assert isinstance(one.answer, Response)


@pytest.mark.parametrize(
    ("last", "kind"),
    [
        ("curl: (6) Could not resolve host: api.heygen.com", FaultKind.DNS),
        ("curl: (7) Failed to connect to api.heygen.com port 443", FaultKind.CONNECT),
        ("curl: (28) Operation timed out after 1000 milliseconds", FaultKind.READ_TIMEOUT),
        ("curl: (28) Connection timed out after 5001 milliseconds", FaultKind.CONNECT_TIMEOUT),
        ("curl: (35) error:0A00010B:SSL routines::wrong version number", FaultKind.TLS),
        ("curl: (60) SSL certificate problem: certificate has expired", FaultKind.TLS),
        ("curl: (52) Empty reply from server", FaultKind.RESET),
        ("curl: (56) Recv failure: Connection reset by peer", FaultKind.RESET),
        ("curl: (47) Maximum (50) redirects followed", FaultKind.REDIRECTS),
        ("curl: (5) Could not resolve proxy: proxy.test", FaultKind.PROXY),
    ],
)
def test_curls_last_word_says_the_kind_of_failure(last: str, kind: FaultKind) -> None:
    (one,) = told(f"*   Trying 203.0.113.7:443...\n* Closing connection\n{last}\n").exchanges
    assert isinstance(one.answer, Fault)
    assert one.answer.kind is kind


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        cut = self.path == "/cut"
        moved = self.path == "/moved"
        self.send_response(302 if moved else 200)
        if moved:
            self.send_header("Location", "/there")
        body = b"" if moved else ANSWER
        self.send_header("Content-Length", "900" if cut else str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = cut

    do_POST = do_GET  # noqa: N815  # its name in http.server

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name in http.server
        """Stay quiet."""


@pytest.fixture
def server() -> Iterator[str]:
    made = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = Thread(target=made.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{made.server_port}"
    made.shutdown()
    thread.join()
    made.server_close()


def spoken(*words: str) -> str:
    """What a real curl writes to screen, meter and all."""
    done = subprocess.run(
        ["curl", "--noproxy", "*", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        timeout=30,
    )
    return done.stdout.decode()


real = pytest.mark.skipif(not shutil.which("curl"), reason="it needs curl: apt-get install curl")


@real
@pytest.mark.parametrize("how", [("-v",), ("-sv",), ("--trace-ascii", "-")])
def test_what_a_real_curl_writes_is_read(server: str, how: tuple[str, ...]) -> None:
    text = spoken(*how, f"{server}/a?b=1", "-H", f"x-api-key: {KEY}", "-d", '{"a":1}')
    capture = told(text)
    (one,) = capture.exchanges
    assert (one.request.method, one.request.url) == ("POST", f"{server}/a?b=1")
    assert (KEY, "api-key") in capture.secrets
    assert isinstance(one.answer, Response)
    assert (one.answer.status, one.answer.body) == (200, ANSWER)


@real
def test_redirects_are_exchanges_of_their_own(server: str) -> None:
    first, second = told(spoken("-vL", f"{server}/moved")).exchanges
    assert [first.request.url, second.request.url] == [f"{server}/moved", f"{server}/there"]
    assert isinstance(first.answer, Response)
    assert isinstance(second.answer, Response)
    assert (first.answer.status, first.answer.body, second.answer.body) == (302, b"", ANSWER)


@real
def test_a_body_that_was_cut_is_a_failure_with_what_had_arrived(server: str) -> None:
    (one,) = told(spoken("-v", f"{server}/cut")).exchanges
    assert isinstance(one.answer, Fault)
    assert (one.answer.kind, one.answer.status) == (FaultKind.CUT_BODY, 200)
    assert one.answer.body == ANSWER


@real
def test_a_real_refusal_names_where_nobody_answered() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        (one,) = told(spoken("-v", f"http://127.0.0.1:{port}/x")).exchanges
    assert one.request.url == f"http://127.0.0.1:{port}/"
    assert isinstance(one.answer, Fault)
    assert one.answer.kind is FaultKind.REFUSED


@given(st.integers(0, len(HTTP2)), st.text(max_size=20))
def test_a_transcript_cut_or_spoilt_anywhere_is_read(cut: int, text: str) -> None:
    raw = Raw(name="x", data=(HTTP2[:cut] + text + HTTP2[cut * 2 :]).encode())
    if not READER.recognises(raw):
        return
    try:
        assert READER.read(raw).exchanges
    except UsageError as error:
        assert error.hint  # noqa: PT017  # either it is read, or it is told what is missing
