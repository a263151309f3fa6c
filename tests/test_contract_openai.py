"""Does the OpenAI contract say what is known of OpenAI, and no more?"""

import json
import re
from typing import Any

import pytest

from diagnostics import answers
from diagnostics.check import check
from diagnostics.contract import Contract
from diagnostics.contract_load import load
from diagnostics.drive.policy import asked_to_wait_s
from diagnostics.model import Blame, Certainty, Exchange, Json, Request, Response, Retry
from diagnostics.promise import StateKind
from tests.test_contracts import EACH

OPENAI = load("openai")
MARKER = "T3Blbk" + "FJ"
RIGHT: dict[str, Json] = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}


def told(status: int, body: Json, **headers: str) -> Response:
    return Response(
        status=status,
        headers=tuple((name.replace("_", "-"), value) for name, value in headers.items()),
        body=json.dumps(body).encode(),
    )


def error(code: str | None, kind: str, message: str = "why") -> Json:
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def wrong(operation: str, body: Json, *, fails: bool = True) -> set[str]:
    """The parameters about which a check says something."""
    found = check(OPENAI, OPENAI.operations[operation], body=body)
    return {said.parameter for said in found if said.fails is fails}


# --- host, keys, roles ------------------------------------------------------------------------


def test_the_key_goes_to_the_api_only() -> None:
    assert OPENAI.hosts == ("api.openai.com",)
    assert OPENAI.probe == "listModels"
    assert "balance" not in OPENAI.roles
    assert "admin key" in OPENAI.support["balance"]


@pytest.mark.parametrize(
    ("prefix", "body", "length"),
    [
        ("sk-", 20, 51),
        ("sk-proj-", 58, 132),
        ("sk-proj-", 74, 164),
        ("sk-svcacct-", 58, 135),
        ("sk-svcacct-", 74, 167),
        ("sk-admin-", 58, 133),
        ("sk-admin-", 74, 165),
    ],
)
def test_a_key_has_a_usual_shape_a_mark_and_a_length(prefix: str, body: int, length: int) -> None:
    (scheme,) = OPENAI.schemes
    key = prefix + "x" * body + MARKER + "y" * body
    assert len(key) == length
    assert length in scheme.length
    assert re.fullmatch(scheme.pattern, key)
    assert re.search(scheme.mark, key)
    assert not re.fullmatch(scheme.pattern, key[:-30])
    assert not re.fullmatch(scheme.pattern, key.replace(MARKER, "x" * 8))


@pytest.mark.parametrize("length", [148, 149, 151])
def test_a_key_may_be_longer_on_one_side(length: int) -> None:
    (scheme,) = OPENAI.schemes
    assert length in scheme.length


# --- errors -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "code", "kind", "blame", "retry"),
    [
        (400, "unsupported_parameter", "invalid_request_error", Blame.PARAMETERS, Retry.AFTER_FIX),
        (
            400,
            "context_length_exceeded",
            "invalid_request_error",
            Blame.PARAMETERS,
            Retry.AFTER_FIX,
        ),
        (401, "invalid_api_key", "invalid_request_error", Blame.CREDENTIALS, Retry.AFTER_FIX),
        (404, "model_not_found", "invalid_request_error", Blame.PARAMETERS, Retry.AFTER_FIX),
        (404, "unknown_url", "invalid_request_error", Blame.ENDPOINT, Retry.AFTER_FIX),
        (429, "rate_limit_exceeded", "requests", Blame.RATE_LIMIT, Retry.BACKOFF),
        (429, "rate_limit_exceeded", "tokens", Blame.RATE_LIMIT, Retry.BACKOFF),
        (429, "slow_down", "rate_limit_error", Blame.RATE_LIMIT, Retry.BACKOFF),
        (429, "insufficient_quota", "insufficient_quota", Blame.QUOTA, Retry.NEVER),
        (429, "credit_balance_exhausted", "insufficient_quota", Blame.QUOTA, Retry.NEVER),
        (429, "organization_spend_limit_exceeded", "insufficient_quota", Blame.QUOTA, Retry.NEVER),
        (429, "project_spend_limit_exceeded", "insufficient_quota", Blame.QUOTA, Retry.NEVER),
        (429, "organization_usage_limit_exceeded", "insufficient_quota", Blame.QUOTA, Retry.NEVER),
        (503, "server_is_overloaded", "service_unavailable_error", Blame.PROVIDER, Retry.BACKOFF),
    ],
)
def test_the_code_decides_and_not_the_type(
    status: int, code: str, kind: str, blame: Blame, retry: Retry
) -> None:
    reading = OPENAI.read(told(status, error(code, kind)), "createChatCompletion")
    assert (reading.ok, reading.code, reading.message) == (False, code, "why")
    known = OPENAI.errors[code]
    assert (known.blame, known.retry, known.http) == (blame, retry, status)


