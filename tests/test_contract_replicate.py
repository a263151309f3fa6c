"""Does the Replicate contract say what is known of Replicate, and no more?"""

import json
import re

import pytest

from diagnostics.check import check
from diagnostics.contract import first
from diagnostics.contract_load import load
from diagnostics.drive.policy import asked_to_wait_s
from diagnostics.following.answer import poll_of
from diagnostics.model import Blame, Certainty, Exchange, Json, Response, Retry
from diagnostics.promise import StateKind

REPLICATE = load("replicate")
KLING = {"model_owner": "kwaivgi", "model_name": "kling-v2.5-turbo-pro"}
OTHER = {"model_owner": "black-forest-labs", "model_name": "flux-schnell"}
(JOB,) = [op.job for op in REPLICATE.operations.values() if op.job and "Kling" in op.id]


def problem(status: int, **said: Json) -> Response:
    """A problem document, as recorded answers have it."""
    body = json.dumps({**said, "status": status}).encode()
    return Response(
        status=status, headers=(("content-type", "application/problem+json"),), body=body
    )


# --- the calls --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "operation"),
    [
        ("POST /v1/predictions", "createPrediction"),
        ("POST /v1/models/acme/clips/predictions", "createModelPrediction"),
        ("POST /v1/models/kwaivgi/kling-v2.5-turbo-pro/predictions", "createKlingPrediction"),
        ("POST /v1/deployments/acme/app/predictions", "createDeploymentPrediction"),
        ("GET /v1/predictions/gm3qorzdhgbfurvjtvhg6dckhu", "getPrediction"),
        ("POST /v1/predictions/gm3qorzdhgbfurvjtvhg6dckhu/cancel", "cancelPrediction"),
        ("GET /v1/predictions", "listPredictions"),
        ("GET /v1/models/acme/clips", "getModel"),
        ("GET /v1/search", "searchModels"),
        ("POST /v1/files", "createFile"),
        ("DELETE /v1/files/abc", "deleteFile"),
        ("GET /v1/account", "getAccount"),
        ("GET /v1/hardware", "listHardware"),
        ("GET /v1/webhooks/default/secret", "getWebhookSecret"),
    ],
)
def test_each_call_stands_at_its_address(call: str, operation: str) -> None:
    method, _, path = call.partition(" ")
    found = REPLICATE.match(method, f"https://api.replicate.com{path}")
    assert found is not None
    assert found.id == operation


def test_a_key_is_tried_by_the_account_because_no_call_tells_a_balance() -> None:
    assert REPLICATE.probe == "getAccount"
    assert "balance" not in REPLICATE.roles
    assert "billing" in REPLICATE.support["balance"]


def test_the_token_goes_to_the_api_only() -> None:
    assert REPLICATE.hosts == ("api.replicate.com",)


def test_a_token_has_a_usual_shape() -> None:
    (scheme,) = REPLICATE.schemes
    usual = "r8_" + "x" * 37
    assert re.fullmatch(scheme.pattern, usual)
    assert len(usual) in scheme.length
    assert re.match(scheme.mark, usual[:20])
    assert not re.fullmatch(scheme.pattern, usual[:20])


def test_prices_are_nobodys_to_know() -> None:
    creates = [op for op in REPLICATE.operations.values() if op.job]
    assert len(creates) == 4
    for op in creates:
        assert op.spends
        assert op.price.of({"input": {}}) is None


# --- errors -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "blame", "retry"),
    [
        (401, Blame.CREDENTIALS, Retry.AFTER_FIX),
        (402, Blame.QUOTA, Retry.AFTER_FIX),
        (404, Blame.PARAMETERS, Retry.AFTER_FIX),
        (413, Blame.MEDIA, Retry.AFTER_FIX),
        (422, Blame.PARAMETERS, Retry.AFTER_FIX),
        (429, Blame.RATE_LIMIT, Retry.AFTER_RESET),
        (500, Blame.PROVIDER, Retry.BACKOFF),
        (503, Blame.PROVIDER, Retry.BACKOFF),
    ],
)
def test_a_problem_document_is_read_by_its_status(status: int, blame: Blame, retry: Retry) -> None:
    reading = REPLICATE.read(problem(status, title="T", detail="why"), "createPrediction")
    assert (reading.ok, reading.code, reading.message) == (False, str(status), "why")
    known = REPLICATE.errors[str(status)]
    assert (known.blame, known.retry) == (blame, retry)


def test_a_problem_without_detail_says_its_title() -> None:
    reading = REPLICATE.read(problem(401, title="Unauthenticated"), "getAccount")
    assert (reading.code, reading.message) == ("401", "Unauthenticated")


