"""An index finds what the tape holds, fast at any size, and is never trusted further than that."""

import asyncio
import json
import os
import struct
import threading
import zlib
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from diagnostics.drive.driver import Slot
from diagnostics.drive.key import request_key, streamed_key
from diagnostics.drive.replay import Replay
from diagnostics.errors import UsageError
from diagnostics.model import Exchange, Fault, FaultKind, Request, Response, Unsent, UnsentReason
from diagnostics.redact import Gate
from diagnostics.tape import BLOB_BYTES, NAME, Bodies, TapeFile, TapeIndex, read
from diagnostics.taping.blobs import parts_of
from diagnostics.taping.entries import entries
from diagnostics.taping.index import KEPT_LEAST
from diagnostics.taping.table import Stamp, Table
from tests.drive_cases import akool, case

URL = "https://api.example.test/v1/jobs"
MANY = KEPT_LEAST + 20


def told(number: int) -> Exchange:
    return Exchange(
        request=Request(method="GET", url=f"{URL}/{number}"),
        answer=Response(
            status=200,
            reason="Fine",
            headers=(("X-Number", str(number)), ("x-number", "again")),
            body=f"answer {number}".encode(),
            http_version="HTTP/2",
            chunks=((0.0, 3), (0.5, 5)),
        ),
        started_s=float(number),
        duration_s=0.5,
    )


def written(folder: Path, *tape: Exchange) -> Path:
    file = TapeFile(folder, Gate())
    file.begin(case())
    for exchange in tape:
        file.append(exchange)
    file.close()
    return folder


@pytest.fixture
def long(tmp_path: Path) -> Path:
    return written(tmp_path / "run", *map(told, range(MANY)))


def answered(folder: Path, *numbers: int) -> list[bytes]:
    with TapeIndex.open(folder) as index:
        found = [index.take("GET", f"{URL}/{number}", b"") for number in numbers]
    return [b"" if one is None else one.body for one in found]


def test_everything_a_replay_needs_comes_with_the_answer(tmp_path: Path) -> None:
    with TapeIndex.open(written(tmp_path, told(7))) as index:
        found = index.take("GET", f"{URL}/7", b"")
    assert found is not None
    assert (found.status, found.reason, found.http_version) == (200, "Fine", "HTTP/2")
    assert found.headers == (("X-Number", "7"), ("x-number", "again"))
    assert (found.body, found.size_bytes, found.blob) == (b"answer 7", 8, None)
    assert found.chunks == ((0.0, 3), (0.5, 5))
    assert (found.position, found.started_s, found.duration_s) == (0, 7.0, 0.5)
    assert (found.fault, found.notes) == (None, {})


def test_a_failure_is_found_with_what_had_come_before_it(tmp_path: Path) -> None:
    cut = Fault(
        kind=FaultKind.CUT_BODY,
        message="the body ended before it was whole",
        may_have_arrived=True,
        status=200,
        headers=(("Content-Length", "99"),),
        body=b"half",
    )
    with TapeIndex.open(written(tmp_path, replace(told(1), answer=cut))) as index:
        found = index.take("GET", f"{URL}/1", b"")
    assert found is not None
    assert (found.status, found.headers, found.body) == (200, cut.headers, b"half")
    assert found.fault == cut


def test_a_large_body_is_named_and_not_read(tmp_path: Path) -> None:
    body = os.urandom(BLOB_BYTES + 1)
    big = replace(told(1), answer=Response(status=200, body=body))
    with TapeIndex.open(written(tmp_path, big)) as index:
        found = index.take("GET", f"{URL}/1", b"")
    assert found is not None
    assert found.blob is not None
    assert (found.body, found.size_bytes) == (b"", len(body))
    assert found.blob.read_bytes() == body


@pytest.mark.parametrize("size", [BLOB_BYTES + 1, 16 * 2**20 + 1])
def test_a_large_upload_is_found_by_what_it_holds(tmp_path: Path, size: int) -> None:
    sent = b"v" * size
    file = TapeFile(tmp_path, Gate())
    file.begin(case())
    with file.blob_writer() as blob:
        blob.write(sent)
        kept = blob.finish()
    upload = replace(told(1), request=Request(method="PUT", url=URL))
    file.append(upload, bodies=Bodies(request=kept))
    file.close()
    with TapeIndex.open(tmp_path) as index:
        key = streamed_key("PUT", URL, [sent[:1000], sent[1000:]])
        assert index.take_key(key, URL) is not None
        assert index.take_key(key, URL) is None


