"""Several processes append to one tape, some are killed: every whole line is kept."""

import errno
import fcntl
import json
import os
import random
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from diagnostics import tape as tapes
from diagnostics.errors import UsageError
from diagnostics.model import Exchange, Fault, FaultKind, Request, Response
from diagnostics.redact import Gate
from diagnostics.taping.lines import LINE_MOST
from tests.drive_cases import answer, case, create, poll, state

WRITERS = 8
LINES = 40

APPEND = """
import sys
from pathlib import Path
from diagnostics.model import Exchange, Request, Response
from diagnostics.redact import Gate
from diagnostics.tape import TapeFile
from tests.drive_cases import case

folder, name, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
file = TapeFile(folder, Gate())
file.begin(case())
print("ready", flush=True)
sys.stdin.readline()
for n in range(count) if count else iter(int, 1):
    request = Request(method="GET", url=f"https://h.test/{name}/{n}")
    body = bytes(range(128, 256)) * (550 if n % 10 == 9 else 150) + f" {name}-{n}".encode()
    file.append(Exchange(request=request, answer=Response(status=200, body=body), started_s=1.0))
    if not count:
        print(n, flush=True)
file.close()
"""


def writer(folder: Path, name: str, count: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", APPEND, str(folder), name, str(count)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def started(made: subprocess.Popen[str]) -> subprocess.Popen[str]:
    assert made.stdout is not None
    assert made.stdin is not None
    assert made.stdout.readline() == "ready\n"
    made.stdin.write("go\n")
    made.stdin.flush()
    return made


def closed(made: subprocess.Popen[str]) -> None:
    for stream in (made.stdin, made.stdout):
        assert stream is not None
        stream.close()


def test_eight_processes_that_append_to_one_tape_lose_no_line(tmp_path: Path) -> None:
    writers = [writer(tmp_path, f"w{n}", LINES) for n in range(WRITERS)]
    for made in writers:
        started(made)
    for made in writers:
        assert made.wait(timeout=60) == 0
        closed(made)
    reading = tapes.read_whole(tmp_path)
    asked = sorted(exchange.request.url for exchange in reading.tape)
    assert asked == sorted(f"https://h.test/w{w}/{n}" for w in range(WRITERS) for n in range(LINES))
    assert (reading.torn, reading.missing) == (0, 0)
    assert [exchange.position for exchange in reading.tape] == list(range(WRITERS * LINES))
    assert (tmp_path / tapes.NAME).read_bytes().count(b'{"schema"') == 1
    for exchange in reading.tape:
        assert exchange.response is not None
        name = "-".join(exchange.request.url.split("/")[-2:])
        assert exchange.response.body.endswith(f" {name}".encode())
        assert len(exchange.response.body) > 19_000


# --- killed -----------------------------------------------------------------------------------


KILLED = """
import os, random, signal, sys
from pathlib import Path
from diagnostics.model import Exchange, Request, Response
from diagnostics.redact import Gate
from diagnostics.tape import TapeFile
from tests.drive_cases import case

def append(folder):
    file = TapeFile(folder, Gate())
    file.begin(case())
    os.write(1, b",")
    n = 0
    while True:
        body = bytes([128 + n]) * (70_000 if n % 5 == 4 else 3_000)
        request = Request(method="GET", url=f"https://h.test/{n}")
        reply = Response(status=200, body=body)
        file.append(Exchange(request=request, answer=reply, started_s=1.0))
        n += 1
        os.write(1, b".")

for _ in sys.stdin:
    folder = Path(_.strip())
    child = os.fork()
    if not child:
        append(folder)
    print(child, flush=True)
    os.waitpid(child, 0)
    print("\\ndead", flush=True)
"""


@pytest.fixture
def nursery() -> Iterator[subprocess.Popen[bytes]]:
    """Forks writers, so that a hundred of them cost no hundred interpreters."""
    made = subprocess.Popen(
        [sys.executable, "-c", KILLED], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
    )
    yield made
    assert made.stdin is not None
    assert made.stdout is not None
    made.stdin.close()
    assert made.wait(timeout=30) == 0
    made.stdout.close()


def kill_one(nursery: subprocess.Popen[bytes], folder: Path, after: int) -> int:
    """Kill a writer once it has told of so many lines; gives how many it told of in all."""
    assert nursery.stdin is not None
    assert nursery.stdout is not None
    nursery.stdin.write(f"{folder}\n".encode())
    heard = b""
    while b"\n" not in heard or b"," not in heard or heard.count(b".") < after:
        heard += nursery.stdout.read(1)
    child = int(heard.translate(None, b".,").split(b"\n")[0])
    os.kill(child, signal.SIGKILL)
    while b"dead\n" not in heard:
        heard += nursery.stdout.read(64)
    return heard.count(b".")


def test_killed_at_a_hundred_moments_a_tape_loses_no_line_that_was_told_of(
    tmp_path: Path, nursery: subprocess.Popen[bytes]
) -> None:
    order = random.Random(4)
    for run in range(100):
        folder = tmp_path / str(run)
        told = kill_one(nursery, folder, order.randrange(12))
        reading = tapes.read_whole(folder)
        assert [e.request.url for e in reading.tape][:told] == [
            f"https://h.test/{n}" for n in range(told)
        ]
        assert told <= len(reading.tape) <= told + 1
        assert reading.torn <= 1
        assert reading.missing == 0
        assert reading.ended is None
        for n, exchange in enumerate(reading.tape):
            assert exchange.response is not None
            size = 70_000 if n % 5 == 4 else 3_000
            assert exchange.response.body == bytes([128 + n]) * size
        again = tapes.TapeFile(folder, Gate())
        again.begin(case())
        again.append(create(answer({"code": 1000})))
        again.close()
        assert len(tapes.read(folder)) == len(reading.tape) + 1


def test_whoever_writes_after_a_torn_line_begins_a_fresh_one(tmp_path: Path) -> None:
    file = tapes.TapeFile(tmp_path, Gate())
    file.begin(case())
    for n in range(3):
        file.append(poll(state(1), n))
    file.close()
    path = tmp_path / tapes.NAME
    whole = path.read_bytes()
    for cut in range(0, len(whole), 41):
        path.write_bytes(whole[:cut])
        again = tapes.TapeFile(tmp_path, Gate())
        again.begin(case())
        again.append(poll(state(3), 0))
        again.close()
        reading = tapes.read_whole(tmp_path)
        lines = whole[:cut].count(b"\n")
        assert len(reading.tape) == max(0, lines - 1) + 1
        assert reading.torn == (0 if cut == 0 or whole[cut - 1 : cut] == b"\n" else 1)


def test_a_writer_notices_another_that_was_killed_beside_it(tmp_path: Path) -> None:
    file = tapes.TapeFile(tmp_path, Gate())
    file.begin(case())
    file.append(poll(state(1), 0))
    with (tmp_path / tapes.NAME).open("ab") as other:
        other.write(b'{"n":1,"scenario":"jo')
    file.append(poll(state(3), 1))
    file.close()
    reading = tapes.read_whole(tmp_path)
    assert (len(reading.tape), reading.torn) == (2, 1)


def test_a_blank_line_is_no_torn_line(tmp_path: Path) -> None:
    file = tapes.TapeFile(tmp_path, Gate())
    file.begin(case())
    file.close()
    with (tmp_path / tapes.NAME).open("ab") as other:
        other.write(b"\n \n")
    assert tapes.read_whole(tmp_path).torn == 0


@contextmanager
def full_at(size: int) -> Iterator[None]:
    """Inside, no file grows beyond so many bytes."""
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, usual[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)
        signal.signal(signal.SIGXFSZ, handler)


def test_a_line_that_does_not_fit_on_the_disk_is_taken_back(tmp_path: Path) -> None:
    file = tapes.TapeFile(tmp_path, Gate())
    file.begin(case())
    file.append(poll(state(1), 0))
    path = tmp_path / tapes.NAME
    size = path.stat().st_size
    for room in (0, 1, 1000):
        with full_at(size + room), pytest.raises(UsageError) as caught:
            file.append(poll(state(3, note="x" * 50_000), 1))
        assert caught.value.message.endswith(os.strerror(errno.EFBIG))
        assert "diagnostics report" in (caught.value.hint or "")
        assert path.stat().st_size == size
    file.append(poll(state(3), 1))
    file.close()
    reading = tapes.read_whole(tmp_path)
    assert (len(reading.tape), reading.torn) == (2, 0)


def test_a_body_that_does_not_fit_on_the_disk_leaves_nothing(tmp_path: Path) -> None:
    file = tapes.TapeFile(tmp_path, Gate())
    file.begin(case())
    with file.blob_writer() as blob, full_at(1 << 20), pytest.raises(UsageError) as caught:
        blob.write(b"x" * 2**21)
    assert caught.value.hint
    assert list((tmp_path / "blobs").iterdir()) == []
    file.close()


def test_a_lock_that_is_never_given_back_stops_nobody(tmp_path: Path) -> None:
    file = tapes.TapeFile(tmp_path, Gate())
    file.begin(case())
    with (tmp_path / tapes.NAME).open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        file.append(poll(state(3), 0))
    file.close()
    assert len(tapes.read(tmp_path)) == 1


def test_threads_that_share_a_writer_lose_no_line(tmp_path: Path) -> None:
    file = tapes.TapeFile(tmp_path, Gate())
    file.begin(case())
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: file.append(poll(state(1), n)), range(200)))
    file.close()
    reading = tapes.read_whole(tmp_path)
    assert (len(reading.tape), reading.torn) == (200, 0)
    assert b"\n\n" not in (tmp_path / tapes.NAME).read_bytes()


