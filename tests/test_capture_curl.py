"""Is a command read as the tool itself would read it, and its output as its answer?"""

import json
import shutil
import subprocess
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.capture import Capture, Raw
from diagnostics.captures.curl import READER
from diagnostics.errors import UsageError
from diagnostics.model import (
    Case,
    Exchange,
    Request,
    Response,
    Target,
    TargetKind,
    Unsent,
    UnsentReason,
)
from reports.reproduce import curl
from tests import sample_report as sample

CONTRACT = sample.contract()
CASE = Case(
    run_id="20261121T100000Z-0001",
    target=Target(kind=TargetKind.LIVE, provider="akool", base_url="https://openapi.akool.com"),
)
KEY = "invented-akool-key-0001"


def told(text: str) -> Capture:
    return READER.read(Raw(name="call.sh", data=text.encode("utf-8", "surrogateescape")))


def only(text: str) -> Exchange:
    (one,) = told(text).exchanges
    return one


AKOOL = f"""\
export AKOOL_API_KEY={KEY}
$ curl -X POST 'https://openapi.akool.com/api/open/v3/content/image2video' \\
  -H "x-api-key: $AKOOL_API_KEY" -H 'Content-Type: application/json' \\
  -d '{{"image_url":"https://a.test/b.jpg","prompt":"it'\\''s"}}'
{{"code":1015,"msg":"create video error"}}
"""


def test_a_command_with_its_output_is_a_whole_exchange() -> None:
    capture = told(AKOOL)
    (one,) = capture.exchanges
    assert one.source == "call.sh: line 2"
    assert one.request.method == "POST"
    assert json.loads(one.request.body)["prompt"] == "it's"
    assert dict(one.request.headers)["x-api-key"] == KEY
    assert (KEY, "api-key") in capture.secrets
    assert isinstance(one.answer, Response)
    assert json.loads(one.answer.body)["code"] == 1015


def test_a_command_alone_was_never_answered() -> None:
    one = only("curl https://api.heygen.com/v2/avatars")
    assert isinstance(one.answer, Unsent)
    assert one.answer.reason is UnsentReason.NOT_RECORDED
    assert one.request.method == "GET"


def test_the_head_that_curl_prints_belongs_to_the_answer() -> None:
    first, second = told(
        "$ curl -sSi https://api.heygen.com/v1/x?id=1\nHTTP/2 404\ncontent-type: application/json\n"
        '\n{"code":400569,"message":"no"}\n$ curl -G --data-urlencode "q=a b" https://x.test/y\n'
    ).exchanges
    assert isinstance(first.answer, Response)
    assert (first.answer.status, first.answer.header("Content-Type")) == (404, "application/json")
    assert second.request.url == "https://x.test/y?q=a%20b"
    assert isinstance(second.answer, Unsent)


@pytest.mark.parametrize(
    ("words", "method", "body"),
    [
        ("-d a=1 -d b=2", "POST", b"a=1&b=2"),
        ("-da=1", "POST", b"a=1"),
        ('--data-binary $\'{\\n"a": "it\\\'s"}\'', "POST", b'{\n"a": "it\'s"}'),
        ("--json '{\"a\":1}'", "POST", b'{"a":1}'),
        ("-sSXPATCH --data-raw=@x", "PATCH", b"@x"),
        ("-I", "HEAD", b""),
        ('-d "{\\"a\\": \\"\\$b\\"}"', "POST", b'{"a": "$b"}'),
        ("-d @- <<'END'\n{\"a\":\n1}\nEND", "POST", b'{"a":1}'),
        ("-o out.mp4 -m 30 -H 'Accept: x' > log.txt 2>&1", "GET", b""),
        ("--data-urlencode 'prompt=a & b'", "POST", b"prompt=a%20%26%20b"),
    ],
)
def test_options_mean_what_curl_means_by_them(words: str, method: str, body: bytes) -> None:
    one = only(f"curl https://x.test/a {words}")
    assert (one.request.method, one.request.body) == (method, body)
    assert one.request.url == "https://x.test/a"


def test_what_stood_in_a_file_is_not_known_and_that_is_said() -> None:
    one = only("curl https://api.openai.com/v1/videos --json @body.json")
    assert isinstance(one.answer, Unsent)
    assert "body.json" in one.answer.message
    assert (one.request.method, one.request.body) == ("POST", b"")


def test_a_form_keeps_its_fields_and_the_names_of_its_files() -> None:
    one = only('curl https://api.openai.com/v1/videos -F prompt="a cat" -F ref=@dir/ref.png')
    assert b'name="prompt"\r\n\r\na cat\r\n' in one.request.body
    assert b'filename="ref.png"' in one.request.body
    assert dict(one.request.headers)["Content-Type"].startswith("multipart/form-data; boundary=")


def test_keys_are_told_however_they_were_given() -> None:
    secrets = dict(
        told(
            "curl -u me:invented-password-1 -x http://u:invented-password-2@proxy.test:3128 "
            "--oauth2-bearer invented-token-1 https://x.test/a\ncurl 'https://x.test/b' -H "
            "'Authorization: Token invented-token-2' -H 'x-api-key: $NOT_SET'\n"
        ).secrets
    )
    assert {"invented-password-1", "invented-password-2"} <= set(secrets)
    assert {"invented-token-1", "invented-token-2"} <= set(secrets)
    assert "$NOT_SET" not in secrets