@pytest.mark.parametrize(
    ("status", "kind", "code", "blame"),
    [
        (400, "invalid_request_error", "invalid_request_error", Blame.PARAMETERS),
        (401, "invalid_request_error", "401/invalid_request_error", Blame.CREDENTIALS),
        (403, "invalid_request_error", "403/invalid_request_error", Blame.ACCOUNT),
        (404, "invalid_request_error", "404/invalid_request_error", Blame.PARAMETERS),
        (429, "tokens", "tokens", Blame.RATE_LIMIT),
        (429, "insufficient_quota", "insufficient_quota", Blame.QUOTA),
        (500, "server_error", "server_error", Blame.PROVIDER),
    ],
)
def test_without_a_code_type_and_status_tell(
    status: int, kind: str, code: str, blame: Blame
) -> None:
    reading = OPENAI.read(told(status, error(None, kind)), "createChatCompletion")
    assert (reading.ok, reading.code) == (False, code)
    assert OPENAI.errors[code].blame is blame


def found(operation: str, answer: Response, contract: Contract = OPENAI) -> list[Any]:
    request = Request(method="POST", url=contract.operations[operation].url, operation=operation)
    exchange = Exchange(request=request, answer=answer, started_s=0.0, duration_s=0.1)
    return answers.findings(contract, exchange)


def test_a_404_that_speaks_of_the_url_blames_the_address() -> None:
    said = error(None, "invalid_request_error", "Invalid URL (POST /v1/v1/responses)")
    (finding,) = found("createResponse", told(404, said))
    assert finding.blame is Blame.ENDPOINT


def test_an_html_answer_says_nothing() -> None:
    page = Response(status=502, body=b"<html><body>Bad Gateway</body></html>")
    reading = OPENAI.read(page, "createChatCompletion")
    assert (reading.ok, reading.code) == (False, None)


def test_an_error_object_under_200_is_a_failure_but_not_in_a_response_object() -> None:
    said = error("server_error", "server_error")
    assert not OPENAI.read(told(200, said), "createChatCompletion").ok
    assert OPENAI.read(told(200, {**said, "status": "failed"}), "getResponse").ok


def test_every_code_of_a_failed_response_is_known() -> None:
    named = (
        "server_error rate_limit_exceeded invalid_prompt data_residency_mismatch bio_policy "
        "misalignment_policy_violation vector_store_timeout invalid_image invalid_image_format "
        "invalid_base64_image invalid_image_url image_too_large image_too_small "
        "image_parse_error image_content_policy_violation invalid_image_mode "
        "image_file_too_large unsupported_image_media_type empty_image_file "
        "failed_to_download_image image_file_not_found"
    )
    assert set(named.split()) <= set(OPENAI.errors)
    assert OPENAI.errors["failed_to_download_image"].blame is Blame.MEDIA