def test_a_failed_prediction_is_an_answer_that_went_well() -> None:
    body = {"id": "x", "status": "failed", "error": "it broke (E1001)"}
    told = Response(status=200, body=json.dumps(body).encode())
    assert REPLICATE.read(told, "getPrediction").ok


def test_an_html_502_says_nothing() -> None:
    told = Response(status=502, body=b"<html><body>Bad Gateway</body></html>")
    reading = REPLICATE.read(told, "getPrediction")
    assert (reading.ok, reading.code) == (False, None)


@pytest.mark.parametrize(
    ("text", "code", "blame"),
    [
        ("Prediction failed (code: E1001)", "E1001", Blame.PARAMETERS),
        ("E6716: timeout starting prediction", "E6716", Blame.PROVIDER),
        ("health check failed: E8765", "E8765", Blame.PROVIDER),
        ("Service is busy. (E003)", "E003", Blame.PROVIDER),
        ("Unavailable (E004)", "E004", Blame.PROVIDER),
        ("flagged as sensitive (E005)", "E005", Blame.CONTENT_POLICY),
        ("invalid input (E006)\n", "E006", Blame.PARAMETERS),
        ("E10010 is no code, nor is E005 without brackets", None, None),
    ],
)
def test_codes_are_found_in_the_text_of_a_failed_prediction(
    text: str, code: str | None, blame: Blame | None
) -> None:
    quoting = (error for error in REPLICATE.errors.values() if error.pattern)
    found = [error for error in quoting if re.search(error.pattern, text)]
    assert [(error.code, error.blame) for error in found] == ([(code, blame)] if code else [])


def test_what_is_only_remembered_says_so() -> None:
    for code in ("E8367", "E8765", "E9243", "E9825", "E003", "E006", "400"):
        assert REPLICATE.errors[code].source.certainty is Certainty.INFERRED
    assert REPLICATE.errors["E1001"].source.certainty is Certainty.DOCUMENTED
    assert REPLICATE.errors["402"].source.certainty is Certainty.OBSERVED


def test_422_has_two_meanings_and_may_be_a_missing_token() -> None:
    known = REPLICATE.errors["422"]
    assert len(known.meanings) == 2
    assert Blame.CREDENTIALS in known.alternatives


def test_404_to_a_poll_ends_the_job() -> None:
    assert REPLICATE.errors["404"].state == "not_found"


# --- limits -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("detail", "wait_s"),
    [
        ("Request was throttled. Your rate limit resets in ~30s.", 30.0),
        ("throttled; resets in 4 s", 4.0),
        ("throttled, nobody knows until when", None),
    ],
)
def test_the_text_of_a_429_tells_when_to_come_back(detail: str, wait_s: float | None) -> None:
    assert asked_to_wait_s(REPLICATE, problem(429, detail=detail), 0.0) == wait_s


def test_a_retry_after_is_honoured_though_none_is_documented() -> None:
    told = Response(status=429, headers=(("Retry-After", "3"),), body=b'{"detail": "throttled"}')
    assert asked_to_wait_s(REPLICATE, told, 0.0) == 3.0


def test_the_limits_are_those_of_the_documentation() -> None:
    limits = REPLICATE.limits
    assert (limits["rate"]["per_minute"], limits["rate"]["reads_per_minute"]) == (600, 3000)
    assert (limits["without_card"]["per_minute"], limits["without_card"]["per_s"]) == (6, 1)
    assert limits["concurrent"]["known"] is False


# --- predictions ------------------------------------------------------------------------------


def test_six_states_are_known_and_four_of_them_final() -> None:
    final = [value for value, state in JOB.states.items() if state.final]
    assert list(JOB.states) == [
        "starting", "processing", "succeeded", "failed", "canceled", "aborted",
    ]  # fmt: skip
    assert final == ["succeeded", "failed", "canceled", "aborted"]
    assert JOB.states["aborted"].kind is StateKind.CLOSED


@pytest.mark.parametrize(
    ("output", "found"),
    [
        ("https://replicate.delivery/a.mp4", "https://replicate.delivery/a.mp4"),
        (["https://replicate.delivery/a.png", "b"], "https://replicate.delivery/a.png"),
        (None, None),
        ([], None),
    ],
)
def test_an_output_is_an_address_or_a_list_of_them(output: Json, found: str | None) -> None:
    assert first({"output": output}, JOB.output) == found


def test_outputs_live_an_hour_and_a_run_half_of_one() -> None:
    assert JOB.lifetime_days is not None
    assert JOB.lifetime_days * 24 == pytest.approx(1)
    assert JOB.removed == {"output": None, "data_removed": True, "input": {}, "logs": ""}
    assert JOB.most_s == 1800


