"""Are cassettes read that other tools really write? Stock vcrpy and betamax, against a port."""

import gzip
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
import requests
import vcr

from diagnostics import cassette
from diagnostics.capture import Capture

ROOT = Path(__file__).parents[1]
RECORDERS = ROOT / ".venv" / "recorders"
BODY = '{"code": 1000, "msg": "готово"}'.encode()


class Answers(BaseHTTPRequestHandler):
    """Compressed at `/packed`, bytes at `/bytes`, else what it was sent, as text."""

    def _answer(self) -> None:
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body, packed = {"/packed": (gzip.compress(BODY), True), "/bytes": (b"\xff\xd8", False)}.get(
            self.path, (sent or BODY, False)
        )
        self.send_response(404 if self.path == "/nowhere" else 200)
        if packed:
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = _answer  # noqa: N815  # the names that http.server calls

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its own name
        """Nothing."""


@pytest.fixture
def url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def bodies(found: Capture) -> list[tuple[str, int, bytes]]:
    """Of what was asked, what came."""
    assert not found.broken
    return [
        (one.request.url.rpartition("/")[2], one.response.status, one.response.body)
        for one in found.exchanges
        if one.response is not None
    ]


@pytest.mark.parametrize("suffix", ["yaml", "json"])
def test_what_vcrpy_keeps_of_httpx(url: str, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"theirs.{suffix}"
    with vcr.use_cassette(str(path), serializer=suffix), httpx.Client(trust_env=False) as client:
        client.get(f"{url}/nowhere")
        client.post(f"{url}/asked", content=b'{"prompt": "fox"}')
        if suffix == "yaml":  # its JSON cannot hold bytes
            client.get(f"{url}/packed")
            client.get(f"{url}/bytes")
    found = bodies(cassette.read(path))
    assert found[:2] == [("nowhere", 404, BODY), ("asked", 200, b'{"prompt": "fox"}')]
    assert found[2:] in ([], [("packed", 200, BODY), ("bytes", 200, b"\xff\xd8")])


def test_what_vcrpy_keeps_of_requests(url: str, tmp_path: Path) -> None:
    path = tmp_path / "theirs.yaml"
    with vcr.use_cassette(str(path)), requests.Session() as session:
        session.trust_env = False
        for name in ("asked", "packed", "bytes"):
            session.post(f"{url}/{name}", data=b"fox", timeout=10)
    told = [("asked", 200, b"fox"), ("packed", 200, BODY), ("bytes", 200, b"\xff\xd8")]
    found = cassette.read(path)
    assert bodies(found) == told
    assert all(one.request.body == b"fox" for one in found.exchanges)
    assert found.recorded_s == min(one.started_s for one in found.exchanges)
    assert found.recorded_s


def test_what_betamax_keeps(url: str, tmp_path: Path) -> None:
    if not RECORDERS.is_dir():
        if os.environ.get("CI"):
            pytest.fail("CI has no .venv/recorders: make test builds it", pytrace=False)
        pytest.skip("it needs .venv/recorders: make test builds it")
    made = subprocess.run(
        [sys.executable, "-m", "tests.recorders.betamaxed", url, str(tmp_path), f"{url}/packed"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(RECORDERS)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert made.returncode == 0, made.stderr[-2000:]
    found = cassette.read(tmp_path / "theirs.json")
    assert found.format == "betamax"
    assert found.creator.startswith("betamax/")
    assert found.recorded_s
    assert bodies(found) == [
        ("nowhere", 404, BODY),
        ("asked", 200, b'{"prompt": "fox"}'),
        ("packed", 200, BODY),
    ]
    assert found.exchanges[1].request.body == b'{"prompt": "fox"}'
