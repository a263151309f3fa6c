"""Do `webhook verify` and `webhook listen` say what they found, over files and real sockets?"""

import asyncio
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from diagnostics.cli import main as command
from diagnostics.cli.screen import Screen
from diagnostics.contract_load import load
from diagnostics.emulator.serve import Served
from diagnostics.errors import Exit, UsageError
from diagnostics.webhooks.delivery import Delivery
from diagnostics.webhooks.receive import RECEIVED_BYTES_MAX, Receiver
from tests.emulating import CREATE
from tests.webhook_cases import AKOOL, NOW_S, SECRETS, sealed

ROOT = Path(__file__).parent.parent
OWN = dict(zip(AKOOL.variables, SECRETS["akool"], strict=True))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, with AKOOL's invented secrets in its `.env`."""
    monkeypatch.chdir(tmp_path)
    for name in OWN:
        monkeypatch.delenv(name, raising=False)
    (tmp_path / ".env").write_text("".join(f"{name}={value}\n" for name, value in OWN.items()))
    return tmp_path


def saved(folder: Path, name: str = "a.http", **given: Any) -> str:
    path = folder / name
    path.write_bytes(b"POST /hook HTTP/1.1\r\nHost: x\r\n\r\n" + sealed(AKOOL, **given).body)
    return str(path)


def asked(*argv: str) -> tuple[Exit, str, str]:
    """Code, stdout and stderr of the command."""
    streams = io.StringIO(), io.StringIO()
    module, options = command.parse(["webhook", *argv])
    screen = Screen(language=options.lang, as_json=options.json, streams=streams)
    return module.main(options, screen), streams[0].getvalue(), streams[1].getvalue()


# --- verify -----------------------------------------------------------------------------------


def test_a_true_callback_passes_and_its_job_is_told(folder: Path) -> None:
    code, out, _ = asked("verify", "akool", saved(folder), "--lang", "en")
    assert code is Exit.OK
    assert out.startswith("pass: ")
    assert "job job-1, state 3" in out
    assert not any(value in out for value in OWN.values())


def test_a_forged_one_fails_with_blame_and_remedy_in_either_language(folder: Path) -> None:
    file = saved(folder, honest=False)
    for language, failed, blamed, remedy in (
        ("en", "fail: ", "delivery of the result", "Do not act"),
        ("ru", "ошибка: ", "доставка результата", "Не дове"),
    ):
        code, out, _ = asked("verify", "akool", file, "--lang", language)
        assert code is Exit.FINDINGS
        assert out.startswith(failed)
        assert blamed in out
        assert remedy in out


def test_without_secrets_it_is_inconclusive(folder: Path) -> None:
    (folder / ".env").unlink()
    code, out, _ = asked("verify", "akool", saved(folder))
    assert code is Exit.INCONCLUSIVE
    assert "AKOOL_CLIENT_ID" in out


def test_the_provider_is_found_where_none_is_named(folder: Path) -> None:
    code, out, _ = asked("verify", saved(folder), "--json")
    told = json.loads(out)
    assert code is Exit.OK
    assert told["schema"] == "diagnostics.webhook/1"
    assert (told["verdict"], told["blame"]) == ("pass", "none")
    (one,) = told["callbacks"]
    assert (one["provider"], one["job"], one["verified"]) == ("akool", "job-1", True)


