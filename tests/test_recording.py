"""Is a recording the whole story, without a key in it, and does each asker get its own answer?"""

import asyncio
import gzip
import json
import random
import threading
from collections.abc import Callable
from contextvars import copy_context
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest

from diagnostics.contract_load import load
from diagnostics.emulator.serve import Served
from diagnostics.errors import UsageError
from diagnostics.model import Fault, Origin, Response, TargetKind
from diagnostics.recording import Pace, Recorder, Replayer, UnrecordedRequestError, flow
from diagnostics.recordings.keeping import Keeper
from diagnostics.redact import Gate
from diagnostics.tape import BlobWriter, read, read_whole

KEY = "invented-heygen-key-0001"
BASE = "http://emulator.test"
POLL = f"{BASE}/v1/video_status.get"
Handler = Callable[[httpx.Request], httpx.Response]


def recorded(folder: Path, handler: Handler, **given: Any) -> tuple[Recorder, httpx.Client]:
    tape = Recorder(folder, **given)
    return tape, httpx.Client(transport=tape.transport(httpx.MockTransport(handler)))


def echo(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"asked": request.content.decode()})


def say(number: int) -> httpx.Response:
    return httpx.Response(200, json={"n": number})


def on_disk(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


# --- what stands on the tape --------------------------------------------------------------------


def test_the_tape_says_whom_it_is_about_and_what_each_call_was_for(tmp_path: Path) -> None:
    contract = load("akool")
    with Served(contract) as served, Recorder(tmp_path / "run") as tape:
        head = {"x-api-key": served.emulator.key}
        with httpx.Client(
            transport=tape.transport(), base_url=served.base_url, headers=head
        ) as client:
            client.get("/api/open/v3/faceswap/quota/info")
            made = client.post(
                "/api/open/v3/content/video/createbytalkingphoto",
                json={
                    "talking_photo_url": f"{served.base_url}/_media/face.jpg",
                    "audio_url": f"{served.base_url}/_media/speech.mp3",
                    "resolution": "720",
                },
            ).json()
            poll = {"video_model_id": made["data"]["_id"]}
            for _ in range(2):
                client.get("/api/open/v3/content/video/infobymodelid", params=poll)
            client.get("/nowhere")
        key = served.emulator.key
    reading = read_whole(tmp_path / "run")
    exchanges = reading.tape.exchanges
    told = [
        (e.request.provider, e.request.operation, e.request.spends, e.conversation, e.attempt)
        for e in exchanges
    ]
    assert told == [
        ("akool", "getCredit", False, 0, 1),
        ("akool", "createTalkingPhoto", True, 1, 1),
        ("akool", "getVideo", False, 1, 1),
        ("akool", "getVideo", False, 1, 1),
        ("", None, False, 0, 1),
    ]
    target = reading.tape.case.target
    assert (target.kind, target.origin) == (TargetKind.EMULATOR, Origin.EMULATED)
    assert (target.provider, target.version) == ("akool", contract.version)
    assert reading.ended is not None
    assert (reading.pending, reading.torn) == (0, 0)
    assert [exchange.position for exchange in exchanges] == [0, 1, 2, 3, 4]
    assert key.encode() not in on_disk(tmp_path / "run")
    wires = [exchange.wire for exchange in exchanges]
    assert all(wire and wire.first_byte_s and wire.body_s is not None for wire in wires)
    assert [wire.reused for wire in wires if wire] == [False, True, True, True, True]
    assert wires[0]
    assert wires[0].address == "127.0.0.1"


def test_header_case_order_and_the_http_version_are_kept(tmp_path: Path) -> None:
    head = [("X-Odd-Case", "1"), ("Set-Cookie", "a=1"), ("set-cookie", "b=2"), ("Via", "x")]

    def answer(_: httpx.Request) -> httpx.Response:
        told = {"http_version": b"HTTP/1.0", "reason_phrase": b"Fine"}
        return httpx.Response(200, headers=head, content=b"x", extensions=told)

    tape, client = recorded(tmp_path / "run", answer)
    with tape, client:
        client.get(BASE, headers={"X-Mine": "1", "x-yours": "2"})
    exchange = read(tmp_path / "run").exchanges[0]
    assert exchange.response
    assert [n for n, _ in exchange.response.headers][:4] == [n for n, _ in head]
    assert exchange.response.http_version == "HTTP/1.0"
    names = [name for name, _ in exchange.request.headers]
    assert names.index("X-Mine") + 1 == names.index("x-yours")
    with Replayer(tmp_path / "run") as played:
        again = httpx.Client(transport=played.transport()).get(BASE)
    assert (again.http_version, again.reason_phrase) == ("HTTP/1.0", "Fine")
    assert [n for n, _ in again.headers.raw][:4] == [n.encode() for n, _ in head]
    assert again.elapsed.total_seconds() >= 0


def test_a_key_never_reaches_the_disk_wherever_it_is_repeated(tmp_path: Path) -> None:
    def parrot(request: httpx.Request) -> httpx.Response:
        return httpx.Response(
            200,
            headers={"x-you-said": KEY},
            json={"error": f"bad key {request.headers['authorization']}", "body": KEY},
        )

    tape, client = recorded(tmp_path / "run", parrot)
    with tape, client:
        said = client.post(
            f"{BASE}/v1/{KEY}?key={KEY}",
            headers={"Authorization": f"Bearer {KEY}"},
            json={"prompt": f"a fox {KEY}"},
        )
        assert KEY in said.text
    assert KEY.encode() not in on_disk(tmp_path / "run")
    with Replayer(tmp_path / "run") as played:
        again = httpx.Client(transport=played.transport()).post(
            f"{BASE}/v1/{KEY}?key={KEY}",
            headers={"Authorization": f"Bearer {KEY}"},
            json={"prompt": f"a fox {KEY}"},
        )
    assert again.status_code == 200
    assert KEY not in again.text


def test_a_paid_call_is_announced_before_it_leaves(tmp_path: Path) -> None:
    seen: list[int] = []

    def answer(_: httpx.Request) -> httpx.Response:
        seen.append(read_whole(tmp_path / "run").pending)
        return httpx.Response(200, json={"code": 1000, "data": {"_id": "1"}})

    tape, client = recorded(tmp_path / "run", answer)
    with tape, client, tape.flow("scene 1"):
        client.post(f"{BASE}/api/open/v3/content/video/createbytalkingphoto", json={"a": 1})
    assert seen == [1]
    assert read_whole(tmp_path / "run").pending == 0


def test_a_provider_that_nobody_knows_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no provider"):
        Recorder(tmp_path / "run", provider="acool")


def test_a_recording_is_never_overwritten_unasked(tmp_path: Path) -> None:
    for number in range(2):
        tape, client = recorded(tmp_path / "run", lambda _: say(1), mode="again")
        with tape, client:
            client.get(f"{BASE}/{number}", params={"big": "x" * 10})
    assert [e.request.url for e in read(tmp_path / "run")] == [f"{BASE}/1?big=xxxxxxxxxx"]
    with pytest.raises(UsageError, match="recording already"):
        Recorder(tmp_path / "run")
    tape, client = recorded(tmp_path / "run", lambda _: say(1), mode="join")
    with tape, client:
        client.get(f"{BASE}/2")
    assert len(read(tmp_path / "run")) == 2


def test_a_recording_of_nothing_can_be_read(tmp_path: Path) -> None:
    with Recorder(tmp_path / "run", provider="heygen"):
        pass
    assert len(read(tmp_path / "run")) == 0


def test_what_breaks_the_recording_never_costs_the_client_its_answer(tmp_path: Path) -> None:
    tape, client = recorded(tmp_path / "run", echo)
    with client:
        client.post(BASE, content=b"first")
        (tmp_path / "run" / "blobs").write_bytes(b"a file where a folder should be")
        assert client.post(BASE, content=bytes(1 << 18)).status_code == 200
        assert client.post(BASE, content=b"third").json() == {"asked": "third"}
    with pytest.raises(UsageError):
        tape.close()
    assert len(read(tmp_path / "run")) == 1


def test_an_interrupted_recording_says_so(tmp_path: Path) -> None:
    tape, client = recorded(tmp_path / "run", echo)
    with client:
        client.post(BASE, content=b"first")
    with pytest.raises(KeyboardInterrupt), tape:
        raise KeyboardInterrupt
    assert read_whole(tmp_path / "run").interrupted


# --- who gets which answer ----------------------------------------------------------------------


async def answers_of(tape: Replayer, calls: int, ask: Callable[..., Any]) -> list[Any]:
    async with httpx.AsyncClient(transport=tape.async_transport()) as client:
        return list(await asyncio.gather(*(ask(client, n) for n in range(calls))))


class Reversed(httpx.AsyncBaseTransport):
    """Answers the last of `count` requests first, and each with the number of its arrival."""

    def __init__(self, count: int) -> None:
        self._gates = [asyncio.Event() for _ in range(count + 1)]
        self._gates[count].set()
        self._came = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        number, self._came = self._came, self._came + 1
        body = await request.aread()
        await self._gates[number + 1].wait()
        self._gates[number].set()
        return httpx.Response(200, json={"n": number, "asked": body.decode()})


async def poll(client: httpx.AsyncClient, number: int) -> Any:
    return (await client.get(POLL, params={"video_id": "one"})).json()["n"]


async def create(client: httpx.AsyncClient, number: int) -> Any:
    return (await client.post(f"{BASE}/v2/video", json={"prompt": f"scene {number}"})).json()


@pytest.mark.parametrize("ask", [poll, create])
def test_twenty_in_flight_together_each_get_their_own_answer(
    ask: Callable[..., Any], tmp_path: Path
) -> None:
    async def both() -> tuple[list[Any], list[Any]]:
        with Recorder(tmp_path / "run") as tape:
            inner = Reversed(20)
            async with httpx.AsyncClient(transport=tape.async_transport(inner)) as client:
                live = list(await asyncio.gather(*(ask(client, n) for n in range(20))))
        with Replayer(tmp_path / "run") as played:
            return live, await answers_of(played, 20, ask)

    live, played = asyncio.run(both())
    assert played == live
    assert len({json.dumps(one) for one in live}) == 20


def test_two_flows_that_send_the_very_same_request_get_each_their_own(tmp_path: Path) -> None:
    async def labelled(tape: Recorder | Replayer, client: httpx.AsyncClient, name: str) -> Any:
        with tape.flow(name):
            first = (await client.post(BASE, json={})).json()["n"]
            return name, first, (await client.post(BASE, json={})).json()["n"]

    async def both() -> tuple[Any, Any]:
        numbers = iter(range(10))
        inner = httpx.MockTransport(lambda _: say(next(numbers)))
        with Recorder(tmp_path / "run") as tape:
            async with httpx.AsyncClient(transport=tape.async_transport(inner)) as client:
                live = await asyncio.gather(*(labelled(tape, client, n) for n in ("a", "b")))
        with Replayer(tmp_path / "run") as played:
            async with httpx.AsyncClient(transport=played.async_transport()) as client:
                return live, [await labelled(played, client, name) for name in ("b", "a")]

    live, played = asyncio.run(both())
    assert sorted(played) == sorted(live)
    assert {e.flow for e in read(tmp_path / "run")} == {"a", "b"}
    assert len({e.conversation for e in read(tmp_path / "run")}) == 2


def test_threads_share_a_tape_and_carry_their_labels(tmp_path: Path) -> None:
    tape, client = recorded(tmp_path / "run", echo)

    def work(number: int) -> None:
        for n in range(10):
            client.post(BASE, content=f"{number}/{n}")

    with tape, client:
        threads = []
        for number in range(8):
            with flow(f"flow {number}"):
                context = copy_context()
            threads.append(threading.Thread(target=context.run, args=(work, number)))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
    reading = read_whole(tmp_path / "run")
    assert (len(reading.tape), reading.torn, len(tape)) == (80, 0, 80)
    assert all(e.flow == f"flow {e.request.body[:1].decode()}" for e in reading.tape)


def test_a_request_that_nobody_recorded_names_the_nearest_and_the_difference(
    tmp_path: Path,
) -> None:
    tape, client = recorded(tmp_path / "run", echo)
    with tape, client:
        client.post(f"{BASE}/v1/videos", json={"prompt": "a fox", "seed": 1})
        client.get(f"{BASE}/v1/videos")
    with Replayer(tmp_path / "run") as played:
        client = httpx.Client(transport=played.transport())
        with pytest.raises(UnrecordedRequestError, match=r"prompt: 'a fox' / 'a wolf'"):
            client.post(f"{BASE}/v1/videos", json={"prompt": "a wolf", "seed": 1})
        assert [miss.nearest for miss in played.misses] == [0]
        assert [e.request.method for e in played.unplayed()] == ["POST", "GET"]


def test_the_last_answer_comes_again_only_when_asked_for(tmp_path: Path) -> None:
    tape, client = recorded(tmp_path / "run", lambda _: say(7))
    with tape, client:
        client.get(POLL)
    for repeat_last in (False, True):
        with Replayer(tmp_path / "run", repeat_last=repeat_last) as played:
            again = httpx.Client(transport=played.transport())
            assert again.get(POLL).json() == {"n": 7}
            if repeat_last:
                assert again.get(POLL).json() == {"n": 7}
            else:
                with pytest.raises(UnrecordedRequestError, match="recorded 1 times"):
                    again.get(POLL)


# --- bodies -------------------------------------------------------------------------------------


def squeezed(body: bytes) -> bytes:
    made: bytes = import_module("brotli").compress(body)
    return made


ENCODINGS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "br": squeezed,
    "identity": bytes,
    "br, gzip": lambda body: gzip.compress(squeezed(body)),
}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_an_encoded_body_stands_decoded_on_the_tape_and_reads_the_same(
    encoding: str, tmp_path: Path
) -> None:
    body = json.dumps({"said": "fox " * 400, "key": KEY}).encode()
    packed = ENCODINGS[encoding](body)
    parts = [packed[:7], packed[7:20], packed[20:]]

    def answer(_: httpx.Request) -> httpx.Response:
        head = {"content-encoding": encoding, "content-length": str(len(packed))}
        return httpx.Response(200, headers=head, content=iter(parts))

    tape, client = recorded(tmp_path / "run", answer)
    with tape, client:
        live = client.get(BASE, headers={"x-api-key": KEY})
    assert live.content == body
    kept = read(tmp_path / "run").exchanges[0].response
    assert kept
    assert kept.body == body.replace(KEY.encode(), b"<secret:api-key#1 len=24 ends=01>")
    assert kept.header("content-encoding") == encoding
    with Replayer(tmp_path / "run") as played:
        again = httpx.Client(transport=played.transport()).get(BASE)
    assert again.content == kept.body
    assert again.headers["content-length"] == str(len(kept.body))
    assert again.headers.get("content-encoding", "identity") == "identity"


