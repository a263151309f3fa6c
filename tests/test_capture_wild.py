"""Do the ways in which tools and people really write of a call all come to the same exchange?"""

import json
from dataclasses import dataclass

import pytest

from diagnostics.capture import Raw, read_raw
from diagnostics.model import Fault, Response


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A text, and what it says of its last exchange."""

    text: str
    count: int = 1
    call: str = ""
    status: int = 0
    sent: str = ""
    came: str = ""
    fault: str = ""


WILD = {
    "the openai package, debugged": Said(
        text="DEBUG:openai._base_client:Request options: {'method': 'post', 'url': '/videos', "
        "'json_data': {'prompt': 'a cat', 'seconds': '5'}}\n"
        'INFO:httpx:HTTP Request: POST https://api.openai.com/v1/videos "HTTP/1.1 400 Bad"\n'
        "DEBUG:openai._base_client:HTTP Response: POST https://api.openai.com/v1/videos "
        "\"400 Bad Request\" Headers({'content-type': 'application/json'})\n"
        "Traceback (most recent call last):\n"
        "openai.BadRequestError: Error code: 400 - {'error': {'message': \"Invalid value: '5'.\", "
        "'code': 'invalid_value'}}\n",
        call="POST https://api.openai.com/v1/videos",
        status=400,
        sent="seconds",
        came="invalid_value",
    ),
    "urllib3, twice the same": Said(
        text='DEBUG:urllib3.connectionpool:https://openapi.akool.com:443 "POST /api/x HTTP/1.1" 200'
        ' 64\nresponse: {"code":1015,"msg":"no"}\n' * 2,
        count=2,
        call="POST https://openapi.akool.com/api/x",
        status=200,
        came="1015",
    ),
    "the replicate package of Node": Said(
        text="ApiError: Request to https://api.replicate.com/v1/predictions failed with status 402 "
        'Payment Required: {"title":"Insufficient credit","status":402}.\n    at x {\n  request: '
        "Request {\n   method: 'POST',\n    url: 'https://api.replicate.com/v1/predictions'\n  },\n"
        "  response: Response {\n    status: 402,\n    headers: Headers { date: 'x' },\n"
        "    body: ReadableStream { locked: true, state: 'closed' },\n"
        "    url: 'https://api.replicate.com/v1/predictions'\n  }\n}\n",
        call="POST https://api.replicate.com/v1/predictions",
        status=402,
        came="Insufficient",
    ),
    "the openai package of Node": Said(
        text="RateLimitError: 429 You exceeded your current quota\n    at x {\n  status: 429,\n"
        "  headers: Headers { 'x-request-id': 'req_abc' },\n  error: {\n    message: 'You exceeded"
        " your current quota',\n    type: 'insufficient_quota',\n    param: null\n  },\n"
        "  code: 'insufficient_quota'\n}\n",
        status=429,
        came="insufficient_quota",
    ),
    "a log with a payload": Said(
        text="2025-11-20 10:00:00,123 INFO POST https://openapi.akool.com/api/x payload={'a': 1}\n"
        "2025-11-20 10:00:02,123 ERROR Response 200: {'code': 1015, 'msg': 'no'}\n",
        call="POST https://openapi.akool.com/api/x",
        status=200,
        sent='"a"',
        came="1015",
    ),
    "logfmt": Said(
        text="time=2025-11-20T10:00:00Z level=error method=POST url=https://api.heygen.com/v2/x "
        'status=400 body="{\\"error\\":{\\"code\\":\\"invalid_parameter\\"}}"\n',
        call="POST https://api.heygen.com/v2/x",
        status=400,
        came="invalid_parameter",
    ),
    "Insomnia's timeline": Said(
        text="* Preparing request to https://api.heygen.com/v2/x\n* Connected to api.heygen.com "
        "(203.0.113.7) port 443 (#0)\n> POST /v2/x HTTP/2\n> Host: api.heygen.com\n\n| {\n"
        '| \t"a": 1\n| }\n\n< HTTP/2 400 \n< content-type: application/json\n\n* Received 36 B\n',
        call="POST https://api.heygen.com/v2/x",
        status=400,
        sent='"a": 1',
    ),
    "a chat in Russian": Said(
        text="[10:02] dev: мы шлём POST https://api.heygen.com/v2/video/generate\n[10:03] dev: в "
        'ответ 400: {"code":400,"message":"avatar look not found","data":null}\n',
        call="POST https://api.heygen.com/v2/video/generate",
        status=400,
        came="avatar look",
    ),
    "a time-out of requests": Said(
        text="requests.exceptions.ReadTimeout: HTTPSConnectionPool(host='api.heygen.com', port=443)"
        ": Read timed out. (read timeout=10)",
        call=" https://api.heygen.com",
        fault="read-timeout",
    ),
    "node-fetch without a name": Said(
        text="Error: request to https://api.heygen.com/v2/x failed, reason: getaddrinfo ENOTFOUND "
        "api.heygen.com\n    at ClientRequest.<anonymous> (/srv/x.js:1:2) {\n  type: 'system',\n"
        "  errno: 'ENOTFOUND',\n  code: 'ENOTFOUND'\n}\n",
        call=" https://api.heygen.com/v2/x",
        fault="dns",
    ),
    "undici's time-out": Said(
        text="  [cause]: ConnectTimeoutError: Connect Timeout Error (attempted address: "
        "openapi.akool.com:443, timeout: 10000ms)\n      at x {\n    code: "
        "'UND_ERR_CONNECT_TIMEOUT'\n  }\n",
        call=" https://openapi.akool.com",
        fault="connect-timeout",
    ),
}


@pytest.mark.parametrize("name", sorted(WILD))
def test_what_people_paste_is_understood(name: str) -> None:
    said = WILD[name]
    found = read_raw(Raw(name="pasted.txt", data=said.text.encode())).exchanges
    assert len(found) == said.count
    one = found[-1]
    assert f"{one.request.method} {one.request.url}" == (said.call or " ")
    assert said.sent in one.request.body.decode()
    if said.fault:
        assert isinstance(one.answer, Fault)
        assert one.answer.kind.value == said.fault
    else:
        assert isinstance(one.answer, Response)
        assert one.answer.status == said.status
        assert said.came in one.answer.body.decode()
        assert not one.answer.body or json.loads(one.answer.body)
