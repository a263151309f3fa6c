"""How do emulators stand on a port? Uvicorn, able to reset connections like a bad network."""

import asyncio
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from types import TracebackType
from typing import NamedTuple, Self

import uvicorn

from diagnostics.contract import Contract
from diagnostics.drive.clock import RealClock
from diagnostics.emulator.app import Emulator
from diagnostics.emulator.faults import FaultPlan
from diagnostics.emulator.overload import PLAIN, Pressure
from diagnostics.emulator.promptly import PromptProtocol
from diagnostics.emulator.town import Town, players, prefixes, settled
from diagnostics.errors import TargetError, UsageError
from diagnostics.garbage import seldom

_START_S = 10.0
_PORT_MAX = 65_535


class Server(uvicorn.Server):
    """Tells when it listens."""

    def __init__(self, config: uvicorn.Config, then: Callable[[], None]) -> None:
        super().__init__(config)
        self._then = then

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then tell."""
        await super().startup(sockets)
        self._then()


def bound(host: str, port: int) -> socket.socket:
    """A socket that is ours; port 0 takes a free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    if not 0 <= port <= _PORT_MAX:
        raise UsageError(f"there is no port {port}", hint="0 (any free one) to 65535")
    # With the protocol named, asyncio turns Nagle off: answers would else come 40 ms late.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(1024)
    except (OSError, TypeError, ValueError) as error:  # the last two: no host can be called so
        listener.close()
        raise UsageError(
            f"cannot listen on {host}:{port}: {getattr(error, 'strerror', None) or error}",
            hint="choose another port, or --port 0 for any free one",
        ) from error
    listener.setblocking(False)  # noqa: FBT003  # the socket's own signature
    return listener


def base_url(listener: socket.socket) -> str:
    """Where a client on this machine finds it."""
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  # compared, not bound
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


Application = Emulator | Town


def server(application: Application, then: Callable[[], None]) -> Server:
    """A server for it: silent, and quick to end. `then` is called once it listens."""
    return Server(
        uvicorn.Config(
            application,
            http=PromptProtocol,
            proxy_headers=False,
            ws="none",
            loop="asyncio",
            lifespan="on",
            log_config=None,
            log_level="critical",
            access_log=False,
            server_header=False,
            date_header=False,
            timeout_keep_alive=60,
            timeout_graceful_shutdown=0,
        ),
        then,
    )


def serve(
    application: Application, listeners: Sequence[socket.socket], then: Callable[[], None]
) -> None:
    """Serve until somebody stops it; Ctrl-C comes out as `KeyboardInterrupt`."""
    with ExitStack() as stack, seldom(), asyncio.Runner() as runner:
        for listener in listeners:
            stack.enter_context(closing(listener))
        runner.run(server(application, then).serve(list(listeners)))


class _Thread:
    """A server in a thread of its own, for as long as a `with` lasts."""

    def __init__(self, application: Application, listeners: Sequence[socket.socket]) -> None:
        self._listeners = list(listeners)
        self._listens = threading.Event()
        self._server = server(application, self._listens.set)
        self._thread = threading.Thread(target=self._run, name="emulator", daemon=True)

    def _run(self) -> None:
        with asyncio.Runner() as runner:
            runner.run(self._server.serve(self._listeners))

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._listens.wait(_START_S):
            raise TargetError("the emulator did not start", hint="is the machine very busy?")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.should_exit = True
        self._thread.join(_START_S)
        for listener in self._listeners:
            listener.close()


class Served(_Thread):
    """An emulator on a port, in a thread: `with Served(contract) as server: server.base_url`."""

    def __init__(  # noqa: PLR0913  # the emulator's own knobs
        self,
        contract: Contract,
        *,
        faults: FaultPlan | None = None,
        seed: int = 0,
        speed: float = 1.0,
        credits: float = 1000.0,  # noqa: A002  # the providers' word
        per_minute: float | None = None,
        pressure: Pressure = PLAIN,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        listener = bound(host, port)
        self.base_url = base_url(listener)
        self.emulator = Emulator(
            contract,
            clock=RealClock(),
            faults=faults,
            seed=seed,
            base_url=self.base_url,
            credits=credits,
            speed=speed,
            per_minute=per_minute,
            pressure=pressure,
        )
        super().__init__(self.emulator, [listener])


class ServedTown(_Thread):
    """Several emulators on one port, or on a port each, in a thread.

    `with ServedTown(contracts) as town: town.url("openai"), town.emulators["openai"].key`.
    """

    def __init__(  # noqa: PLR0913  # the emulators' own knobs
        self,
        contracts: Sequence[Contract],
        *,
        own_ports: bool = False,
        faults: FaultPlan | None = None,
        seed: int = 0,
        speed: float = 1.0,
        credits: float = 1000.0,  # noqa: A002  # the providers' word
        per_minute: float | None = None,
        pressure: Pressure = PLAIN,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        players(contracts, faults)  # a plan that nobody can play is told before a port is taken
        places = placed(contracts, host, port, own_ports=own_ports)
        self.base_url = base_url(places.listeners[0])
        emulators = settled(
            contracts,
            places.base_urls,
            clock=RealClock(),
            faults=faults,
            seed=seed,
            credits=credits,
            speed=speed,
            per_minute=per_minute,
            pressure=pressure,
        )
        self.town = Town(emulators, places.ports)
        self.emulators = self.town.emulators
        super().__init__(self.town, places.listeners)

    def url(self, provider: str) -> str:
        """Where that provider's emulator stands: put it in place of `https://api…`."""
        return self.emulators[provider].base_url


class Places(NamedTuple):
    """The sockets of a town, and who stands where."""

    listeners: list[socket.socket]
    base_urls: dict[str, str]
    ports: dict[int, str]


def placed(contracts: Sequence[Contract], host: str, port: int, *, own_ports: bool) -> Places:
    """Sockets for these providers: one with prefixes, or one each from that port on."""
    if not own_ports:
        listener = bound(host, port)
        return Places([listener], prefixes(contracts, base_url(listener)), {})
    with ExitStack() as stack:  # a port that is taken gives the others back
        listeners = [
            stack.enter_context(closing(bound(host, port + number if port else 0)))
            for number in range(len(contracts))
        ]
        stack.pop_all()
    names = [contract.name for contract in contracts]
    urls = dict(zip(names, map(base_url, listeners), strict=True))
    ports = {one.getsockname()[1]: name for one, name in zip(listeners, names, strict=True)}
    return Places(listeners, urls, ports)
