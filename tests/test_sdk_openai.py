"""Do the official clients, unmodified, work against the emulated OpenAI on a real port?

openai 3 runs in this process, openai 2 stands beside the venv and runs in one of its own. Each
meets the emulator on a port of its own and below the prefix `/api.openai.com/v1` of a town.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import openai
import pytest

from diagnostics.contract_load import load
from diagnostics.emulator.app import Emulator
from diagnostics.emulator.faults import load_plan
from diagnostics.emulator.serve import Served, ServedTown
from tests.sdk import openai_calls

ROOT = Path(__file__).parents[1]
ELDER = ROOT / ".venv" / "sdk" / "openai-2"
OPENAI = load("openai")
SPEED = 400.0
SAID = "Wide establishing shot: Split into exactly 3 scenes: a fox finds a lamp in the snow."
SAID_WHOLE = f"{SAID} Pale dawn, drifting mist, a slow dolly forward."
WRONG_KEY = "invented-openai-key-9999"

HEALTHY = {
    "chat": ["gpt-4o-mini", "stop", 3],
    "chat_parsed": 3,
    "chat_cut": ["LengthFinishReasonError"],
    "chat_streamed": [SAID_WHOLE, "stop", True],
    "response": ["completed", SAID_WHOLE, SAID_WHOLE],
    "response_parsed": 3,
    "response_streamed": ["response.created", "response.completed", SAID_WHOLE],
    "background": ["queued", "in_progress", "completed", None, True],
    "limits": ["15000", True, True],
    "deleted": ["NotFoundError", 404, None, False],
    "models": [["gpt-4o-mini", "gpt-4.1-mini"], "gpt-4o-mini"],
    "nowhere": ["NotFoundError", 404, "unknown_url", False],
    "moderation": False,
    "batch": ["validating", ["batch"]],
}
"""What each call gives where nothing is wrong."""

REFUSED: dict[str, tuple[str, Any]] = {
    "openai-bad-key": ("models", ["AuthenticationError", 401, "invalid_api_key", False]),
    "openai-rate-limit": ("chat", ["RateLimitError", 429, "rate_limit_exceeded", True]),
    "openai-insufficient-quota": ("chat", ["RateLimitError", 429, "insufficient_quota", False]),
    "openai-overloaded-503": ("chat", ["InternalServerError", 503, "server_is_overloaded", False]),
    "openai-html-502": ("chat", ["InternalServerError", 502, None, False]),
    "openai-model-not-found": ("model_missing", ["NotFoundError", 404, "model_not_found", False]),
    "openai-max-tokens": ("chat", ["BadRequestError", 400, "unsupported_parameter", False]),
    "openai-content-filter": ("chat_parsed", ["ContentFilterFinishReasonError"]),
    "openai-refusal": ("chat_parsed", "invented: that cannot be written"),
    "openai-quota-in-response": (
        "background",
        ["queued", "in_progress", "failed", "insufficient_quota", False],
    ),
}
"""What a call gives under a fault plan."""

Asked = dict[str, Any]


def elder(asked: list[Asked]) -> list[Any]:
    """The same calls by openai 2, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "tests.sdk.openai_calls"],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ELDER)},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout)
    assert told["version"].startswith("2.")
    results: list[Any] = told["results"]
    return results


def newest(asked: list[Asked]) -> list[Any]:
    """Those of openai 3, here."""
    assert openai.__version__.startswith("3.")
    return [openai_calls.made(**one) for one in asked]


VERSIONS = pytest.mark.parametrize("client", [newest, elder], ids=["openai-3", "openai-2"])


@pytest.fixture(scope="module")
def alone() -> Iterator[Served]:
    with Served(OPENAI, speed=SPEED) as served:
        yield served


@pytest.fixture(scope="module")
def town() -> Iterator[ServedTown]:
    with ServedTown([load("akool"), OPENAI], speed=SPEED) as served:
        yield served


