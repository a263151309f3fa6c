"""What do tracebacks, chats and console output tell of a call?"""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.capture import Capture, Raw
from diagnostics.captures.text import READER
from diagnostics.errors import UsageError
from diagnostics.model import Fault, FaultKind, Response, Unsent


def told(text: str) -> Capture:
    return READER.read(Raw(name="log.txt", data=text.encode()))


OPENAI = """\
2025-11-20 10:00:01 INFO HTTP Request: POST https://api.openai.com/v1/videos "HTTP/1.1 429 Too Many"
2025-11-20 10:00:03 INFO Retrying request to /videos in 0.9 seconds
2025-11-20 10:00:04 INFO HTTP Request: POST https://api.openai.com/v1/videos "HTTP/1.1 429 Too Many"
Traceback (most recent call last):
  File "a.py", line 3, in <module>
    raise self._make_status_error_from_response(err.response) from None
openai.RateLimitError: Error code: 429 - {'error': {'message': "You're over it", 'param': None}}
"""


def test_a_repr_of_python_is_read_and_joins_the_last_of_two_tries() -> None:
    first, second = told(OPENAI).exchanges
    assert (first.source, second.source) == ("log.txt: line 1", "log.txt: line 3")
    assert second.started_s - first.started_s == 3
    assert second.request.url == "https://api.openai.com/v1/videos"
    assert isinstance(second.answer, Response)
    assert json.loads(second.answer.body) == {"error": {"message": "You're over it", "param": None}}


def test_replicates_details_become_the_answer_they_were_made_of() -> None:
    (one,) = told(
        "replicate.exceptions.ReplicateError: ReplicateError Details:\n"
        "title: Insufficient credit\nstatus: 402\ndetail: You have insufficient credit.\n"
    ).exchanges
    assert isinstance(one.answer, Response)
    assert one.answer.status == 402
    assert json.loads(one.answer.body)["title"] == "Insufficient credit"


def test_a_chain_of_exceptions_is_one_failure() -> None:
    (one,) = told(
        "httpcore.ConnectError: [Errno -2] Name or service not known\n\nThe above exception was"
        " the direct cause of the following exception:\n\nTraceback (most recent call last):\n"
        "httpx.ConnectError: [Errno -2] Name or service not known\n"
    ).exchanges
    assert isinstance(one.answer, Fault)
    assert one.answer.kind is FaultKind.DNS
    assert not one.answer.may_have_arrived


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("httpx.ConnectTimeout: timed out", FaultKind.CONNECT_TIMEOUT),
        ("httpx.ReadTimeout: The read operation timed out", FaultKind.READ_TIMEOUT),
        ("Error: connect ECONNREFUSED 127.0.0.1:443", FaultKind.REFUSED),
        ("Error: read ECONNRESET", FaultKind.RESET),
        ("Error: connect ETIMEDOUT 203.0.113.7:443", FaultKind.CONNECT_TIMEOUT),
        ("Error: getaddrinfo ENOTFOUND api.heygen.test", FaultKind.DNS),
        ("ssl.SSLCertVerificationError: [SSL: CERTIFICATE_VERIFY_FAILED]", FaultKind.TLS),
        ("Error: socket hang up", FaultKind.RESET),
        ("requests.exceptions.ChunkedEncodingError: IncompleteRead(10)", FaultKind.CUT_BODY),
        ("httpx.RemoteProtocolError: Server disconnected without sending", FaultKind.RESET),
        ("urllib3.exceptions.ProxyError: Tunnel connection failed: 407", FaultKind.PROXY),
        ("httpx.TooManyRedirects: Exceeded maximum allowed redirects.", FaultKind.REDIRECTS),
        ("OSError: [Errno 28] No space left on device", FaultKind.LOCAL),
        ("httpx.InvalidURL: Invalid port", FaultKind.BAD_REQUEST),
        ("TypeError: fetch failed", FaultKind.CONNECT),
        ("httpx.WriteError: [Errno 32] Broken pipe", FaultKind.WRITE),
    ],
)
def test_a_failures_name_says_its_kind(line: str, kind: FaultKind) -> None:
    (one,) = told(line).exchanges
    assert isinstance(one.answer, Fault)
    assert one.answer.kind is kind


