"""Does `diagnostics emulate` start, tell where it is, and end cleanly?"""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from diagnostics.cli import main as command

ROOT = Path(__file__).parent.parent


@contextmanager
def emulating(*arguments: str) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        [sys.executable, "-m", "diagnostics.cli.main", "emulate", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONUTF8": "1"},
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def interrupted(process: "subprocess.Popen[str]") -> tuple[int, str, str]:
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=10)
    return process.returncode, out, err


def test_it_tells_where_it_listens_as_json_and_ctrl_c_ends_it_cleanly() -> None:
    with emulating("akool", "--json", "--fault", "overload-1015", "--credits", "7") as process:
        assert process.stdout
        shown = ""
        while not shown.endswith("\n}\n"):
            shown += process.stdout.readline()
        told = json.loads(shown)
        assert told["schema"] == "diagnostics.emulate/1"
        assert (told["provider"], told["fault"], told["credits"]) == ("akool", "overload-1015", 7)
        with httpx.Client(trust_env=False) as client:
            about = client.get(told["about"]).json()
            assert [about["key"]] == told["accepts"]
            balance = f"{told['base_url']}/api/open/v3/faceswap/quota/info"
            headers = {"x-api-key": about["key"]}
            assert client.get(balance, headers=headers).json()["data"]["credit"] == 7
            code, out, err = interrupted(process)
    assert (code, out) == (130, "")
    assert "2 requests" in err
    assert "Traceback" not in err


def test_people_are_told_the_key_and_what_to_try_in_their_language() -> None:
    with emulating("akool", "--fault", "bad-key", "--lang", "ru") as process:
        assert process.stdout
        lines: list[str] = []
        while not (lines and "Ctrl-C" in lines[-1]):
            lines.append(process.stdout.readline())
        interrupted(process)
    text = "".join(lines)
    assert "эмулятор AKOOL" in text
    assert "invented-akool-key-0001" in text
    assert 'curl -H "x-api-key: $AKOOL_API_KEY" http://127.0.0.1:' in text
    assert "diagnostics run --target http://127.0.0.1:" in text
    assert "bad-key: Провайдер не знает" in text


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["akol"], "no provider 'akol'"),
        (["--fault", "overlod-1015"], "overload-1015"),
        (["--port", "70000"], "70000"),
        (["--speed", "0"], "'0'"),
        (["--credits", "nan"], "nan"),
        (["--credits", "-1"], "-1"),
        (["--host", "203.0.113.9"], "cannot listen on 203.0.113.9"),
        (["--host", "nowhere.invalid"], "cannot listen on nowhere.invalid"),
        (["--host", "a" * 300], "cannot listen on"),
        (["--host", "\udcff"], "cannot listen on"),
    ],
)
def test_what_it_cannot_do_is_a_usage_error(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["emulate", *arguments]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert says in shown.err
    assert "hint" in shown.err


def test_a_port_that_is_taken_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert command.main(["emulate", "--port", str(port)]) == 2
    assert f"127.0.0.1:{port}" in capsys.readouterr().err