def test_a_flow_gets_its_own_answers_first(tmp_path: Path) -> None:
    tape = [replace(told(1), flow=flow, started_s=at) for at, flow in enumerate("abab")]
    with TapeIndex.open(written(tmp_path, *tape)) as index:
        found = [index.take("GET", f"{URL}/1", b"", flow=flow) for flow in "bbaab"]
    assert [one and one.position for one in found] == [1, 3, 0, 2, None]


def test_what_never_left_cannot_be_played_by_a_transport(tmp_path: Path) -> None:
    kept = Unsent(reason=UnsentReason.NO_BUDGET, message="no budget")
    folder = written(tmp_path, replace(told(1), answer=kept), replace(told(1), started_s=5.0))
    with TapeIndex.open(folder) as index:
        found = index.take("GET", f"{URL}/1", b"")
        assert found is not None
        assert found.position == 1
        assert index.unplayed() == []
        driver = Replay(index)
        first = asyncio.run(driver.exchange(told(1).request, Slot()))
    assert first.answer == kept


def test_an_announced_call_that_nobody_answered_is_played_as_ambiguous(tmp_path: Path) -> None:
    file = TapeFile(tmp_path, Gate())
    file.begin(case())
    request = akool().request("createTalkingPhoto", body={"resolution": "720"})
    file.intend(request, Slot(scenario="job"), 5.0)
    file.append(told(1))
    file.close()
    with TapeIndex.open(tmp_path) as index:
        found = index.take(request.method, request.url, request.body)
        assert found is not None
        assert found.fault is not None
        assert found.fault.may_have_arrived
        assert [index.exchange(n) for n in range(len(index))] == list(read(tmp_path))


def test_an_index_reads_exchanges_as_reading_the_whole_tape_does(long: Path) -> None:
    with TapeIndex.open(long) as index:
        assert [index.exchange(n) for n in range(len(index))] == list(read(long))
        with pytest.raises(IndexError):
            index.exchange(MANY)


def test_a_miss_names_the_nearest_and_says_where_it_differs(long: Path) -> None:
    with TapeIndex.open(long) as index:
        miss = index.miss("GET", f"{URL}/7?wide=1", b"")
        assert "query.wide" in miss.told()
        assert index.take("GET", f"{URL}/7", b"") is not None
        assert "recorded 1 times, and none is left" in index.miss("GET", f"{URL}/7", b"").told()


def test_a_miss_counts_what_was_recorded_and_not_what_was_only_built(tmp_path: Path) -> None:
    built = replace(told(1), answer=Unsent(reason=UnsentReason.DRY))
    with TapeIndex.open(written(tmp_path / "a", built, told(1), told(1))) as index:
        assert index.miss("GET", f"{URL}/1", b"").played == 2
    with TapeIndex.open(written(tmp_path / "b", *(told(1) for _ in range(200)))) as index:
        assert index.miss("GET", f"{URL}/1", b"").played == 200


def test_large_uploads_are_compared_whole_but_one_at_a_time(tmp_path: Path) -> None:
    bodies = [b"u" * (BLOB_BYTES + n) for n in range(1, 6)]
    puts = [Request(method="PUT", url=URL, body=body) for body in bodies]
    tape = [replace(told(1), request=put) for put in puts]
    with TapeIndex.open(written(tmp_path, *tape)) as index:
        miss = index.miss("PUT", URL, bodies[0] + b"another end")
        assert [exchange.request.body for exchange in index.unplayed()] == [b""] * 5
    (difference,) = miss.differences
    assert difference.place.startswith(f"body (from byte {len(bodies[0])};")


def test_many_threads_take_each_recording_once(tmp_path: Path) -> None:
    folder = written(tmp_path, *(replace(told(1), started_s=float(n)) for n in range(400)))
    taken: list[int] = []
    with TapeIndex.open(folder) as index:

        def work() -> None:
            while found := index.take("GET", f"{URL}/1", b""):
                taken.append(found.position)

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(taken) == list(range(400))


# --- the file beside the tape -----------------------------------------------------------------


def test_a_long_tape_keeps_its_index_and_a_short_one_needs_none(long: Path, tmp_path: Path) -> None:
    short = written(tmp_path / "short", told(1))
    answered(short, 1)
    answered(long, 1)
    assert not (short / "tape.idx").exists()
    assert (long / "tape.idx").stat().st_size < 120 * MANY


def test_a_kept_index_is_used_again(long: Path) -> None:
    answered(long, 1)
    before = (long / "tape.idx").stat()
    assert answered(long, 9, MANY - 1) == [b"answer 9", f"answer {MANY - 1}".encode()]
    after = (long / "tape.idx").stat()
    assert (before.st_mtime_ns, before.st_ino) == (after.st_mtime_ns, after.st_ino)


