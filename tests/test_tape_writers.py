"""Several processes append to one tape, some are killed: every whole line is kept."""

import errno
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from diagnostics import tape as tapes
from diagnostics.errors import UsageError
from diagnostics.model import Exchange, Request, Response
from diagnostics.redact import Gate
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
    body = (f"{name}-{n} " * 4000).encode()[: 70_000 if n % 10 == 9 else 20_000]
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
        words = set(exchange.response.body.split()[:-1])
        assert words == {"-".join(exchange.request.url.split("/")[-2:]).encode()}


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
        body = bytes([97 + n % 26]) * (70_000 if n % 5 == 4 else 3_000)
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
            assert exchange.response.body == bytes([97 + n % 26]) * size
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


def test_a_line_that_does_not_fit_on_the_disk_is_taken_back(tmp_path: Path) -> None:
    file = tapes.TapeFile(tmp_path, Gate())
    file.begin(case())
    file.append(poll(state(1), 0))
    size = (tmp_path / tapes.NAME).stat().st_size
    made = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path), str(size + 1000)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert made.stdout == f"cannot go on writing the tape: {os.strerror(errno.EFBIG)}\n", (
        made.stderr
    )
    assert (tmp_path / tapes.NAME).stat().st_size == size
    file.append(poll(state(3), 1))
    file.close()
    assert len(tapes.read(tmp_path)) == 2


FULL = """
import resource, signal, sys
from pathlib import Path
from diagnostics.errors import UsageError
from diagnostics.redact import Gate
from diagnostics.tape import TapeFile
from tests.drive_cases import case, poll, state

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
file = TapeFile(Path(sys.argv[1]), Gate())
file.begin(case())
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
try:
    file.append(poll(state(3, note="x" * 50_000), 1))
except UsageError as error:
    print(error)
"""


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