def test_a_writer_that_never_began_only_gates() -> None:
    file = tapes.TapeFile(Path("nowhere"), Gate())
    assert file.append(poll(state(1), 0)) == poll(state(1), 0)
    file.end()
    file.close()
    assert not Path("nowhere").exists()


# --- bodies -----------------------------------------------------------------------------------


def exchange_of(body: bytes = b"", sent: bytes = b"") -> Exchange:
    request = Request(method="POST", url="https://h.test/v", body=sent)
    return Exchange(request=request, answer=Response(status=200, body=body), started_s=1.0)


def test_a_body_written_in_parts_stands_beside_the_tape_once_and_whole(tmp_path: Path) -> None:
    parts = [os.urandom(100_000) for _ in range(5)]
    file = tapes.TapeFile(tmp_path, Gate())
    file.begin(case())
    for _ in range(2):
        with file.blob_writer() as blob:
            for part in parts:
                blob.write(part)
            kept = blob.finish()
        file.append(exchange_of(), bodies=tapes.Bodies(request=kept, answer=kept))
    file.close()
    assert sum(p.stat().st_size for p in (tmp_path / "blobs").iterdir()) == 500_000
    for exchange in tapes.read(tmp_path):
        assert exchange.response is not None
        assert exchange.response.body == exchange.request.body == b"".join(parts)
        assert not exchange.response.truncated


