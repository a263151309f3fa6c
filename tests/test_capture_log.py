"""Which rows of a log are calls, whatever their fields are called? And a bare answer?"""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.capture import Capture, Raw
from diagnostics.captures import answer, log
from diagnostics.errors import UsageError
from diagnostics.model import Fault, FaultKind, Json, Response, Unsent

URL = "https://openapi.akool.com/api/open/v3/content/image2video"
SENT = {"prompt": "a cat"}
CAME = {"code": 1015, "msg": "create video error"}


def told(*rows: Json | str) -> Capture:
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    raw = Raw(name="app.jsonl", data="\n".join(lines).encode())
    assert log.READER.recognises(raw)
    return log.READER.read(raw)


ROWS: dict[str, Json] = {
    "plain": {"time": "2025-11-20T10:00:00Z", "method": "POST", "url": URL, "status": 200,
              "request_body": SENT, "response_body": CAME},
    "strings": {"ts": 1763632800.0, "method": "post", "url": URL, "status_code": 200,
                "requestBody": json.dumps(SENT), "responseBody": json.dumps(CAME)},
    "pino": {"level": 30, "time": 1763632800000, "req": {"method": "POST", "url": URL,
             "headers": {"x-api-key": "invented-akool-key-0001"}, "body": SENT},
             "res": {"statusCode": 200, "headers": {"content-type": "application/json"},
                     "body": CAME}, "responseTime": 1500},
    "axios": {"level": "error", "timestamp": "2025-11-20 10:00:00,000", "err": {
              "message": "Request failed", "stack": "Error\n at x", "config": {
              "method": "post", "baseURL": "https://openapi.akool.com",
              "url": "/api/open/v3/content/image2video", "data": json.dumps(SENT)},
              "response": {"status": 200, "data": CAME}}},
    "ecs": {"@timestamp": "2025-11-20T10:00:00.000Z", "http": {"request": {"method": "POST",
            "body": {"content": json.dumps(SENT)}}, "response": {"status_code": 200,
            "body": {"content": json.dumps(CAME)}}}, "url": {"full": URL}},
    "otel": {"timestamp": "1763632800000000000", "attributes": [
             {"key": "http.request.method", "value": {"stringValue": "POST"}},
             {"key": "url.full", "value": {"stringValue": URL}},
             {"key": "http.response.status_code", "value": {"intValue": 200}},
             {"key": "http.request.body", "value": {"stringValue": json.dumps(SENT)}},
             {"key": "http.response.body", "value": {"stringValue": json.dumps(CAME)}}]},
    "datadog": {"attributes": {"timestamp": "2025-11-20T10:00:00Z", "attributes": {
                "http": {"method": "POST", "url": URL, "status_code": 200},
                "payload": SENT, "response": CAME}}},
    "structlog": {"event": "called", "timestamp": "2025-11-20T10:00:00Z", "method": "POST",
                  "url": URL, "status": 200, "request": SENT, "response": CAME},
}  # fmt: skip


@pytest.mark.parametrize("style", sorted(ROWS))
def test_every_style_of_row_tells_the_same_call(style: str) -> None:
    (one,) = told(ROWS[style]).exchanges
    assert (one.request.method, one.request.url) == ("POST", URL)
    assert json.loads(one.request.body) == SENT
    assert isinstance(one.answer, Response)
    assert one.answer.status == 200
    assert json.loads(one.answer.body) == CAME
    assert one.started_s == 1763632800
    assert one.source == "app.jsonl: line 1"


def test_headers_keys_and_durations_of_a_row_are_kept() -> None:
    capture = told(ROWS["pino"])
    (one,) = capture.exchanges
    assert capture.secrets == (("invented-akool-key-0001", "api-key"),)
    assert one.duration_s == 1.5
    assert isinstance(one.answer, Response)
    assert one.answer.header("content-type") == "application/json"


def test_rows_without_a_call_are_passed_over_and_torn_ones_named() -> None:
    capture = told({"level": 30, "msg": "started"}, ROWS["plain"], '{"level": 30, "ti')
    assert [one.source for one in capture.exchanges] == ["app.jsonl: line 2"]
    assert [one.place for one in capture.broken] == ["app.jsonl: line 3"]


def test_an_access_row_without_bodies_still_gives_the_status() -> None:
    (one,) = told(
        {"level": "info", "http.method": "GET", "http.url": URL, "http.status_code": 404}
    ).exchanges
    assert isinstance(one.answer, Response)
    assert (one.answer.status, one.answer.body) == (404, b"")


def test_request_and_answer_in_rows_of_their_own_are_joined_by_their_label() -> None:
    (one,) = told(
        {
            "level": 1,
            "req_id": "a7",
            "time": 1763632800,
            "method": "POST",
            "url": URL,
            "body": SENT,
        },
        {"level": 1, "req_id": "b8", "msg": "unrelated"},
        {"level": 1, "req_id": "a7", "time": 1763632803, "status": 200, "body": CAME},
    ).exchanges
    assert json.loads(one.request.body) == SENT
    assert isinstance(one.answer, Response)
    assert json.loads(one.answer.body) == CAME
    assert one.duration_s == 3


def test_an_errors_own_words_are_the_failure() -> None:
    (one,) = told(
        {"level": "error", "method": "POST", "url": URL, "error": {
            "code": "ECONNRESET", "errno": -104, "syscall": "read"}}
    ).exchanges  # fmt: skip
    assert isinstance(one.answer, Fault)
    assert one.answer.kind is FaultKind.RESET


