"""Does a clip arrive whole, is a broken download resumed, and does no key go where it must not?"""

import asyncio
import errno
from collections.abc import AsyncIterator, Callable
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import httpcore
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.drive.clock import RealClock
from diagnostics.emulator.clips import Clip, drawn
from diagnostics.film.fetch import Fetcher
from diagnostics.model import Answer, Fault, FaultKind, Headers, Response

URL = "https://files.invalid/out.mp4?token=abc"
NAME = "scene_1.mp4"
BODY = drawn(Clip(seconds=0.5, width=64, height=36))
TAG = '"v1"'
Handler = Callable[[httpx.Request], httpx.Response]


class Breaking(httpx.AsyncByteStream):
    """Bytes, then a connection that is gone."""

    def __init__(self, *parts: bytes) -> None:
        self._parts = parts

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self._parts:
            yield part
        raise httpcore.ReadError


class Server:
    """A file host. `cuts` are how many bytes of the file the first answers carry."""

    def __init__(self, *cuts: int, body: bytes = BODY, tag: str = TAG, ranges: bool = True) -> None:
        self.cuts, self.body, self.tag, self.ranges = list(cuts), body, tag, ranges
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        wanted = request.headers.get("range", "") if self.ranges else ""
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        if wanted and request.headers.get("if-range") != self.tag:
            start = 0
        headers = {"content-length": str(len(self.body) - start)}
        headers |= {"etag": self.tag} if self.tag else {}
        if start:
            headers["content-range"] = f"bytes {start}-{len(self.body) - 1}/{len(self.body)}"
        rest, status = self.body[start:], 206 if start else 200
        if self.cuts:
            cut = Breaking(rest[: self.cuts.pop(0)])
            return httpx.Response(status, headers=headers, stream=cut)
        return httpx.Response(status, headers=headers, content=rest)


def fetch(
    folder: Path, handler: Handler, times: int = 1, url: str = URL, **more: Any
) -> list[Answer]:
    """What each of so many attempts comes to."""
    fetcher = Fetcher(
        folder=folder, clock=RealClock(), sockets=httpx.MockTransport(handler), **more
    )

    async def whole() -> list[Answer]:
        return [await fetcher.fetch(url, NAME) for _ in range(times)]

    return asyncio.run(whole())


def kind(answer: Answer) -> FaultKind | None:
    return answer.kind if isinstance(answer, Fault) else None


def here(folder: Path) -> bytes:
    return (folder / NAME).read_bytes()


def test_a_whole_clip_gets_its_name_and_its_facts_and_leaves_no_part(tmp_path: Path) -> None:
    (got,) = fetch(tmp_path, Server())
    assert isinstance(got, Response)
    assert got.media
    assert (got.media.container, got.media.width, got.size_bytes) == ("mp4", 64, len(BODY))
    assert here(tmp_path) == BODY
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


def test_a_broken_download_goes_on_where_it_broke_off(tmp_path: Path) -> None:
    server = Server(1000, 500)
    first, second, third = fetch(tmp_path, server, 3)
    assert (kind(first), kind(second), kind(third)) == (FaultKind.RESET, FaultKind.RESET, None)
    assert [r.headers.get("range") for r in server.asked] == [None, "bytes=1000-", "bytes=1500-"]
    assert {r.headers.get("if-range") for r in server.asked[1:]} == {TAG}
    assert here(tmp_path) == BODY


def test_a_body_shorter_than_promised_is_cut_whatever_the_line_says(tmp_path: Path) -> None:
    def short(request: httpx.Request) -> httpx.Response:
        headers = {"content-length": str(len(BODY))}
        return httpx.Response(200, headers=headers, stream=httpx.ByteStream(BODY[:100]))

    (got,) = fetch(tmp_path, short)
    assert kind(got) is FaultKind.CUT_BODY
    assert not (tmp_path / NAME).exists()