def test_a_body_that_is_not_finished_leaves_nothing(tmp_path: Path) -> None:
    file = tapes.TapeFile(tmp_path, Gate())
    file.begin(case())
    with file.blob_writer() as blob:
        blob.write(b"half")
    file.close()
    assert list((tmp_path / "blobs").iterdir()) == []


def test_judges_are_given_the_beginning_of_a_huge_body_and_told_so(tmp_path: Path) -> None:
    file = tapes.TapeFile(tmp_path, Gate())
    file.begin(case())
    with file.blob_writer() as blob:
        for _ in range(17):
            blob.write(b"x" * 2**20)
        kept = blob.finish()
    file.append(exchange_of(), bodies=tapes.Bodies(answer=kept))
    file.close()
    (exchange,) = tapes.read(tmp_path)
    assert exchange.response is not None
    assert (len(exchange.response.body), exchange.response.truncated) == (16 * 2**20, True)


def test_a_binary_body_takes_its_own_size_on_disk(tmp_path: Path) -> None:
    body = os.urandom(300_000)
    file = tapes.TapeFile(tmp_path, Gate())
    file.begin(case())
    file.append(exchange_of(body, sent=body))
    file.close()
    assert sum(p.stat().st_size for p in tmp_path.rglob("*") if p.is_file()) < 302_000