@pytest.mark.parametrize(
    ("prefer", "seconds"), [("wait", None), ("wait=5", "5"), ("respond-async", "none")]
)
def test_a_create_may_wait(prefer: str, seconds: str | None) -> None:
    assert JOB.wait is not None
    found = re.search(JOB.wait.pattern, prefer)
    assert (found[1] if found else "none") == seconds
    assert JOB.wait.max_s == 60


def test_a_deadline_aborts_what_has_not_begun_and_cancels_what_runs() -> None:
    told = JOB.deadline
    assert told is not None
    assert (told.header, told.least_s) == ("Cancel-After", 5)
    assert (told.before, told.running) == ("aborted", "canceled")


# --- the input of one model ---------------------------------------------------------------------


def wrong(body: Json, **places: str) -> dict[str, bool]:
    """What `validate` says of a create by model, by parameter: whether it fails."""
    op = REPLICATE.operations["createModelPrediction"]
    return {v.parameter: v.fails for v in check(REPLICATE, op, body=body, path=places)}


@pytest.mark.parametrize(
    ("given", "parameter"),
    [
        ({"seed": 4}, "input.seed"),
        ({"cfg_scale": 0.5}, "input.cfg_scale"),
        ({"duration": 3}, "input.duration"),
        ({"duration": "5"}, "input.duration"),
        ({"aspect_ratio": "4:3"}, "input.aspect_ratio"),
        ({"prompt": ""}, "input.prompt"),
        ({"start_image": "C:\\fox.png"}, "input.start_image"),
    ],
)
def test_what_kling_refuses_is_named(given: dict[str, Json], parameter: str) -> None:
    body = {"input": {"prompt": "a fox", **given}}
    assert wrong(body, **KLING).get(parameter) is True
    assert wrong(body, **OTHER) == {}


@pytest.mark.parametrize(
    ("given", "parameter"),
    [
        ({"image": "https://replicate.delivery/a.png"}, "input.image"),
        (
            {"start_image": "https://replicate.delivery/a.png", "aspect_ratio": "9:16"},
            "input.aspect_ratio",
        ),
    ],
)
def test_what_kling_takes_but_should_not_get_is_a_warning(
    given: dict[str, Json], parameter: str
) -> None:
    assert wrong({"input": {"prompt": "a fox", **given}}, **KLING) == {parameter: False}


def test_a_small_picture_may_stand_in_the_call_itself() -> None:
    small = {"prompt": "a fox", "start_image": "data:image/png;base64," + "A" * 1000}
    assert wrong({"input": small}, **KLING) == {}
    large = {**small, "start_image": "data:image/png;base64," + "A" * 400_000}
    assert "input.start_image" in wrong({"input": large}, **KLING)


def test_what_stands_beside_the_input_is_seen() -> None:
    said = wrong({"input": {"prompt": "a fox"}, "seed": 4}, **OTHER)
    assert said == {"seed": False}


@pytest.mark.parametrize(
    ("version", "right"),
    [
        ("a" * 64, True),
        ("kwaivgi/kling-v2.5-turbo-pro", True),
        ("acme/clips:" + "0" * 64, True),
        ("a" * 63, False),
        ("latest", False),
        ("acme/clips:v2", False),
    ],
)
def test_a_version_is_an_id_or_a_name(version: str, *, right: bool) -> None:
    op = REPLICATE.operations["createPrediction"]
    said = check(REPLICATE, op, body={"version": version, "input": {}})
    assert ([v.parameter for v in said if v.fails] == []) is right


def test_a_wrong_parameter_is_foretold_as_422() -> None:
    op = REPLICATE.operations["createKlingPrediction"]
    said = check(REPLICATE, op, body={"input": {"prompt": "x", "duration": 7}})
    assert [v.code for v in said if v.fails] == ["422"]


# --- a result that is gone --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "removed"),
    [
        ({"output": None, "data_removed": True}, True),
        ({"output": None, "data_removed": False}, False),
        ({"output": None}, False),
        ({"output": None, "data_removed": "yes"}, False),
    ],
)
def test_a_prediction_whose_data_was_removed_is_not_read_again(
    said: dict[str, Json], *, removed: bool
) -> None:
    body = {"id": "gm3qorzdhgbfurvjtvhg6dckhu", "status": "succeeded", **said}
    answer = Response(status=200, body=json.dumps(body).encode())
    read = REPLICATE.request("getPrediction", path={"prediction_id": body["id"]})
    poll = poll_of(REPLICATE, JOB, Exchange(request=read, answer=answer, started_s=0.0))
    assert poll is not None
    assert (poll.done, poll.removed, poll.settled) == (True, removed, removed)