def test_a_file_that_changed_meanwhile_is_fetched_anew(tmp_path: Path) -> None:
    server = Server(1000)
    other = drawn(Clip(seconds=0.5, width=64, height=36, tint=1))

    def changing(request: httpx.Request) -> httpx.Response:
        answer = server(request)
        server.body, server.tag = other, '"v2"'
        return answer

    _, got = fetch(tmp_path, changing, 2)
    assert isinstance(got, Response)
    assert got.status == 200
    assert here(tmp_path) == other


def test_a_part_of_another_length_is_never_put_behind_what_is_here(tmp_path: Path) -> None:
    def lying(request: httpx.Request) -> httpx.Response:
        if "range" not in request.headers:
            headers = {"etag": TAG, "content-length": "5000"}
            return httpx.Response(200, headers=headers, stream=Breaking(b"x" * 100))
        headers = {"etag": TAG, "content-range": "bytes 100-199/200", "content-length": "100"}
        return httpx.Response(206, headers=headers, content=b"y" * 100)

    first, second, third = fetch(tmp_path, lying, 3)
    assert (kind(first), kind(second)) == (FaultKind.RESET, FaultKind.CUT_BODY)
    assert kind(third) is FaultKind.RESET, "it begins anew"
    assert not (tmp_path / NAME).exists()


@pytest.mark.parametrize("tag", ["", 'W/"v1"'])
def test_without_a_strong_mark_nothing_is_resumed(tag: str, tmp_path: Path) -> None:
    server = Server(1000, tag=tag)
    _, got = fetch(tmp_path, server, 2)
    assert isinstance(got, Response)
    assert [r.headers.get("range") for r in server.asked] == [None, None]
    assert here(tmp_path) == BODY


def test_a_server_that_knows_no_ranges_sends_the_whole_and_gets_it_kept_whole(
    tmp_path: Path,
) -> None:
    _, got = fetch(tmp_path, Server(1000, ranges=False), 2)
    assert isinstance(got, Response)
    assert here(tmp_path) == BODY


def test_a_rest_that_cannot_be_had_is_forgotten(tmp_path: Path) -> None:
    server = Server(1000)

    def refusing(request: httpx.Request) -> httpx.Response:
        return httpx.Response(416) if "range" in request.headers else server(request)

    _, second, third = fetch(tmp_path, refusing, 3)
    assert kind(second) is FaultKind.CUT_BODY
    assert isinstance(third, Response)
    assert here(tmp_path) == BODY


def test_a_refusal_is_an_answer_and_writes_nothing(tmp_path: Path) -> None:
    (got,) = fetch(tmp_path, lambda _: httpx.Response(404, text="gone"))
    assert isinstance(got, Response)
    assert (got.status, got.media) == (404, None)
    assert not list(tmp_path.iterdir())


def test_a_page_under_http_200_is_told_by_its_bytes(tmp_path: Path) -> None:
    (got,) = fetch(tmp_path, lambda _: httpx.Response(200, html="<!DOCTYPE html><p>expired"))
    assert isinstance(got, Response)
    assert got.media
    assert got.media.container == "html"


@pytest.mark.parametrize("promised", ["9" * 30, "5000", ""])
def test_more_than_the_bound_is_refused_and_not_kept(promised: str, tmp_path: Path) -> None:
    def huge(request: httpx.Request) -> httpx.Response:
        if promised:
            return httpx.Response(200, headers={"content-length": promised}, content=b"")
        return httpx.Response(200, stream=Breaking(*[b"x" * 100] * 50))

    (got,) = fetch(tmp_path, huge, bytes_max=1000)
    assert kind(got) is FaultKind.PROTOCOL
    assert not list(tmp_path.iterdir())


class Full(BytesIO):
    """A file on a disk with room for nothing."""

    def write(self, _data: Any) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_is_this_machines_failure_and_says_so(tmp_path: Path) -> None:
    def opener(path: Path, mode: str) -> BinaryIO:
        return Full()

    (got,) = fetch(tmp_path, Server(), opener=opener)
    assert isinstance(got, Fault)
    assert got.kind is FaultKind.LOCAL
    assert got.message.startswith("ENOSPC: ")


