"""What runs beside `diagnostics load`? The generator, its workers, and the emulator it may load.

    python -m diagnostics.cli.load_child generator      the order is the first line of stdin
    python -m diagnostics.cli.load_child worker PORT    the same order, to be warm for it
    python -m diagnostics.cli.load_child emulate …      as `diagnostics emulate`

Each ends when its standard input does, so that none outlives the command, however that ends.
Keys are read from the environment here: no order holds one.
"""

import json
import os
import signal
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from time import perf_counter, time
from typing import TYPE_CHECKING, Any

from diagnostics.cli.load_process import SAMPLES, Process
from diagnostics.errors import DiagnosticsError, Exit, TargetError, UsageError
from diagnostics.model import Json

if TYPE_CHECKING:  # Locust replaces half of the standard library: here only, and first
    from diagnostics.loading.sharing import Order

TELL_S = 0.5
HEAD_START_S = 0.7
"""From the order to the first arrival: engines are made and users are there by then."""
WORKERS_S = 30.0


def say(**words: Json) -> None:
    """One line to the command; when it has gone, nobody needs us any more."""
    try:
        data = json.dumps(words, default=str).encode() + b"\n"
        while data:
            data = data[os.write(1, data) :]
    except OSError:
        os._exit(Exit.INCONCLUSIVE)


def main(argv: Sequence[str] | None = None) -> int:
    """One of the three."""
    role, *rest = sys.argv[1:] if argv is None else argv
    if role == "emulate":
        return _emulate(rest)
    import locust  # noqa: F401, PLC0415  # before anything else imports ssl: gevent replaces it

    told = json.loads(sys.stdin.readline() or "{}")
    try:
        made = Worker(told, int(rest[0])) if role == "worker" else Generator(told)
        return made.run()
    except DiagnosticsError as error:
        _tell(error)
        return int(error.exit)


def _emulate(rest: Sequence[str]) -> int:
    from diagnostics.cli.main import main as command  # noqa: PLC0415  # the command itself

    def wait() -> None:
        while os.read(0, 4096):
            pass
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=wait, name="stdin", daemon=True).start()
    return command(["emulate", "--json", *rest])


# --- the generator ----------------------------------------------------------------------------


def _tell(error: DiagnosticsError) -> None:
    say(
        kind="error",
        message=error.message,
        place=error.place,
        hint=error.hint,
        exit=int(error.exit),
    )


class Generator:
    """Locust with our users: alone, or the master of workers."""

    def __init__(self, told: Mapping[str, Json]) -> None:
        from diagnostics.loading.sharing import Order  # noqa: PLC0415  # after Locust

        self.order = Order.from_data(told["order"])
        self.workers = int(told.get("workers", 1))
        self.environment = _environment()
        self.runner = self._runner()
        self.process = Process(self.environment, lambda _environment: self._started())
        self.refused: DiagnosticsError | None = None
        self.stopped, self.finished = "", False
        """Told to stop; over, as Locust says. (Its state stays at stopping where a worker died.)"""
        self.environment.events.test_stop.add_listener(lambda **_event: self._finish())
        self.news: list[Mapping[str, Json]] = []
        self.process.load.refuse = self._refuse  # type: ignore[method-assign]  # ours to tell, not Locust's log

    def _finish(self) -> None:
        self.finished = True

    def _runner(self) -> Any:
        if self.workers == 1:
            return self.environment.create_local_runner()
        runner = self.environment.create_master_runner("127.0.0.1", 0)
        runner.register_message(SAMPLES, lambda msg, **_other: self.news.extend(msg.data))
        return runner

    def _refuse(self, error: DiagnosticsError) -> None:
        self.refused = error

    def _started(self) -> "Order":
        """The order from a moment on at which everything is there: nothing is late at the start."""
        _warm(self.order)
        return replace(self.order, start_at=time() + HEAD_START_S)

    def run(self) -> int:
        """Until the profile is over, or somebody says so."""
        import gevent  # noqa: PLC0415  # see `main`

        gevent.spawn(self._obey)
        if self.workers > 1:
            self._await_workers()
        self.environment.shape_class = self.process.load.shape()
        self.runner.start_shape()
        while not self._over():
            gevent.sleep(TELL_S)
            if self.refused is not None:
                raise self.refused
            if self.workers == 1:
                self.process.busy()
            self._report()
        self._end()
        return 0

    def _await_workers(self) -> None:
        import gevent  # noqa: PLC0415  # see `main`

        say(kind="listening", port=self.runner.server.port)
        until_s = perf_counter() + WORKERS_S
        while len(self.runner.clients.ready) < self.workers and not self.stopped:
            if perf_counter() > until_s:
                there = len(self.runner.clients.ready)
                raise TargetError(
                    f"only {there} of {self.workers} workers came within {WORKERS_S:g} s",
                    hint="is the machine very busy? Use fewer",
                )
            gevent.sleep(0.05)

    def _over(self) -> bool:
        return bool(self.stopped) or self.finished or self.process.load.broken is not None

    def _obey(self) -> None:
        """What the command says; when it has gone, everything ends."""
        for words in heard():
            if words.get("do") == "halt":
                self.process.load.halt(str(words.get("why")))
            else:
                self.stopped = "stop"

    def _report(self) -> None:
        load = self.process.load
        if load.tally is None:
            return
        news, self.news = [*self.news, *self.process.news()], []
        for one in news:
            say(**one)
        say(
            kind="counts",
            counts=load.tally.delta(),
            elapsed_s=load.elapsed_s,
            began_at=load.order.start_at if load.order else None,
            flows=load.flows,
            workers=[_worker(one) for one in load.workers],
        )

    def _end(self) -> None:
        if not self.finished:
            self.runner.stop()
        broken = self.process.load.broken
        self.news.extend(self.process.finish())
        self._report()
        if broken is not None:
            raise TargetError(f"the load stopped by itself: {broken}", hint=_DEFECT)
        lost = [one.lost_after_s is not None for one in self.process.load.workers]
        say(kind="ended", why="workers" if lost and all(lost) else "completed")
        if self.workers > 1:
            self.runner.quit()