def test_the_second_file_with_the_same_callback_is_a_double(folder: Path) -> None:
    files = [saved(folder, name) for name in ("a.http", "b.http")]
    code, out, _ = asked("verify", "--json", "akool", *files)
    told = json.loads(out)
    assert code is Exit.OK
    assert told["verdict"] == "warn"
    doubled = [f for f in told["findings"] if f["rule"] == "webhook-doubled"]
    assert [f["subject"] for f in doubled] == [files[1]]
    assert "a.http" in doubled[0]["message"]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ((), Exit.OK),
        (("--tolerance", "60"), Exit.OK),
        (("--tolerance", "60", "--received", "now"), Exit.FINDINGS),
        (("--tolerance", "60", "--received", "2026-11-18T11:06:50Z"), Exit.OK),
        (("--tolerance", "60", "--received", "2026-11-18T11:06:50"), Exit.OK),
        (("--tolerance", "60", "--received", "1795000100"), Exit.FINDINGS),
    ],
)
def test_age_is_measured_by_the_moment_that_is_given(
    folder: Path, given: tuple[str, ...], code: Exit
) -> None:
    assert asked("verify", "akool", saved(folder, at_s=1_795_000_000.0), *given)[0] is code


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (("verify",), "name a file"),
        (("verify", "akool"), "name a file"),
        (("verify", "acool", "x.http"), "no provider 'acool'"),
        (("listen", "acool"), "no provider 'acool'"),
        (("listen", "akool", "x.http"), "listen takes no file"),
        (("hear", "akool"), "hear"),
        (("verify", "akool", "x", "--tolerance", "0"), "tolerance"),
        (("verify", "akool", "x", "--received", "soon"), "received"),
        (("listen", "--count", "0"), "count"),
        (("listen", "--port", "70000"), "port"),
    ],
)
def test_what_cannot_be_meant_is_an_error(folder: Path, argv: tuple[str, ...], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        asked(*argv)


def test_standard_input_is_a_file(folder: Path) -> None:
    given = Path(saved(folder)).read_bytes()
    done = subprocess.run(
        [sys.executable, "-m", "diagnostics.cli.main", "webhook", "verify", "akool", "-"],
        input=given,
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8"},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(b"pass: standard input")


# --- listen -----------------------------------------------------------------------------------


class Ear:
    """`webhook listen` in a thread: where it listens, and afterwards what it said."""

    def __init__(self, *argv: str) -> None:
        self._argv, self._err, self._out = argv, io.StringIO(), io.StringIO()
        self.code: Exit | None = None
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        module, options = command.parse(["webhook", "listen", "--lang", "en", *self._argv])
        screen = Screen(language="en", as_json=options.json, streams=(self._out, self._err))
        self.code = module.main(options, screen)

    @property
    def err(self) -> str:
        return self._err.getvalue()

    def ended(self) -> str:
        """What it said on stdout."""
        self._thread.join(20)
        assert self.code is not None, self.err
        return self._out.getvalue()

    def start(self) -> str:
        self._thread.start()
        deadline_s = time.monotonic() + 20
        while "Ctrl-C" not in self.err and time.monotonic() < deadline_s:
            self._thread.join(0.01)
        found = re.search(r"http://\S+", self.err)
        assert found, self.err
        return found[0]


@contextmanager
def hearing(*argv: str) -> Iterator[tuple[Ear, str]]:
    ear = Ear(*argv)
    yield ear, ear.start()
    ear.ended()


def post(url: str, body: bytes, **more: Any) -> int:
    with httpx.Client(trust_env=False) as client:
        return client.post(url, content=body, **more).status_code


def test_it_answers_200_to_true_ones_and_doubles_and_401_to_a_forged_one(folder: Path) -> None:
    with hearing("akool", "--count", "3", "--json") as (ear, url):
        true, forged = sealed(AKOOL).body, sealed(AKOOL, honest=False).body
        answers = [post(url, body) for body in (true, true, forged)]
        assert answers == [200, 200, 401]
        told = json.loads(ear.ended())
    assert ear.code is Exit.FINDINGS
    assert [one["verified"] for one in told["callbacks"]] == [True, True, False]
    assert {f["rule"] for f in told["findings"]} >= {"webhook-doubled", "webhook-wrong-signature"}
    assert told["received"] == 3


def test_every_callback_is_kept_gated_line_by_line(folder: Path) -> None:
    ident, secret = SECRETS["akool"]
    with hearing("akool", "--once") as (ear, url):
        body = sealed(AKOOL, {"_id": "job-1", "status": 3, "url": "https://cdn.test/a.mp4"}).body
        headers = {"Authorization": f"Bearer {secret}", "X-Note": ident}
        assert post(f"{url}/hook?token={secret}", body, headers=headers) == 200
        out = ear.ended()
    assert ear.code is Exit.OK
    (kept,) = (folder / "out").glob("*/webhooks.jsonl")
    (line,) = kept.read_text().splitlines()
    told = json.loads(line)
    assert (told["job"], told["state"], told["answered"]) == ("job-1", "3", 200)
    assert told["path"].startswith("/hook?token=")
    assert ident not in line
    assert not any(secret in text for text in (line, out, ear.err))


def test_an_options_request_is_answered_and_is_no_callback(folder: Path) -> None:
    with hearing("--once") as (ear, url):
        with httpx.Client(trust_env=False) as client:
            asked_first = client.options(url)
            assert asked_first.status_code == 204
            assert "POST" in asked_first.headers["allow"]
            assert client.get(url).status_code == 405
        assert post(url, b"x" * (RECEIVED_BYTES_MAX + 1)) == 413
        assert post(url, b"hello") == 401
        out = ear.ended()
    assert "webhook-unrecognised" in out
    assert ear.code is Exit.FINDINGS


def test_whoever_hangs_up_in_the_middle_or_talks_nonsense_does_no_harm(folder: Path) -> None:
    with hearing("akool", "--once") as (ear, url):
        port = int(url.rpartition(":")[2])
        for said in (
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf",
            b"\xff\xfe nonsense\r\n\r\n",
            b"POST / HTTP/1.1\r\n" + b"a: " + b"b" * 100_000 + b"\r\n\r\n",
        ):
            with closing(socket.create_connection(("127.0.0.1", port), 5)) as line:
                line.sendall(said)
        assert post(url, sealed(AKOOL).body) == 200
        ear.ended()
    assert ear.code is Exit.OK


def test_without_a_secret_it_takes_everything_and_judges_nothing(folder: Path) -> None:
    (folder / ".env").unlink()
    with hearing("akool", "--once") as (ear, url):
        assert post(url, sealed(AKOOL).body) == 200
        ear.ended()
    assert ear.code is Exit.INCONCLUSIVE


def test_silence_is_inconclusive(folder: Path) -> None:
    with hearing("akool", "--timeout", "0.05") as (ear, _url):
        ear.ended()
    assert ear.code is Exit.INCONCLUSIVE
    assert "no callback came" in ear.err


def test_an_unwritable_folder_is_an_error_before_it_listens(folder: Path) -> None:
    (folder / "out").write_text("a file in the way")
    with pytest.raises(UsageError, match="cannot write"):
        asked("listen", "akool", "--once")


def test_ctrl_c_ends_it_with_what_was_received(folder: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "diagnostics.cli.main", "webhook", "listen", "akool", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8"},
    )
    assert process.stderr
    try:
        found = re.search(r"http://\S+", process.stderr.readline())
        assert found
        assert post(found[0], sealed(AKOOL).body) == 200
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=20)
    finally:
        process.kill()
    assert process.returncode == Exit.INTERRUPTED
    assert json.loads(out)["received"] == 1


# --- from the emulator to the listener --------------------------------------------------------


def created(server: Served, hook: str) -> None:
    """A job that calls back."""
    emulator = server.emulator
    media = emulator.media_base
    body = {
        "talking_photo_url": f"{media}/face.jpg",
        "audio_url": f"{media}/speech.mp3",
        "resolution": "720",
        "webhookUrl": hook,
    }
    url = f"{server.base_url}{CREATE}"
    with httpx.Client(trust_env=False) as client:
        answer = client.post(url, json=body, headers={"x-api-key": emulator.key}).json()
    assert answer["code"] == 1000, answer


def test_the_emulator_calls_the_listener_over_a_real_socket(folder: Path) -> None:
    with Served(load("akool"), speed=1000) as server:
        values = server.emulator.callbacks.secrets
        (folder / ".env").write_text("".join(f"{k}={v}\n" for k, v in values.items()))
        with hearing("akool", "--once") as (ear, url):
            created(server, f"{url}/hook")
            out = ear.ended()
    assert ear.code is Exit.OK, out
    assert "pass: #1 is AKOOL's callback" in out


def test_one_more_than_was_asked_for_is_sent_away_to_come_again() -> None:
    taken: list[Delivery] = []
    said: list[int] = []

    def take(delivery: Delivery) -> int:
        taken.append(delivery)
        return 200

    async def talk() -> None:
        receiver = Receiver(take, lambda: NOW_S, count=1)

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"{}"}

        async def send(message: Any) -> None:
            said.extend([message["status"]] if "status" in message else [])

        for _ in range(2):
            scope = {"type": "http", "method": "POST", "path": "/", "headers": []}
            await receiver(scope, receive, send)

    asyncio.run(talk())
    assert said == [200, 503]
    assert len(taken) == 1
    assert taken[0].received_s == NOW_S