@pytest.fixture(params=["port", "town"])
def place(request: pytest.FixtureRequest, alone: Served, town: ServedTown) -> tuple[str, str]:
    """Base address and key, in both places."""
    if request.param == "port":
        return f"{alone.base_url}/v1", alone.emulator.key
    assert town.url("openai").endswith("/api.openai.com")
    return f"{town.url('openai')}/v1", town.emulators["openai"].key


def test_the_lock_beside_pins_with_hashes_and_only_what_the_other_lacks() -> None:
    beside = (ROOT / "tests" / "sdk" / "openai2.lock").read_text("utf-8")
    pins = re.findall(r"^([\w.-]+==\S+) \\\n +--hash=sha256:", beside, re.MULTILINE)
    assert len(pins) == beside.count("==")
    assert any(pin.startswith("openai==2.") for pin in pins)
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    assert not [pin for pin in pins if f"{pin} " in lock]


# --- what works -------------------------------------------------------------------------------


@VERSIONS
def test_every_call_works_and_a_wrong_key_is_refused(client: Any, place: tuple[str, str]) -> None:
    base_url, key = place
    asked = [{"name": name, "base_url": base_url, "key": key} for name in HEALTHY]
    *told, refused = client([*asked, {**asked[0], "key": WRONG_KEY}])
    assert dict(zip(HEALTHY, told, strict=True)) == HEALTHY
    assert refused == ["AuthenticationError", 401, "invalid_api_key", False]


@VERSIONS
def test_a_background_response_is_cancelled(client: Any) -> None:
    with Served(OPENAI) as served:
        asked = {"name": "cancelled", "base_url": f"{served.base_url}/v1"}
        (told,) = client([{**asked, "key": served.emulator.key}])
    assert told == ["queued", "cancelled", "cancelled"]


# --- what is refused --------------------------------------------------------------------------


@VERSIONS
def test_each_refusal_is_the_exception_that_its_handler_waits_for(client: Any) -> None:
    with ExitStack() as stack:
        asked = []
        for plan, (name, _) in REFUSED.items():
            served = stack.enter_context(Served(OPENAI, speed=SPEED, faults=load_plan(plan)))
            base_url = f"{served.base_url}/v1"
            asked.append({"name": name, "base_url": base_url, "key": served.emulator.key})
        told = client(asked)
    assert dict(zip(REFUSED, told, strict=True)) == {p: want for p, (_, want) in REFUSED.items()}


@VERSIONS
def test_too_many_calls_a_minute_are_a_rate_limit_with_a_time_to_wait(client: Any) -> None:
    with Served(OPENAI, per_minute=1) as served:
        asked = {"base_url": f"{served.base_url}/v1", "key": served.emulator.key}
        told = client([{**asked, "name": "moderation"}, {**asked, "name": "moderation"}])
    assert told == [False, ["RateLimitError", 429, "rate_limit_exceeded", True]]


def calls_seen(emulator: Emulator) -> list[str]:
    return [one.path for one in emulator.seen if one.method == "POST"]


@VERSIONS
def test_the_client_repeats_a_used_up_quota_as_if_it_were_a_rate_limit(client: Any) -> None:
    """Symptom 31: why the program tells the two apart."""
    plan = load_plan("openai-insufficient-quota")
    with Served(OPENAI, faults=plan) as served:
        asked = {"base_url": f"{served.base_url}/v1", "key": served.emulator.key}
        (told,) = client([{**asked, "name": "chat", "retries": 1}])
        assert len(calls_seen(served.emulator)) == 2
    assert told[2] == "insufficient_quota"


@VERSIONS
@pytest.mark.parametrize("plan", ["openai-model-not-found", "openai-max-tokens"])
def test_the_client_repeats_no_mistake_of_the_caller(client: Any, plan: str) -> None:
    with Served(OPENAI, faults=load_plan(plan)) as served:
        asked = {"base_url": f"{served.base_url}/v1", "key": served.emulator.key}
        client([{**asked, "name": "chat", "retries": 2}])
        assert len(calls_seen(served.emulator)) == 1