def test_an_encoding_that_nobody_can_take_off_stays_as_it_came(tmp_path: Path) -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        head = {"content-encoding": "x-invented"}
        return httpx.Response(200, headers=head, content=iter([b"\x00\x01", b"\xff"]))

    tape, client = recorded(tmp_path / "run", answer)
    with tape, client:
        assert client.get(BASE).content == b"\x00\x01\xff"
    with Replayer(tmp_path / "run") as played:
        again = httpx.Client(transport=played.transport()).get(BASE)
    assert (again.content, again.headers["content-encoding"]) == (b"\x00\x01\xff", "x-invented")


def test_a_stream_is_cut_on_replay_as_it_was_cut_then_although_a_key_in_it_is_hidden(
    tmp_path: Path,
) -> None:
    events = [f'data: {{"n": {n}, "key": "{KEY}"}}\n\n'.encode() for n in range(10)]

    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(
            200, headers={"content-type": "text/event-stream"}, content=iter(events)
        )

    tape, client = recorded(tmp_path / "run", answer)
    with tape, client:
        client.get(BASE, headers={"x-api-key": KEY})
    with Replayer(tmp_path / "run") as played:
        client = httpx.Client(transport=played.transport())
        with client.stream("GET", BASE) as again:
            parts = list(again.iter_raw())
    assert len(parts) == 10
    assert all(part.startswith(b"data: ") and part.endswith(b"\n\n") for part in parts)
    assert KEY.encode() not in b"".join(parts)