def test_a_copied_tape_keeps_its_index(long: Path) -> None:
    answered(long, 1)
    before = (long / "tape.idx").stat().st_ino
    os.utime(long / NAME, ns=(1, 1))
    assert answered(long, 9) == [b"answer 9"]
    assert (long / "tape.idx").stat().st_ino == before


def test_a_tape_that_grew_is_indexed_anew(long: Path) -> None:
    answered(long, 1)
    written(long, told(99_999))
    assert answered(long, 99_999, 3) == [b"answer 99999", b"answer 3"]


def test_a_tape_that_was_edited_is_indexed_anew(long: Path) -> None:
    answered(long, 1)
    path = long / NAME
    whole = path.read_bytes()
    path.write_bytes(whole.replace(f'{URL}/7"'.encode(), f'{URL}/X"'.encode(), 1))
    assert path.stat().st_size == len(whole)
    with TapeIndex.open(long) as index:
        assert index.take("GET", f"{URL}/7", b"") is None
        assert index.take("GET", f"{URL}/X", b"") is not None


def test_a_torn_index_is_built_anew(long: Path) -> None:
    answered(long, 1)
    path = long / "tape.idx"
    whole = path.read_bytes()
    for torn in (b"", whole[:7], whole[:-1], whole + b"x", b"no index at all" * 99, whole[:90]):
        path.write_bytes(torn)
        assert answered(long, 9) == [b"answer 9"]
        assert path.read_bytes()[:8] == whole[:8]


@given(at=st.integers(0), bit=st.integers(0, 7))
def test_an_index_with_any_bit_turned_is_none(at: int, bit: int) -> None:
    stamp = Stamp(size=1, modified_ns=2, tail=b"t" * 16, whole=b"w" * 16)
    tape = [replace(told(n), position=n) for n in range(5)]
    raw = bytearray(Table.build(entries(tape)).to_bytes(stamp))
    assert Table.from_bytes(bytes(raw)) is not None
    raw[at % len(raw)] ^= 1 << bit
    found = Table.from_bytes(bytes(raw))
    assert found is None or found[1] != stamp


