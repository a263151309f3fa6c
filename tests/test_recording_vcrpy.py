"""Do secrets stay out of stock vcrpy's cassettes, recorded, replayed and written again?"""

import gzip
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import httpx
import pytest
import vcr

from benchmarks.recorded_stream import served
from diagnostics.errors import LeakError
from diagnostics.recordings.vcrpy import configured, options
from diagnostics.redact import Gate

KEY = "invented-heygen-key-0001"
HEAD = {"Authorization": f"Bearer {KEY}", "x-api-key": KEY}


class Parrot(BaseHTTPRequestHandler):
    """Says the key again, in a header and in the body, packed where that is asked for."""

    def do_POST(self) -> None:
        asked = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
        body = json.dumps({"said": asked, "key": self.headers.get("x-api-key")}).encode()
        packed = "packed" in self.path
        body = gzip.compress(body) if packed else body
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("x-you-said", str(self.headers.get("x-api-key")))
        if packed:
            self.send_header("content-encoding", "gzip")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with served(Parrot) as where:
        yield where


def talk(url: str, head: dict[str, str]) -> list[Any]:
    with httpx.Client(trust_env=False, headers=head) as client:
        return [
            client.post(f"{url}?key={KEY}", json={"prompt": f"fox {KEY}"}).json()["said"],
            client.post(f"{url}/packed", content=b"plain").json()["said"],
            client.post(f"{url}/parts", content=iter([b"in ", b"parts"])).json()["said"],
        ]


@pytest.mark.parametrize("name", ["cassette.yaml", "cassette.json"])
def test_nothing_secret_reaches_the_cassette_and_it_replays(
    name: str, url: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    given: dict[str, Any] = {"serializer": path.suffix[1:]}
    with vcr.use_cassette(str(path), **given, **options(Gate())):
        live = talk(url, HEAD)
    assert KEY in live[0]
    text = path.read_text("utf-8")
    assert KEY not in text
    assert "Bearer <secret:api-key#1 len=24 ends=01>" in text
    assert "#2" not in text
    with vcr.use_cassette(str(path), record_mode="none", **given, **options(Gate())) as cassette:
        played = talk(url, HEAD)
        assert cassette.all_played
    assert played[1:] == live[1:]
    assert KEY not in played[0]


def test_what_another_left_in_a_cassette_goes_when_it_is_written_again(
    url: str, tmp_path: Path
) -> None:
    path = tmp_path / "cassette.yaml"
    with vcr.use_cassette(str(path)):
        talk(url, HEAD)
    assert KEY in path.read_text("utf-8")
    mine = configured(Gate(), record_mode="new_episodes", match_on=["method", "path"])
    client = httpx.Client(trust_env=False, headers=HEAD)
    with mine.use_cassette(str(path), drop_unused_requests=True), client:
        client.post(url, content=b"again")
        client.post(f"{url}/more", content=b"new")
    text = path.read_text("utf-8")
    assert KEY not in text
    assert "/more" in text


def test_a_file_that_would_still_hold_a_secret_is_not_written(tmp_path: Path) -> None:
    gate = Gate()
    gate.register("invented-secret-name", "name")
    with pytest.raises(LeakError):
        options(gate)["persister"].save_cassette(
            tmp_path / "invented-secret-name.yaml",
            {"requests": [], "responses": []},
            vcr.serializers.yamlserializer,
        )
    assert list(tmp_path.iterdir()) == []
