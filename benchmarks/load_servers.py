"""Who answers a load that is measured? As little as can be, on a core of its own.

`python -m benchmarks.load_servers` listens on a free port of 127.0.0.1, prints it, and answers each
request with some 300 bytes of JSON: a job that is running. It ends with its standard input.
"""

import os
import select
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.children import ROOT, BrokenError, environment
from benchmarks.servers import end_some_time

_BODY = b'{"code":1000,"msg":"OK","data":{"_id":"65f0c0ffee0000000000%04x","video_status":2,"p":"'
_START_S = 20.0


def pinned(core: int) -> None:
    """Stay on that core, where the system can be told so and has as many."""
    if hasattr(os, "sched_setaffinity") and (os.cpu_count() or 1) > core:
        os.sched_setaffinity(0, {core})


@contextmanager
def bare() -> Iterator[int]:
    """The port of such a server, gone when the block ends."""
    child = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.load_servers"],
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    timer = threading.Timer(_START_S, child.kill)
    timer.start()
    try:
        line = child.stdout.readline() if child.stdout else ""
        timer.cancel()
        if not line:
            raise BrokenError("the bare server did not start")
        yield int(line)
    finally:
        timer.cancel()
        child.kill()
        child.communicate()


def _answers() -> list[bytes]:
    found = []
    for number in range(4096):
        body = (_BODY % number).ljust(297, b"x") + b'"}}'
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        found.append(head % len(body) + body)
    return found


def main() -> None:
    """Serve until standard input ends."""
    pinned(1)
    end_some_time()
    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    listener.settimeout(0.0)
    print(listener.getsockname()[1], flush=True)
    poll, talking, answers, number = select.epoll(), dict[int, socket.socket](), _answers(), 0
    poll.register(listener.fileno(), select.EPOLLIN)
    while True:
        for fd, _ in poll.poll():
            if fd == listener.fileno():
                _accept(listener, poll, talking)
                continue
            heard = _heard(talking[fd])
            if heard:
                number += 1
                talking[fd].send(answers[number & 4095])
            else:
                poll.unregister(fd)
                talking.pop(fd).close()


def _accept(listener: socket.socket, poll: select.epoll, talking: dict[int, socket.socket]) -> None:
    while True:
        try:
            new, _ = listener.accept()
        except BlockingIOError:
            return
        new.settimeout(0.0)
        new.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        talking[new.fileno()] = new
        poll.register(new.fileno(), select.EPOLLIN)


def _heard(talking: socket.socket) -> bytes:
    try:
        return talking.recv(4096)
    except OSError:
        return b""


if __name__ == "__main__":
    main()