def test_what_nobody_has_seen_is_marked_as_inferred() -> None:
    assert OPENAI.errors["401/invalid_request_error"].source.certainty is Certainty.INFERRED
    assert OPENAI.errors["invalid_api_key"].source.certainty is Certainty.OBSERVED
    assert OPENAI.errors["insufficient_quota"].source.certainty is Certainty.DOCUMENTED


# --- a success that is none ---------------------------------------------------------------------


def choice(**changed: Json) -> Json:
    message = {"role": "assistant", "content": "hi", "refusal": changed.pop("refusal", None)}
    return {"choices": [{"index": 0, "message": message, "finish_reason": "stop", **changed}]}


@pytest.mark.parametrize(
    ("changed", "code", "blame"),
    [
        ({"finish_reason": "length"}, "max_output_tokens", Blame.PARAMETERS),
        ({"finish_reason": "content_filter"}, "content_filter", Blame.CONTENT_POLICY),
        ({"refusal": "no"}, "refusal", Blame.CONTENT_POLICY),
    ],
)
def test_cut_filtered_and_refused_answers_are_found(
    changed: dict[str, Json], code: str, blame: Blame
) -> None:
    (finding,) = found("createChatCompletion", told(200, choice(**changed)))
    assert (finding.code, finding.blame) == (code, blame)


@pytest.mark.parametrize("reason", ["stop", "tool_calls", "function_call", None, 7, [], {"a": 1}])
def test_other_endings_are_none_of_it(reason: Json) -> None:
    assert found("createChatCompletion", told(200, choice(finish_reason=reason))) == []


# --- parameters -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "parameter"),
    [
        ({"n": 129}, "n"),
        ({"n": 0}, "n"),
        ({"frequency_penalty": 2.5}, "frequency_penalty"),
        ({"presence_penalty": -3}, "presence_penalty"),
        ({"top_logprobs": 21}, "top_logprobs"),
        ({"reasoning_effort": "much"}, "reasoning_effort"),
        ({"messages": []}, "messages"),
        ({"response_format": {"type": "json"}}, "response_format.type"),
        ({"response_format": {"type": "json_schema"}}, "response_format.json_schema"),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"name": "a b"}}},
            "response_format.json_schema.name",
        ),
    ],
)
def test_ranges_and_names_are_those_of_the_spec(given: dict[str, Json], parameter: str) -> None:
    assert wrong("createChatCompletion", {**RIGHT, **given}) == {parameter}


def test_model_and_messages_are_required() -> None:
    assert wrong("createChatCompletion", {}) == {"model", "messages"}
    assert wrong("createResponse", {}) == set()


def strict(schema: Json) -> Json:
    inner = {"name": "s", "strict": True, "schema": schema}
    return {**RIGHT, "response_format": {"type": "json_schema", "json_schema": inner}}


OBJECT: dict[str, Json] = {
    "type": "object",
    "properties": {"a": {"type": "string"}},
    "required": ["a"],
    "additionalProperties": False,
}


def test_a_strict_schema_is_held_to_its_rules_and_a_loose_one_is_not() -> None:
    place = "response_format.json_schema.schema"
    assert wrong("createChatCompletion", strict(OBJECT)) == set()
    open_one = {**OBJECT, "additionalProperties": True}
    assert wrong("createChatCompletion", strict(open_one)) == {f"{place}.additionalProperties"}
    missing = {name: value for name, value in OBJECT.items() if name != "required"}
    assert wrong("createChatCompletion", strict(missing)) == {f"{place}.required"}
    loose = strict({"type": "array"})
    loose["response_format"]["json_schema"]["strict"] = False
    assert wrong("createChatCompletion", loose) == set()