def test_the_client_gets_each_part_before_the_next_one_comes(tmp_path: Path) -> None:
    asked: list[int] = []

    def parts() -> Any:
        for number in range(3):
            asked.append(number)
            yield b"data: %d\n\n" % number

    tape, client = recorded(tmp_path / "run", lambda _: httpx.Response(200, content=parts()))
    got: list[tuple[bytes, list[int]]] = []
    with tape, client, client.stream("GET", BASE) as response:
        got.extend((part, list(asked)) for part in response.iter_raw())
    assert got == [(b"data: %d\n\n" % n, list(range(n + 1))) for n in range(3)]


def test_a_paced_replay_takes_the_recorded_times_on_a_clock_that_is_given(tmp_path: Path) -> None:
    tape, client = recorded(
        tmp_path / "run", lambda _: httpx.Response(200, content=iter([b"a", b"b", b"c"]))
    )
    with tape, client:
        client.get(BASE)
    kept = read(tmp_path / "run").exchanges[0]
    assert kept.response
    slept: list[float] = []

    async def asleep(seconds: float) -> None:
        slept.append(-seconds)

    async def awaited() -> None:
        with Replayer(tmp_path / "run", pace=pace) as played:
            async with httpx.AsyncClient(transport=played.async_transport()) as client:
                assert (await client.get(BASE)).content == b"abc"

    pace = Pace(kept=True, sleep=slept.append, asleep=asleep)
    with Replayer(tmp_path / "run", pace=pace) as played:
        assert httpx.Client(transport=played.transport()).get(BASE).content == b"abc"
    waited = list(slept)
    asyncio.run(awaited())
    assert sum(waited[1:]) == pytest.approx(kept.response.chunks[-1][0])
    assert 0 < sum(waited) <= kept.duration_s
    assert slept[len(waited) :] == [-seconds for seconds in waited]


