"""Does the code that the README shows do what it says?"""

import base64
import hashlib
import hmac
import re
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from diagnostics import contract_load
from diagnostics.emulator.faults import load_plan
from diagnostics.emulator.serve import Served
from diagnostics.prepare import plan
from tests.readme_help import README
from tests.test_client import emulated

_BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)


def shown(name: str, **names: object) -> Callable[..., Any]:
    """A function of the README, with the names that stand for the reader's own."""
    held: dict[str, Any] = dict(names)
    for block in _BLOCK.findall(README.read_text("utf-8")):
        exec(block, held)  # the point: our own README
    held["time"] = SimpleNamespace(sleep=lambda _seconds: None)
    held["wait_for"] = partial(held["wait_for"], sleep=lambda _seconds: None)
    found: Callable[..., Any] = held[name]
    return found


def play(
    name: str, fault: str | None = None, **names: object
) -> tuple[Callable[..., Any], Served, dict[str, Any], httpx.Client]:
    akool = contract_load.load("akool")
    served = Served(akool, faults=load_plan(fault) if fault else None, speed=1000.0)
    operation = akool.operations["createTalkingPhoto"]
    url = served.base_url + operation.path
    body = plan(operation, emulated(served.emulator), None).body
    http = httpx.Client(
        headers={"x-api-key": served.emulator.key},
        event_hooks={"request": [lambda request: here(request, served.base_url)]},
    )
    return shown(name, CREATE_URL=url, **names), served, body, http


def here(request: httpx.Request, base: str) -> None:
    """The provider's own address stands for the emulator's."""
    own = httpx.URL(base)
    request.url = request.url.copy_with(scheme=own.scheme, host=own.host, port=own.port)


def test_every_block_of_python_runs() -> None:
    assert len(_BLOCK.findall(README.read_text("utf-8"))) >= 5
    assert callable(shown("on_callback"))


def test_the_create_of_the_readme_gets_its_job_and_gives_up_with_a_reason() -> None:
    create, served, body, http = play("create")
    with served, http:
        job_id = create(http, body)
        finish = shown("finish")
        assert finish(http, job_id).startswith(served.emulator.media_base)
        with pytest.raises(RuntimeError, match=r"^0{24} (not_found|api_error)"):
            finish(http, "0" * 24)
    create, served, body, http = play("create", "quota-exhausted")
    with served, http, pytest.raises(RuntimeError, match=r"^quota: .*1006"):
        create(http, body)


def test_the_start_of_the_readme_buys_one_token() -> None:
    bought: list[dict[str, str]] = []

    def buy_token() -> dict[str, str]:
        account = {
            "clientId": served.emulator.client_id,
            "clientSecret": served.emulator.client_secret,
        }
        asked = httpx.post(f"{served.base_url}/api/open/v3/getToken", json=account)
        bought.append(asked.json())
        return bought[-1]

    start, served, body, http = play("start", buy_token=buy_token)
    http.headers.pop("x-api-key")
    with served, http:
        answered = start(http, body)
    assert answered.json()["code"] == 1000
    assert len(bought) == 1


def test_the_callback_of_the_readme_is_verified() -> None:
    key = b"invented-webhook-secret-0001"
    secret = "whsec_" + base64.b64encode(key).decode()
    body = b'{"id":"job-1","status":"succeeded"}'
    signed = f"msg-1.{int(time.time())}.".encode()
    digest = hmac.new(key, signed + body, hashlib.sha256).digest()
    headers = {
        "webhook-id": "msg-1",
        "webhook-timestamp": signed.split(b".")[1].decode(),
        "webhook-signature": "v1," + base64.b64encode(digest).decode(),
    }
    on_callback = shown("on_callback")
    assert on_callback(headers, body, secret) == (200, "job-1 is succeeded")
    status, why = on_callback(headers, body + b" ", secret)
    assert status == 401
    assert why


def test_what_a_client_did_is_recorded_and_played_without_it(tmp_path: Path) -> None:
    _, served, body, http = play("create")
    with http, served:
        base = str(served.base_url)

        def calls(client: httpx.Client) -> tuple[int, bytes]:
            answer = client.post(
                f"{base}/api/open/v3/content/video/createbytalkingphoto",
                json=body,
                headers={"x-api-key": served.emulator.key},
            )
            return answer.status_code, answer.content

        kept = shown("record")(tmp_path / "run", calls)
    assert kept[0] == 200
    assert shown("replay")(tmp_path / "run", calls) == kept
    assert served.emulator.key.encode() not in (tmp_path / "run" / "tape.jsonl").read_bytes()