def test_a_pool_of_requests_tells_host_and_path() -> None:
    (one,) = told(
        "requests.exceptions.ConnectionError: HTTPSConnectionPool(host='openapi.akool.com', port="
        "443): Max retries exceeded with url: /api/open/v3/faceswap (Caused by NewConnectionError"
        "('<urllib3.connection.HTTPSConnection object>: [Errno 111] Connection refused'))"
    ).exchanges
    assert one.request.url == "https://openapi.akool.com/api/open/v3/faceswap"
    assert isinstance(one.answer, Fault)
    assert one.answer.kind is FaultKind.REFUSED


def test_a_status_error_of_httpx_tells_address_and_status() -> None:
    (one,) = told(
        "httpx.HTTPStatusError: Client error '404 Not Found' for url "
        "'https://api.heygen.com/v1/video_status.get?video_id=abc'\nFor more information check: "
        "https://developer.mozilla.org/en-US/docs/Web/HTTP/Status/404\n"
    ).exchanges
    assert one.request.url == "https://api.heygen.com/v1/video_status.get?video_id=abc"
    assert isinstance(one.answer, Response)
    assert one.answer.status == 404


def test_an_answer_quoted_in_an_e_mail_is_found() -> None:
    (one,) = told(
        'Hi, we call AKOOL and always get this:\n> {\n>   "code": 1015,\n'
        '>   "msg": "create video error"\n> }\nwhat now?\n'
    ).exchanges
    assert one.source == "log.txt: line 2"
    assert isinstance(one.answer, Response)
    assert json.loads(one.answer.body) == {"code": 1015, "msg": "create video error"}


def test_a_code_that_is_only_spoken_of_is_the_last_resort() -> None:
    (one,) = told("Привет! Вчера AKOOL вернул код 1015 (create video error), что делать?").exchanges
    assert isinstance(one.answer, Response)
    assert json.loads(one.answer.body) == {"code": 1015, "msg": "create video error"}


NODE = """\
<ref *1> Error [AxiosError]: Request failed with status code 429
    at Object.<anonymous> (/srv/app/n.js:2:9)
    at node:internal/main/run_main_module:28:49 {
  code: 'ERR_BAD_REQUEST',
  config: {
    url: 'https://api.openai.com/v1/videos',
    method: 'post',
    headers: [Object: null prototype] {
      Accept: 'application/json, text/plain, */*',
      Authorization: 'Bearer invented-openai-key-0001'
    },
    data: `{"model":"sora-2","prompt":"it's a \\\\"cat\\\\""}`,
    fn: [Function: fn],
    s: Map(1) { 'a' => 1 },
    b: <Buffer 7b 22 61 22 3a 31 7d>,
    [Symbol(shapeMode)]: false
  },
  response: {
    status: 429,
    statusText: 'Too Many Requests',
    headers: { 'retry-after': '20' },
    config: { url: 'https://api.openai.com/v1/videos', method: 'post', t: [Array] },
    data: { error: [Object] },
    request: [Circular *1]
  }
}
"""


def test_what_node_prints_of_an_axios_error_is_a_whole_exchange() -> None:
    capture = told(NODE)
    (one,) = capture.exchanges
    assert (one.request.method, one.request.url) == ("POST", "https://api.openai.com/v1/videos")
    assert json.loads(one.request.body)["prompt"] == 'it\'s a "cat"'
    assert isinstance(one.answer, Response)
    assert (one.answer.status, one.answer.header("Retry-After")) == (429, "20")
    assert json.loads(one.answer.body) == {"error": "[Object]"}
    assert capture.secrets == (("invented-openai-key-0001", "api-key"),)