BIG = 3 * 2**20


def film(size: int) -> bytes:
    return b"\0\0\0\x20ftypisom" + bytes(range(256)) * (size // 256)


def uploads(of: bytes) -> Any:
    for at in range(0, len(of), 50_000):
        yield of[at : at + 50_000]


async def uploads_awaited(of: bytes) -> Any:
    for part in uploads(of):
        yield part


def test_a_large_film_goes_up_and_down_through_files_beside_the_tape(tmp_path: Path) -> None:
    body = film(BIG)

    def answer(request: httpx.Request) -> httpx.Response:
        assert request.read() == body
        head = {"content-type": "video/mp4", "content-length": str(len(body))}
        return httpx.Response(200, headers=head, content=uploads(body))

    tape, client = recorded(tmp_path / "run", answer)
    with tape, client:
        assert client.put(BASE, content=uploads(body)).content == body
    assert sorted(p.stat().st_size for p in (tmp_path / "run" / "blobs").iterdir()) == [len(body)]
    assert (tmp_path / "run" / "tape.jsonl").stat().st_size < 20_000

    async def awaited() -> bytes:
        with Replayer(tmp_path / "run") as played:
            async with httpx.AsyncClient(transport=played.async_transport()) as client:
                return (await client.put(BASE, content=uploads_awaited(body))).content

    assert asyncio.run(awaited()) == body
    with Replayer(tmp_path / "run") as played:
        again = httpx.Client(transport=played.transport())
        assert again.put(BASE, content=uploads(body)).content == body


@pytest.mark.parametrize("size", [BIG, 17 * 2**20], ids=["3 MB", "17 MB"])
def test_an_upload_in_parts_is_found_again_under_another_boundary(
    size: int, tmp_path: Path
) -> None:
    tape, client = recorded(tmp_path / "run", lambda request: say(len(request.read())))

    def send(client: httpx.Client, boundary: str) -> int:
        head = {"content-type": f"multipart/form-data; boundary={boundary}"}
        files = {"file": ("a.mp4", film(size), "video/mp4")}
        answer = client.post(BASE, files=files, headers=head)
        return int(answer.json()["n"])

    with tape, client:
        live = send(client, "a" * 32)
    with Replayer(tmp_path / "run") as played:
        client = httpx.Client(transport=played.transport())
        with client:
            assert send(client, "b" * 20) == live


def test_a_key_across_two_parts_of_a_film_withholds_the_film(tmp_path: Path) -> None:
    body = film(BIG) + KEY.encode() + film(BIG)
    cut = body.index(KEY.encode()) + 9
    parts = [body[:cut], body[cut:]]
    head = {"content-type": "video/mp4"}
    tape, client = recorded(
        tmp_path / "run", lambda _: httpx.Response(200, headers=head, content=iter(parts))
    )
    with tape, client:
        assert client.get(BASE, headers={"x-api-key": KEY}).content == body
    assert KEY.encode() not in on_disk(tmp_path / "run")
    kept = read(tmp_path / "run").exchanges[0].response
    assert kept
    assert kept.body.startswith(b"<withheld:data")
    assert kept.size_bytes == len(body)


def kept_of(folder: Path, kind: str, body: bytes) -> bytes:
    """A body too large to hold, as it stands gated beside the tape, or why it does not."""
    gate = Gate()
    gate.register(KEY, "api-key")
    keeper = Keeper(gate, lambda: BlobWriter(folder), kind, text_most=100_000)
    for part in uploads(body):
        keeper.take(part)
    kept = keeper.finish()
    assert kept.size_bytes == len(body)
    if kept.blob is None:
        assert list(folder.rglob("*.*")) == []
        return kept.body
    return (folder / "blobs" / kept.blob.name).read_bytes()


def test_large_text_goes_line_by_line_or_is_withheld_with_its_reason(tmp_path: Path) -> None:
    line = json.dumps({"prompt": "fox " * 100, "api_key": KEY}).encode() + b"\n"
    lines = kept_of(tmp_path, "application/x-ndjson", line * 700)
    assert lines == line.replace(KEY.encode(), b"<secret:api-key#1 len=24 ends=01>") * 700
    withheld = f"<withheld:data#1 {len(line) * 700} bytes: too large to look into>".encode()
    assert kept_of(tmp_path, "application/json", line * 700) == withheld
    endless = kept_of(tmp_path, "text/plain", b"x" * (3 << 20))
    assert endless == b"<withheld:data#1 3145728 bytes: a line is too long to look into>"


def test_a_private_key_over_many_lines_is_held_together(tmp_path: Path) -> None:
    edge = "-----{} PRIVATE" + " KEY-----\n"
    pem = edge.format("BEGIN") + ("MIIinvented0" * 5 + "\n") * 9 + edge.format("END")
    body = (pem + "said " * 9000 + "\n") * 9
    kept = kept_of(tmp_path, "text/plain", body.encode())
    assert b"MIIinvented0" not in kept
    assert kept.count(b"said") == body.count("said")


def test_zipped_text_that_is_too_large_to_hold_is_withheld(tmp_path: Path) -> None:
    body = gzip.compress(random.Random(0).randbytes(200_000))
    assert b"too large" in kept_of(tmp_path, "application/gzip", body)


def test_a_large_json_answer_reaches_the_client_and_not_the_disk(tmp_path: Path) -> None:
    body = b'{"api_key": "' + KEY.encode() + b'", "frames": "' + b"x" * (17 << 20) + b'"}'
    head = {"content-type": "application/json"}
    tape, client = recorded(
        tmp_path / "run", lambda _: httpx.Response(200, headers=head, content=uploads(body))
    )
    with tape, client:
        assert client.get(BASE).content == body
    assert KEY.encode() not in on_disk(tmp_path / "run")
    with Replayer(tmp_path / "run") as played:
        again = httpx.Client(transport=played.transport()).get(BASE)
    assert again.text.endswith("bytes: too large to look into>")


def test_a_body_whose_file_is_gone_is_an_error_that_names_it(tmp_path: Path) -> None:
    head = {"content-type": "video/mp4"}
    tape, client = recorded(
        tmp_path / "run", lambda _: httpx.Response(200, headers=head, content=uploads(film(BIG)))
    )
    with tape, client:
        client.get(BASE)
    for blob in (tmp_path / "run" / "blobs").iterdir():
        blob.unlink()
    with Replayer(tmp_path / "run") as played, pytest.raises(UsageError, match="cannot be read"):
        httpx.Client(transport=played.transport()).get(BASE)


def test_clients_of_httpx2_are_recorded_and_played_as_well(tmp_path: Path) -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.path == "/gone":
            raise httpx2.ReadTimeout("invented silence")
        return httpx2.Response(200, content=iter([b"a", b"b"]))

    def talk(transport: Any) -> list[Any]:
        with httpx2.Client(transport=transport) as client:
            got: list[Any] = [client.get(BASE).content]
            with pytest.raises(httpx2.ReadTimeout, match="invented silence"):
                client.get(f"{BASE}/gone")
            with client.stream("POST", BASE, content=iter([b"1", b"2"])) as response:
                return [*got, list(response.iter_raw())]

    with Recorder(tmp_path / "run") as tape:
        live = talk(tape.transport(httpx2.MockTransport(answer)))
    with Replayer(tmp_path / "run") as played:
        assert talk(played.transport()) == live
    kinds = [type(exchange.answer) for exchange in read(tmp_path / "run")]
    assert kinds == [Response, Fault, Response]