CMD = """\
C:\\> curl ^"https://openapi.akool.com/api/x?a=1^&b=2^" ^
  -H ^"x-api-key: invented-akool-key-0001^" ^
  --data-raw ^"^{^\\^"code^\\^":^\\^"a^\\^"^}^"
"""
POWERSHELL = """\
$headers = @{ "x-api-key" = "invented-akool-key-0001"; "Accept"="application/json" }
$body = @{ prompt = "a cat"; n = 2; list = @("a","b") } | ConvertTo-Json
Invoke-RestMethod -Uri "https://api.heygen.com/v2/video/generate" -Method Post -Headers $headers `
  -ContentType "application/json" -Body $body
"""
CHROME_POWERSHELL = """\
Invoke-WebRequest -UseBasicParsing -Uri "https://api.heygen.com/v2/x" `
-Method "POST" `
-Headers @{
"authority"="api.heygen.com"
  "x-api-key"="invented-akool-key-0001"
} `
-ContentType "application/json" `
-Body "{`"a`":1}"
"""


def test_windows_carets_are_taken_off() -> None:
    one = only(CMD)
    assert one.request.url == "https://openapi.akool.com/api/x?a=1&b=2"
    assert one.request.body == b'{"code":"a"}'
    assert dict(one.request.headers)["x-api-key"] == KEY


def test_quotes_escaped_for_windows_programs_are_quotes() -> None:
    one = only("PS C:\\x> curl.exe -X POST https://x.test/a `\n  -d '{\\\"a\\\":1}'\n")
    assert one.request.body == b'{"a":1}'


def test_powershell_with_its_variables_and_tables_is_read() -> None:
    one = only(POWERSHELL)
    assert (one.request.method, one.source) == ("POST", "call.sh: line 3")
    assert json.loads(one.request.body) == {"prompt": "a cat", "n": 2, "list": ["a", "b"]}
    assert dict(one.request.headers)["x-api-key"] == KEY


def test_what_chrome_copies_as_powershell_is_read() -> None:
    one = only(CHROME_POWERSHELL)
    assert (one.request.method, one.request.body) == ("POST", b'{"a":1}')
    assert dict(one.request.headers)["x-api-key"] == KEY


def test_httpie_is_read() -> None:
    one = only(
        "http POST https://api.openai.com/v1/videos Authorization:'Bearer invented-key-0005' "
        "model=sora-2 seconds:=4 limit==1"
    )
    assert one.request.url == "https://api.openai.com/v1/videos?limit=1"
    assert json.loads(one.request.body) == {"model": "sora-2", "seconds": 4}
    assert dict(one.request.headers)["Content-Type"] == "application/json"


def test_a_command_without_an_address_is_named_and_not_fatal() -> None:
    capture = told("curl -X POST\ncurl https://x.test/a\n")
    assert len(capture.exchanges) == 1
    assert capture.broken[0].place == "call.sh: line 1"


def test_no_address_at_all_is_an_error_with_a_remedy() -> None:
    with pytest.raises(UsageError) as caught:
        told("curl -X POST")
    assert caught.value.hint


BODIES = st.one_of(
    st.sampled_from(
        [b"", b"'", b"@x", b"-d x", b'{"a": "it\'s $HOME `id` \\\\ !!"}', b'{"a":\n1}']
    ),
    st.dictionaries(st.text(max_size=9), st.text(max_size=30), max_size=3).map(
        lambda value: json.dumps(value, ensure_ascii=False).encode("utf-8", "backslashreplace")
    ),
)


@given(BODIES)
def test_what_a_report_writes_is_read_back(body: bytes) -> None:
    request = replace(
        Request(method="POST", url="https://openapi.akool.com/a/b?x[]=1&y=2"),
        body=body,
        headers=(("Content-Type", "application/json"), ("X-Mark", "it's")),
    )
    written = curl(request, CONTRACT, CASE)
    one = only(written)
    assert (one.request.method, one.request.url) == (request.method, request.url)
    assert one.request.body == body
    assert set(request.headers) <= set(one.request.headers)


@pytest.mark.skipif(not shutil.which("bash"), reason="it needs a shell: apt-get install bash")
@given(st.text(alphabet="ab '\"\\$`\n#;&|!^{}", max_size=25))
def test_a_shell_splits_words_the_same_way(text: str) -> None:
    quoted = "'" + text.replace("'", "'\\''") + "'"
    one = only(f"curl https://x.test/ --data-raw {quoted} -H 'A: b'")
    script = f"printf %s {quoted}"
    said = subprocess.run(["bash", "-c", script], capture_output=True, check=True, timeout=20)
    assert one.request.body == said.stdout


PIECES = [
    "curl ",
    "https://x.test/",
    " -d ",
    "'",
    '"',
    "\\\n",
    "$'",
    "\\",
    "<<E\n",
    "\nE\n",
    "^\n",
    "`\n",
]


@given(
    st.lists(
        st.sampled_from([*PIECES, "irm ", "@{", "@'", "http POST ", "(", "|", "$a=", "\ncurl "])
    )
)
def test_no_command_makes_the_reader_raise_anything_else(pieces: list[str]) -> None:
    raw = Raw(name="x", data="".join(pieces).encode())
    if READER.recognises(raw):
        assert READER.read(raw).exchanges


@given(st.integers(0, len(AKOOL + CMD + POWERSHELL)))
def test_commands_cut_anywhere_are_read(cut: int) -> None:
    raw = Raw(name="x", data=(AKOOL + CMD + POWERSHELL)[:cut].encode())
    assert not READER.recognises(raw) or READER.read(raw).exchanges
