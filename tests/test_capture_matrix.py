"""Does each reader claim its own files and no others, and does none of them take long?"""

import json
import sys

import pytest

from diagnostics.capture import Raw, Reader, read_raw, readers
from diagnostics.captures import answer, curl, curl_verbose, log, text
from diagnostics.captures._objects import Work, scan
from diagnostics.errors import UsageError
from tests.test_capture_curl import AKOOL, CHROME_POWERSHELL, CMD, POWERSHELL
from tests.test_capture_curl_verbose import HTTP2
from tests.test_capture_log import ROWS
from tests.test_capture_text import NODE, OPENAI

HAR = json.dumps(
    {
        "log": {
            "version": "1.2",
            "creator": {"name": "x", "version": "1"},
            "entries": [
                {
                    "startedDateTime": "2025-11-20T10:00:00Z",
                    "request": {"method": "GET", "url": "https://openapi.akool.com/a"},
                    "response": {"status": 200, "content": {"text": "{}"}},
                }
            ],
        }
    }
)
FILES = {
    "har": [HAR, json.dumps(json.loads(HAR), indent=2)],
    "log": [
        *(json.dumps(row) for row in ROWS.values()),
        "\n".join(json.dumps(row) for row in ROWS.values()),
        json.dumps(list(ROWS.values()), indent=2),
    ],
    "answer": [
        '{"code": 1015, "msg": "create video error"}',
        '[{"code": 1}]',
        'HTTP/2 429\nretry-after: 1\n\n{"error": {"message": "x"}}',
    ],
    "curl-verbose": [HTTP2, HTTP2.partition("\n")[2]],
    "curl": [AKOOL, CMD, POWERSHELL, CHROME_POWERSHELL],
    "text": [OPENAI, NODE, "AKOOL returned code 1015 to us", f"they wrote:\n{NODE}"],
}


@pytest.mark.parametrize(
    ("kind", "number"), [(kind, n) for kind, files in FILES.items() for n in range(len(files))]
)
@pytest.mark.parametrize("marked", ["plain", "bom", "utf-16", "crlf"])
def test_each_file_is_read_by_the_reader_of_its_format(kind: str, number: int, marked: str) -> None:
    file = FILES[kind][number]
    data = {
        "plain": file.encode(),
        "bom": b"\xef\xbb\xbf" + file.encode(),
        "utf-16": b"\xff\xfe" + file.encode("utf-16-le"),
        "crlf": file.replace("\n", "\r\n").encode(),
    }[marked]
    assert read_raw(Raw(name="file", data=data)).format == kind


def test_the_readers_are_asked_in_the_order_they_were_given() -> None:
    orders = {reader.format: reader.order for reader in readers()}
    assert (orders["log"], orders["answer"], orders["curl-verbose"]) == (50, 60, 70)
    assert (orders["curl"], orders["text"]) == (80, 90)


OURS = [log.READER, answer.READER, curl_verbose.READER, curl.READER, text.READER]
LONG = 60_000
PATTERNS = [
    *("{", '{"', "{'", "{`", '{"a":', "{a:[", "{a:'b'", '{"a":1,', "{(", '\\{"', "{1,2}"),
    *("{`\\`{", "\\'{", '"\\"', "[", "[[{", "curl ", "curl '\n", 'curl "\\"\n', "curl $'\\'\n"),
    *("curl https://a.b <<E\n", "irm @'\n", "irm (a |\n", "irm @{a=", "$a=@'\n", "$a=@{\n"),
    *("http POST a.b ", "A=b ", "> ", "> POST /a HTTP/1.1\n", "* ", "< HTTP/1.1 200\n", "0: "),
    *(
        "* Connection #",
        "GET /",
        "POST https://",
        "HTTP/1.1 429\n",
        "status: ",
        "Error ",
        "curl: (",
    ),
    *(
        "a: b\n",
        "\r",
        "\n",
        "\\\n",
        "^\n",
        "`\n",
        '"a',
        "--:--:-- 0",
        "20",
        "2025-01-01T",
        "@@",
        "/",
    ),
]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_looking_for_objects_takes_a_few_steps_a_character(pattern: str) -> None:
    work = Work()
    whole = pattern * (LONG // len(pattern))
    assert sum(found.end - found.start for found in scan(whole, work)) <= len(whole)
    assert work.steps <= 5 * len(whole)


@pytest.mark.parametrize("reader", OURS, ids=lambda reader: reader.format)
@pytest.mark.parametrize("pattern", PATTERNS)
def test_no_text_keeps_a_reader_busy(pattern: str, reader: Reader) -> None:
    """Four times the text may take about four times the calls, and never sixteen."""
    counts = [_calls(reader, pattern * (size // len(pattern))) for size in (3_000, 12_000)]
    assert counts[1] <= 7 * counts[0] + 20_000


def _calls(reader: Reader, whole: str) -> int:
    seen = 0

    def count(frame: object, event: str, argument: object) -> None:
        nonlocal seen
        seen += 1

    raw = Raw(name="x", data=f"{whole}\n".encode())
    before = sys.getprofile()
    sys.setprofile(count)
    try:
        if reader.recognises(raw):
            reader.read(raw)
    except UsageError:
        seen += 1
    finally:
        sys.setprofile(before)
    return seen