_DEFECT = "this is a defect of ours: please report it"


def _worker(known: Any) -> Json:
    """One of Locust's workers, as `load.json` holds it."""
    return {
        "name": f"worker {known.index}",
        "requests": known.requests,
        "lost_after_s": known.lost_after_s,
    }


class Worker:
    """One of the processes that a master shares the load out to."""

    def __init__(self, told: Mapping[str, Json], port: int) -> None:
        from diagnostics.loading.sharing import Order  # noqa: PLC0415  # after Locust

        _warm(Order.from_data(told["order"]))
        self.environment = _environment()
        self.runner = self.environment.create_worker_runner("127.0.0.1", port)
        self.process = Process(self.environment, _no_order)
        self.environment.events.quitting.add_listener(lambda **_event: self._quit())
        self.ended = False

    def _quit(self) -> None:
        self.ended = True

    def run(self) -> int:
        """Until the master says so, or the command has gone."""
        import gevent  # noqa: PLC0415  # see `main`

        gevent.spawn(lambda: list(heard()))
        while not self.ended:
            gevent.sleep(TELL_S)
            self.process.busy()
            self._send()
        return 0

    def _send(self) -> None:
        news = self.process.news()
        if news:
            self.runner.send_message(SAMPLES, news)


def _no_order(_environment: Any) -> "Order":
    raise UsageError("a worker has its order from its master")


def _environment() -> Any:
    from locust.env import Environment  # noqa: PLC0415  # see `main`

    from diagnostics.loading.callers import Caller  # noqa: PLC0415  # as above

    return Environment(user_classes=[Caller], stop_timeout=0)


def heard() -> Iterator[Mapping[str, Json]]:
    """What the command says; when it has gone, this process ends."""
    from gevent.os import tp_read  # noqa: PLC0415  # see `main`

    rest = b""
    while data := tp_read(0, 65_536):
        *lines, rest = (rest + data).split(b"\n")
        yield from map(json.loads, lines)
    os._exit(Exit.INTERRUPTED)


def _warm(order: "Order") -> None:
    """What is slow only once, before anything is due: contracts, answers, files, a key."""
    from diagnostics import contract_load, prepare  # noqa: PLC0415  # after Locust
    from diagnostics.media import inspect  # noqa: PLC0415  # as above
    from diagnostics.model import Response  # noqa: PLC0415  # as above

    for begins in (b"\0\0\0\x18ftypmp42", b"\x89PNG\r\n\x1a\n"):
        inspect(begins)
    for name, target in order.targets.items():
        contract = contract_load.load(name)
        prepare.emulators(target.base_url)
        for operation in contract.operations:
            contract.read(Response(status=200, body=b"{}"), operation)


if __name__ == "__main__":
    sys.exit(main())