@settings(
    max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(at=st.integers(0), bit=st.integers(0, 7))
def test_an_index_with_any_bit_turned_is_built_anew(long: Path, at: int, bit: int) -> None:
    answered(long, 1)
    path = long / "tape.idx"
    broken = bytearray(path.read_bytes())
    broken[at % len(broken)] ^= 1 << bit
    path.write_bytes(broken)
    assert answered(long, 9, 10) == [b"answer 9", b"answer 10"]


def forged(long: Path, change: dict[str, Any]) -> None:
    """An index whose checks all hold and whose numbers lie."""
    answered(long, 1)
    path = long / "tape.idx"
    known = Table.from_bytes(path.read_bytes())
    assert known is not None
    for name, column in change.items():
        width, code = (8, "Q") if name == "offset" else (4, "I")
        most = memoryview(b"\xff" * width * len(getattr(known[0], name))).cast(code)  # type: ignore[call-overload]  # mypy wants a literal
        change[name] = column or most
    lying = replace(known[0], **change)
    path.write_bytes(lying.to_bytes(known[1]))


@pytest.mark.parametrize(
    "name", ["offset", "length", "position", "count", "starts", "row_of", "tolerant_row"]
)
def test_an_index_that_lies_gives_an_error_and_never_another_answer(long: Path, name: str) -> None:
    forged(long, {name: None})
    with TapeIndex.open(long) as index:
        with suppress(UsageError):
            found = index.take("GET", f"{URL}/9", b"")
            assert found is None or found.body == b"answer 9"
        with suppress(UsageError):
            asyncio.run(Replay(index).exchange(told(9).request, Slot()))


def test_an_index_that_points_to_another_exchange_is_found_out(long: Path) -> None:
    answered(long, 1)
    known = Table.from_bytes((long / "tape.idx").read_bytes())
    assert known is not None
    turned = struct.pack(f"={MANY}Q", *list(known[0].offset)[::-1])
    lengths = struct.pack(f"={MANY}I", *list(known[0].length)[::-1])
    forged(long, {"offset": memoryview(turned).cast("Q"), "length": memoryview(lengths).cast("I")})
    with TapeIndex.open(long) as index, pytest.raises(UsageError, match="index is not its own"):
        index.take("GET", f"{URL}/9", b"")


@given(raw=st.binary(max_size=200))
def test_no_bytes_make_the_reader_of_an_index_raise(raw: bytes) -> None:
    assert Table.from_bytes(raw) is None
    table = Table.build([])
    stamp = Stamp(size=0, modified_ns=0, tail=b"", whole=b"")
    whole = table.to_bytes(stamp)
    header = bytearray(whole[: len(whole) - 12])
    header[8 : 8 + min(16, len(raw))] = raw[:16]
    assert Table.from_bytes(bytes(header)) is None
    assert zlib.crc32(whole) != zlib.crc32(bytes(header))


def test_a_folder_that_cannot_be_written_is_played_all_the_same(long: Path) -> None:
    (long / "tape.idx").mkdir()
    assert answered(long, 9) == [b"answer 9"]


def test_an_index_that_is_a_link_is_not_followed(long: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("kept")
    (long / "tape.idx").symlink_to(elsewhere)
    assert answered(long, 9) == [b"answer 9"]
    assert elsewhere.read_text() == "kept"


def test_an_index_holds_nothing_of_the_text_of_a_tape(long: Path) -> None:
    answered(long, 1)
    held = (long / "tape.idx").read_bytes()
    assert b"example" not in held
    assert b"answer" not in held


def test_a_tape_that_changes_while_it_is_played_is_an_error_with_a_remedy(long: Path) -> None:
    with TapeIndex.open(long) as index:
        (long / NAME).write_bytes(b"x" * (long / NAME).stat().st_size)
        with pytest.raises(UsageError, match="changed while it was played") as caught:
            index.take("GET", f"{URL}/9", b"")
        assert caught.value.hint
        with pytest.raises(UsageError, match="changed while it was played"):
            index.exchange(3)


@pytest.mark.parametrize("kind", ["missing", "pipe"])
def test_a_tape_that_cannot_be_opened_names_its_place(tmp_path: Path, kind: str) -> None:
    if kind == "pipe":
        os.mkfifo(tmp_path / NAME)
    with pytest.raises(UsageError) as caught:
        TapeIndex.open(tmp_path)
    assert NAME in (caught.value.place or "")


@settings(max_examples=60, deadline=None)
@given(lines=st.lists(st.binary(max_size=60), max_size=6))
def test_no_bytes_make_the_index_raise(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes]
) -> None:
    folder = tmp_path_factory.mktemp("tape")
    (folder / NAME).write_bytes(b"\n".join(lines))
    with TapeIndex.open(folder) as index:
        assert index.take("GET", URL, b"") is None
        assert index.miss("GET", URL, b"").told()


def test_requests_of_any_key_are_found_among_thousands(tmp_path: Path) -> None:
    with (tmp_path / NAME).open("w") as file:
        for n in range(3000):
            line = {"request": {"method": "GET", "url": f"{URL}/{n % 1500}"}, "started_s": 3000 - n}
            file.write(json.dumps(line | {"answer": {"status": 200, "reason": str(n)}}) + "\n")
    with TapeIndex.open(tmp_path) as index:
        assert len({request_key("GET", f"{URL}/{n}", b"") for n in range(1500)}) == 1500
        for n in range(1500):
            both = [index.take("GET", f"{URL}/{n}", b"") for _ in range(3)]
            assert [one and one.reason for one in both] == [str(n + 1500), str(n), None]


ANNOUNCED = (
    b'{"intent":{"request":{"method":"GET","url":"/d"},"answer":{"status":1},"started_s":1}}'
)


@settings(max_examples=40, deadline=None)
@given(
    lines=st.lists(
        st.sampled_from(
            [
                b"{}",
                b"torn",
                b'{"request":{"method":"GET","url":"/a"},"answer":{"status":"x"},"started_s":1}',
                b'{"request":{"method":"GET","url":"/a"},"answer":{"status":200},"started_s":NaN}',
                b'{"request":{"method":"GET","url":"/b","blob":"x"},"answer":{},"started_s":1}',
                b'{"request":{"method":"GET","url":"/c"},"answer":{"status":1,"blob_bytes":"x",'
                b'"blob":"' + b"0" * 64 + b'"},"started_s":1e400}',
                ANNOUNCED,
                b'{"intent":7}',
                b'{"ended":{}}',
            ]
        ),
        max_size=12,
    )
)
def test_an_index_counts_the_places_of_any_tape_as_reading_it_does(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes]
) -> None:
    folder = written(tmp_path_factory.mktemp("tape"))
    with (folder / NAME).open("ab") as file:
        file.write(b"\n".join(lines))
    with TapeIndex.open(folder) as index:
        whole = list(read(folder))
        assert repr([index.exchange(n) for n in range(len(index))]) == repr(whole)
        for exchange in whole:
            assert index.take("GET", exchange.request.url, b"") is not None


def test_a_body_that_is_gone_is_an_error_when_it_is_streamed(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        list(parts_of(tmp_path / "blobs" / ("0" * 64)))
    assert "blobs" in (caught.value.hint or "")