def test_a_cause_printed_by_node_is_the_failure() -> None:
    (one,) = told(
        "TypeError: fetch failed\n    at node:internal/deps/undici/undici:14976:13 {\n"
        "  [cause]: Error: getaddrinfo ENOTFOUND nohost.invalid\n"
        "      at GetAddrInfoReqWrap.onlookupall [as oncomplete] (node:dns:122:26) {\n"
        "    errno: -3008,\n    code: 'ENOTFOUND',\n    syscall: 'getaddrinfo',\n"
        "    hostname: 'nohost.invalid'\n  }\n}\n"
    ).exchanges
    assert isinstance(one.answer, Fault)
    assert one.answer.kind is FaultKind.DNS


def test_json_escaped_inside_a_quoted_text_is_read() -> None:
    (one,) = told(
        r'[error] body="{\"code\":1015,\"msg\":\"x\"}" status=200 url=https://openapi.akool.com/a/b'
    ).exchanges
    assert one.request.url == "https://openapi.akool.com/a/b"
    assert isinstance(one.answer, Response)
    assert (one.answer.status, json.loads(one.answer.body)["code"]) == (200, 1015)


def test_a_raw_request_and_its_raw_answer_are_one_exchange() -> None:
    (one,) = told(
        "POST /v2/video/generate HTTP/1.1\r\nHost: api.heygen.com\r\nX-Api-Key: "
        'invented-heygen-key-0001\r\n\r\n{"video_inputs": []}\r\n\r\nHTTP/1.1 400 Bad Request\r\n'
        'Content-Type: application/json\r\n\r\n{"error":{"code":"invalid_parameter"}}\r\n'
    ).exchanges
    assert one.request.url == "https://api.heygen.com/v2/video/generate"
    assert json.loads(one.request.body) == {"video_inputs": []}
    assert isinstance(one.answer, Response)
    assert one.answer.header("content-type") == "application/json"
    assert json.loads(one.answer.body) == {"error": {"code": "invalid_parameter"}}


def test_a_call_in_python_is_read_with_the_answer_in_the_comment() -> None:
    capture = told(
        'r = requests.post("https://openapi.akool.com/api/x", headers={"x-api-key": '
        '"invented-key-1"}, json={"prompt": "a cat"})\nprint(r.json())\n'
        "# {'code': 1015, 'msg': 'no'}\n"
    )
    (one,) = capture.exchanges
    assert one.request.headers == (("x-api-key", "invented-key-1"),)
    assert json.loads(one.request.body) == {"prompt": "a cat"}
    assert isinstance(one.answer, Response)
    assert one.answer.status == 0, "nobody told the status"


def test_a_call_without_an_answer_was_not_recorded() -> None:
    (one,) = told("we run: POST https://api.heygen.com/v2/video/generate and wait").exchanges
    assert isinstance(one.answer, Unsent)


@pytest.mark.parametrize("text", ["hello", "see https://docs.akool.com/ for more", "{}", "[1, 2]"])
def test_a_text_that_tells_of_no_call_is_an_error_with_a_remedy(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        told(text)
    assert caught.value.place == "log.txt"
    assert caught.value.hint


def survives(text: str) -> bool:
    """Whether anything was found; any other exception than ours fails the test."""
    try:
        return bool(told(text).exchanges)
    except UsageError:
        return False


@given(st.text() | st.lists(st.sampled_from(OPENAI.split(" ") + NODE.split("'"))).map(" ".join))
def test_no_text_makes_the_reader_raise_anything_else(text: str) -> None:
    assert survives(text) in {True, False}


@given(st.integers(0, len(OPENAI + NODE)))
def test_a_text_cut_anywhere_is_read(cut: int) -> None:
    assert survives((OPENAI + NODE)[:cut]) or cut < 100