@pytest.mark.parametrize(
    ("operation", "given", "parameter"),
    [
        ("createChatCompletion", {"max_tokens": 500}, "max_tokens"),
        ("createChatCompletion", {"max_completion_tokens": 20}, "max_completion_tokens"),
        ("createChatCompletion", {"model": "sora-2-pro"}, "model"),
        ("createChatCompletion", {"max_output_tokens": 500}, "max_output_tokens"),
        ("createResponse", {"max_tokens": 500}, "max_tokens"),
        ("createResponse", {"response_format": {"type": "text"}}, "response_format"),
        ("createResponse", {"background": True, "store": False}, "background"),
    ],
)
def test_near_misses_are_warned_of(operation: str, given: dict[str, Json], parameter: str) -> None:
    right = RIGHT if operation == "createChatCompletion" else {"model": "m", "input": "hi"}
    assert wrong(operation, {**right, **given}) == set()
    assert wrong(operation, {**right, **given}, fails=False) == {parameter}


# --- what is retired --------------------------------------------------------------------------


def test_the_ten_calls_of_the_videos_are_announced_as_retired() -> None:
    retired = {op.id: op for op in OPENAI.operations.values() if op.retired}
    assert len(retired) == 10
    assert {op.retired for op in retired.values()} == {"2026-09-24"}
    assert all(op.path.startswith("/v1/videos") for op in retired.values())
    assert all("videos.py" in op.source.page for op in retired.values())


def test_a_retired_call_is_told_before_it_is_sent_and_not_refused() -> None:
    said = check(OPENAI, OPENAI.operations["createVideo"], body={"prompt": "a fox"})
    (only,) = said
    assert (only.kind, only.fails) == ("retired", False)
    assert "2026-09-24" in only.says.en
    assert "2026-09-24" in only.says.ru


@EACH
def test_the_word_of_retirement_is_said_of_retired_calls_only(contract: Contract) -> None:
    for op in contract.operations.values():
        body = next(iter(op.examples.values()), None)
        kinds = {said.kind for said in check(contract, op, body=body)}
        assert ("retired" in kinds) is bool(op.retired), op.id


# --- the job, the limits ------------------------------------------------------------------------


def test_a_background_response_has_six_states() -> None:
    job = OPENAI.operations["createResponse"].job
    assert job is not None
    kinds = {value: state.kind for value, state in job.states.items()}
    assert kinds == {
        "queued": StateKind.PENDING,
        "in_progress": StateKind.RUNNING,
        "completed": StateKind.DONE,
        "failed": StateKind.FAILED,
        "incomplete": StateKind.FAILED,
        "cancelled": StateKind.CLOSED,
    }
    assert (job.read, job.cancel) == ("getResponse", "cancelResponse")


@pytest.mark.parametrize(
    ("status", "headers", "wait_s"),
    [
        (429, {"retry_after": "7"}, 7.0),
        (429, {"retry_after_ms": "250", "retry_after": "7"}, 0.25),
        (429, {"x_ratelimit_remaining_requests": "0", "x_ratelimit_reset_requests": "6m0s"}, 360.0),
        (429, {"x_ratelimit_remaining_tokens": "0", "x_ratelimit_reset_tokens": "4ms"}, 0.004),
        (
            429,
            {
                "x_ratelimit_remaining_requests": "99",
                "x_ratelimit_reset_requests": "4ms",
                "x_ratelimit_remaining_tokens": "0",
                "x_ratelimit_reset_tokens": "1m30s",
            },
            90.0,
        ),
        (429, {"x_ratelimit_remaining_requests": "9", "x_ratelimit_reset_requests": "1s"}, None),
        (503, {"x_ratelimit_remaining_requests": "0", "x_ratelimit_reset_requests": "60s"}, None),
        (503, {"retry_after": "3"}, 3.0),
    ],
)
def test_a_reset_is_a_duration_and_counts_where_nothing_remains(
    status: int, headers: dict[str, str], wait_s: float | None
) -> None:
    answer = told(status, error("rate_limit_exceeded", "requests"), **headers)
    assert asked_to_wait_s(OPENAI, answer, 0.0) == wait_s


def test_prices_are_nobodys_to_know() -> None:
    for name in ("createChatCompletion", "createResponse", "createVideo"):
        assert OPENAI.operations[name].spends
        assert OPENAI.operations[name].price.of({}) is None