def test_a_full_disk_that_shows_only_at_the_last_byte_is_told_too(tmp_path: Path) -> None:
    class FullAtTheEnd(BytesIO):
        def close(self) -> None:
            super().close()
            raise OSError(errno.ENOSPC, "No space left on device")

    def opener(path: Path, mode: str) -> BinaryIO:
        return FullAtTheEnd()

    (got,) = fetch(tmp_path, Server(), opener=opener)
    assert kind(got) is FaultKind.LOCAL


def test_a_folder_that_is_gone_is_this_machines_failure(tmp_path: Path) -> None:
    (got,) = fetch(tmp_path / "gone", Server())
    assert isinstance(got, Fault)
    assert (got.kind, got.message[:6]) == (FaultKind.LOCAL, "ENOENT")


def test_a_key_goes_to_the_host_it_belongs_to_and_not_along_a_redirect(tmp_path: Path) -> None:
    seen: list[tuple[str, str | None]] = []

    def moving(request: httpx.Request) -> httpx.Response:
        seen.append((request.url.host, request.headers.get("authorization")))
        if request.url.host == "files.invalid":
            return httpx.Response(302, headers={"location": "https://elsewhere.invalid/x.mp4"})
        return httpx.Response(200, content=BODY)

    async def keys(host: str) -> Headers:
        return (("Authorization", "Bearer invented"),) if host == "files.invalid" else ()

    (got,) = fetch(tmp_path, moving, keys=keys)
    assert isinstance(got, Response)
    assert seen == [("files.invalid", "Bearer invented"), ("elsewhere.invalid", None)]


def test_endless_redirects_end(tmp_path: Path) -> None:
    (got,) = fetch(tmp_path, lambda _: httpx.Response(302, headers={"location": "/again"}))
    assert kind(got) is FaultKind.REDIRECTS


@pytest.mark.parametrize("url", ["", "ftp://h/x", "http://", "file:///etc/passwd", "\0"])
def test_what_is_no_web_address_is_never_asked_for(url: str, tmp_path: Path) -> None:
    server = Server()
    (got,) = fetch(tmp_path, server, url=url)
    assert isinstance(got, Fault)
    assert server.asked == []


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (httpcore.ConnectError("name"), FaultKind.CONNECT),
        (httpcore.ConnectTimeout(), FaultKind.CONNECT_TIMEOUT),
        (httpcore.ReadTimeout(), FaultKind.READ_TIMEOUT),
        (httpcore.RemoteProtocolError("?"), FaultKind.PROTOCOL),
        (TimeoutError(), FaultKind.READ_TIMEOUT),
    ],
)
def test_every_failure_of_the_line_is_a_fault_that_quotes_no_address(
    error: Exception, expected: FaultKind, tmp_path: Path
) -> None:
    def failing(request: httpx.Request) -> httpx.Response:
        raise error

    (got,) = fetch(tmp_path, failing)
    assert isinstance(got, Fault)
    assert got.kind is expected
    assert "token" not in got.message


def test_progress_tells_bytes_and_the_end(tmp_path: Path) -> None:
    heard: list[tuple[str, int, int | None]] = []
    fetch(tmp_path, Server(), progress=lambda *told: heard.append(told))
    assert heard[-1] == (NAME, len(BODY), len(BODY))


HEADER = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40)


@given(status=st.sampled_from([200, 206, 416, 301, 500]), values=st.tuples(*[HEADER] * 4))
def test_no_headers_make_it_raise(
    status: int, values: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory
) -> None:
    names = ("content-range", "content-length", "etag", "location")
    headers = dict(zip(names, values, strict=True))

    def hostile(request: httpx.Request) -> httpx.Response:
        return httpx.Response(status, headers=headers, stream=httpx.ByteStream(BODY[:2000]))

    got = fetch(tmp_path_factory.mktemp("hostile"), hostile, 2)
    assert all(isinstance(answer, Fault | Response) for answer in got)
