"""Are HARs that real tools record from a real port read and judged without error?

Chromium driven by Playwright, and mitmproxy with a client behind it; the emulator answers.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from diagnostics import capture
from diagnostics.contract_load import load
from diagnostics.emulator.faults import load_plan
from diagnostics.emulator.serve import Served
from diagnostics.finding import Report
from diagnostics.model import Blame, FaultKind, Purpose, Verdict
from tests.triage_cases import judged, rules

ROOT = Path(__file__).parents[1]
RECORDERS = ROOT / ".venv" / "recorders"
CREATE = "/api/open/v3/content/video/createbytalkingphoto"
STATUS = "/api/open/v3/content/video/infobymodelid"
SPEED = 400.0
PATIENCE_S = 30.0


@pytest.fixture(autouse=True)
def recorders() -> None:
    """Only CI has to have them."""
    if not RECORDERS.is_dir():
        if os.environ.get("CI"):
            pytest.fail("CI has no .venv/recorders: make test builds it", pytrace=False)
        pytest.skip("it needs .venv/recorders: make test builds it")


def child(module: str, *words: str) -> "subprocess.Popen[str]":
    """A script of `tests/recorders` with the recorders' own packages."""
    return subprocess.Popen(
        [sys.executable, "-m", f"tests.recorders.{module}", *words],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(RECORDERS)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def report_of(path: Path) -> Report:
    found = judged(capture.read(path))
    assert not found.broken
    assert [one.contract.name for one in found.told] == ["akool"]
    return found.told[0].report


# --- Playwright in Chromium ---------------------------------------------------------------------


def browsed(folder: Path, server: Served, name: str, content: str) -> Path:
    path = folder / name
    words = (server.base_url, server.emulator.key, str(path), content)
    with child("browse", *words) as browser:
        said, complaint = browser.communicate(timeout=60)
    assert browser.returncode == 0, complaint[-2000:]
    assert json.loads(said)
    return path


@pytest.mark.browser
@pytest.mark.parametrize("content", ["embed", "attach", "omit"])
def test_what_playwright_records_of_a_healthy_run_passes(content: str, tmp_path: Path) -> None:
    with Served(load("akool"), speed=SPEED) as server:
        report = report_of(browsed(tmp_path, server, "film.har", content))
    assert server.emulator.key not in repr(report)
    if content == "omit":  # without bodies nobody knows what was answered
        assert report.judgement.verdict is Verdict.INCONCLUSIVE
        return
    assert report.tape.case.target.emulated, "the emulator signs its answers"
    assert "job-finished" in rules(report), rules(report)
    assert report.judgement.verdict is Verdict.PASS, report.judgement
    labels = {e.request.label for e in report.tape if e.request.purpose is Purpose.MEDIA}
    assert labels == {"talking_photo_url", "audio_url", "output"}
    assert report.tape.case.auth_headers == ("x-api-key",)


@pytest.mark.browser
def test_1015_in_a_browser_is_the_providers_where_its_inputs_were_seen(tmp_path: Path) -> None:
    with Served(load("akool"), speed=SPEED, faults=load_plan("outage-1015")) as server:
        report = report_of(browsed(tmp_path, server, "film.har", "embed"))
    assert report.judgement.code == "1015"
    assert report.judgement.blame is Blame.PROVIDER


@pytest.mark.browser
def test_a_connection_that_broke_in_a_browser_is_known(tmp_path: Path) -> None:
    with Served(load("akool"), speed=SPEED, faults=load_plan("bad-key")) as server:
        path = browsed(tmp_path, server, "film.har", "embed")
    assert report_of(path).judgement.blame is Blame.CREDENTIALS


# --- mitmproxy ----------------------------------------------------------------------------------


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def proxied(folder: Path, upstream: str) -> Iterator[str]:
    """A client's base address through mitmproxy; its HAR is written when this ends."""
    port = free_port()
    words = (str(port), upstream, str(folder / "flows.har"), str(folder / "conf"))
    with child("proxy", *words) as proxy:
        try:
            _until_it_listens(port, proxy)
            yield f"http://127.0.0.1:{port}"
        finally:
            proxy.send_signal(signal.SIGINT)
            proxy.communicate(timeout=PATIENCE_S)


def _until_it_listens(port: int, proxy: "subprocess.Popen[str]") -> None:
    ends_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < ends_s and proxy.poll() is None:
        with socket.socket() as knock:
            knock.settimeout(0.2)
            if knock.connect_ex(("127.0.0.1", port)) == 0:
                return
    pytest.fail("mitmproxy did not start")


def test_what_mitmproxy_records_of_a_client_is_judged(tmp_path: Path) -> None:
    with Served(load("akool"), speed=SPEED) as server:
        key = {"x-api-key": server.emulator.key}
        media = server.emulator.media_base
        body = {"talking_photo_url": f"{media}/face.jpg", "audio_url": f"{media}/speech.mp3"}
        with proxied(tmp_path, server.base_url) as base, httpx.Client(base_url=base) as client:
            made = client.post(CREATE, json={**body, "resolution": "720"}, headers=key).json()
            for _ in range(200):
                asked = {"video_model_id": made["data"]["_id"]}
                told = client.get(STATUS, params=asked, headers=key).json()
                if told["data"]["video_status"] > 2:
                    break
    report = report_of(tmp_path / "flows.har")
    assert "job-finished" in rules(report), rules(report)
    create = report.tape.exchanges[0]
    assert create.request.operation == "createTalkingPhoto"
    assert create.source == "flows.har: entry 1"
    assert server.emulator.key not in repr(report)


def test_a_provider_that_is_not_there_is_known_from_mitmproxy(tmp_path: Path) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    with proxied(tmp_path, nowhere) as base, httpx.Client(base_url=base) as client:
        client.post(CREATE, json={"audio_url": "https://files.invented.test/a.mp3"})
    report = report_of(tmp_path / "flows.har")
    answer = report.tape.exchanges[0].answer
    assert getattr(answer, "kind", None) is FaultKind.REFUSED or getattr(answer, "status", 0) == 502
    assert report.judgement.blame in {Blame.NETWORK, Blame.PROVIDER, Blame.PARAMETERS}