def test_a_sentence_in_a_row_is_read_as_text() -> None:
    (one,) = told(
        {"level": "info", "timestamp": "2025-11-20T10:00:00Z", "message":
         f'HTTP Request: POST {URL} "HTTP/1.1 429 Too Many Requests"'}
    ).exchanges  # fmt: skip
    assert isinstance(one.answer, Response)
    assert (one.answer.status, one.started_s) == (429, 1763632800)


def test_a_traceback_between_the_rows_is_read_as_text() -> None:
    first, second = told(
        ROWS["plain"], "Traceback (most recent call last):", "httpx.ReadTimeout: timed out"
    ).exchanges
    assert second.source == "app.jsonl: line 3"
    assert isinstance(second.answer, Fault)
    assert first.request.url == URL


@pytest.mark.parametrize(
    "document",
    [
        [ROWS["plain"], ROWS["pino"]],
        {"data": [ROWS["plain"], ROWS["datadog"]]},
        {"hits": {"hits": [{"_source": ROWS["ecs"]}, {"_source": ROWS["ecs"]}]}},
        {"resourceSpans": [{"scopeSpans": [{"spans": [ROWS["otel"], ROWS["otel"]]}]}]},
    ],
)
def test_one_document_of_rows_is_a_log_as_well(document: Json) -> None:
    raw = Raw(name="rows.json", data=json.dumps(document, indent=1).encode())
    assert log.READER.recognises(raw)
    found = log.READER.read(raw).exchanges
    assert [one.source for one in found] == ["rows.json: row 1", "rows.json: row 2"]
    assert {one.request.url for one in found} == {URL}


def test_of_a_torn_list_the_rows_before_are_read_and_the_tear_is_named() -> None:
    data = json.dumps([ROWS["plain"], ROWS["pino"]]).encode()
    capture = log.READER.read(Raw(name="rows.json", data=data[:-40]))
    assert len(capture.exchanges) == 1
    assert capture.broken[0].place == "rows.json: row 2"


def test_a_call_that_was_never_answered_was_not_recorded() -> None:
    (one,) = told({"level": "info", "method": "POST", "url": URL, "json": SENT}).exchanges
    assert isinstance(one.answer, Unsent)
    assert json.loads(one.request.body) == SENT


# --- bare answers -----------------------------------------------------------------------------


def bare(text: str) -> Capture:
    raw = Raw(name="answer.json", data=text.encode())
    assert answer.READER.recognises(raw)
    assert not log.READER.recognises(raw)
    return answer.READER.read(raw)


@pytest.mark.parametrize(
    "body",
    [
        '{"code": 1015, "msg": "create video error"}',
        '{\n  "error": {"message": "no", "type": "insufficient_quota", "code": null}\n}\n',
        '{"title": "Insufficient credit", "status": 402, "detail": "buy more"}',
        '{"id": "abc", "status": "failed", "error": "no", "created_at": "2025-11-20T10:00:00Z"}',
        '{"data": {"status": "failed", "error": {"code": 40012, "message": "x"}}, "code": 100}',
    ],
)
def test_one_answer_stays_as_it_stood(body: str) -> None:
    (one,) = bare(body).exchanges
    assert (one.request.method, one.request.url) == ("", "")
    assert isinstance(one.answer, Response)
    assert (one.answer.status, one.answer.body) == (0, body.strip().encode())


def test_several_answers_are_several_exchanges() -> None:
    assert [one.source for one in bare('[{"code": 1}, {"code": 2}]').exchanges] == [
        "answer.json: line 1, item 1",
        "answer.json: line 1, item 2",
    ]
    assert [one.source for one in bare('{"code": 1}\n\n{"code": 2}').exchanges] == [
        "answer.json: line 1",
        "answer.json: line 3",
    ]


def test_an_answer_with_its_head_keeps_status_and_headers() -> None:
    (one,) = bare(
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 429 Too Many Requests\r\nRetry-After: 20\r\n\r\n"
        '{"error": {"code": "rate_limit_exceeded"}}\r\n'
    ).exchanges
    assert isinstance(one.answer, Response)
    assert (one.answer.status, one.answer.reason) == (429, "Too Many Requests")
    assert one.answer.header("retry-after") == "20"
    assert json.loads(one.answer.body) == {"error": {"code": "rate_limit_exceeded"}}


JSONS = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 700) | st.text(max_size=5) | st.just(URL),
    lambda held: (
        st.lists(held, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["method", "url", "status", "body", "error", "code", "req", "res",
                 "headers", "time", "attributes", "key", "value", "response", "message", "stack",
                 "level", "data"]
            ),
            held,
            max_size=4,
        )
    ),
    max_leaves=20,
)  # fmt: skip


@given(rows=st.lists(JSONS, max_size=4), whole=st.booleans(), cut=st.integers(0, 400))
def test_no_rows_make_a_reader_raise_another_error(
    rows: list[Json], *, whole: bool, cut: int
) -> None:
    text = json.dumps(rows) if whole else "\n".join(json.dumps(row) for row in rows)
    for data in (text.encode(), text.encode()[:cut]):
        raw = Raw(name="x", data=data)
        for reader in (log.READER, answer.READER):
            if reader.recognises(raw):
                try:
                    assert reader.read(raw).exchanges
                except UsageError as error:
                    assert error.hint  # noqa: PT017  # either it is read, or it is told why not