@pytest.mark.parametrize("kind", ["missing", "link", "pipe", "folder"])
def test_a_body_that_is_not_there_is_counted_and_nothing_else_is_read(
    tmp_path: Path, kind: str
) -> None:
    file = tapes.TapeFile(tmp_path / "run", Gate())
    file.begin(case())
    file.append(exchange_of(b"x" * 100_000))
    file.close()
    (blob,) = (tmp_path / "run" / "blobs").iterdir()
    blob.unlink()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("not of this tape")
    if kind == "link":
        blob.symlink_to(elsewhere)
    elif kind == "pipe":
        os.mkfifo(blob)
    elif kind == "folder":
        blob.mkdir()
    reading = tapes.read_whole(tmp_path / "run")
    (exchange,) = reading.tape
    assert exchange.response is not None
    assert (exchange.response.body, reading.missing) == (b"", 1)


@pytest.mark.parametrize("name", ["../../etc/passwd", "x", 7, None, "A" * 64, ["y"]])
def test_a_body_is_looked_for_under_a_hash_only(tmp_path: Path, name: object) -> None:
    file = tapes.TapeFile(tmp_path, Gate())
    file.begin(case())
    file.append(exchange_of(b"x" * 100_000))
    file.close()
    path = tmp_path / tapes.NAME
    case_line, line = path.read_text().splitlines()
    value = json.loads(line)
    value["answer"]["blob"] = name
    path.write_text(f"{case_line}\n{json.dumps(value)}\n")
    assert tapes.read_whole(tmp_path).torn == 1


def test_a_disk_that_takes_no_body_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "blobs").write_text("in the way")
    file = tapes.TapeFile(tmp_path, Gate())
    file.begin(case())
    with pytest.raises(UsageError) as caught:
        file.blob_writer()
    assert caught.value.hint
    file.close()


def test_what_a_writer_notes_besides_passes_the_gate(tmp_path: Path) -> None:
    gate = Gate()
    gate.register("invented-akool-key-0001", "akool-api-key")
    file = tapes.TapeFile(tmp_path, gate)
    file.begin(case())
    notes = {"raised": "ReadTimeout", "text": "invented-akool-key-0001"}
    file.append(exchange_of(), notes=notes)
    file.close()
    assert b"invented-akool-key-0001" not in (tmp_path / tapes.NAME).read_bytes()
    with tapes.TapeIndex.open(tmp_path) as index:
        found = index.take("POST", "https://h.test/v", b"")
    assert found is not None
    assert found.notes["raised"] == "ReadTimeout"


def test_a_body_whose_name_is_taken_by_a_folder_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    body = b"a body"
    (tmp_path / "blobs" / sha256(body).hexdigest() / "full").mkdir(parents=True)
    file = tapes.TapeFile(tmp_path, Gate())
    file.begin(case())
    blob = file.blob_writer()
    blob.write(body)
    with pytest.raises(UsageError) as caught:
        blob.finish()
    assert caught.value.hint
    assert len(list((tmp_path / "blobs").iterdir())) == 1
    file.close()


def test_a_cut_body_may_be_large_too(tmp_path: Path) -> None:
    cut = Fault(kind=FaultKind.CUT_BODY, message="cut", status=200, body=b"y" * 100_000)
    file = tapes.TapeFile(tmp_path, Gate())
    file.begin(case())
    file.append(replace(exchange_of(), answer=cut, source="x.har: entry 1", flow="a"))
    file.close()
    (exchange,) = tapes.read(tmp_path)
    assert (exchange.answer, exchange.source, exchange.flow) == (cut, "x.har: entry 1", "a")


def test_a_line_longer_than_any_of_ours_is_passed_over_in_parts(tmp_path: Path) -> None:
    file = tapes.TapeFile(tmp_path, Gate())
    file.begin(case())
    with (tmp_path / tapes.NAME).open("ab") as other:
        for _ in range(3):
            other.write(b"z" * LINE_MOST)
        other.write(b"\n")
    file.append(poll(state(3), 0))
    file.close()
    reading = tapes.read_whole(tmp_path)
    assert (len(reading.tape), reading.torn) == (1, 1)
    with tapes.TapeIndex.open(tmp_path) as index:
        assert index.exchange(0) == reading.tape.exchanges[0]
