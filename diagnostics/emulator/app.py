"""How does a provider stand in for itself? An ASGI application that follows its contract.

Everything it knows of a provider is the `Contract`, and one signing module bound by name. It checks
requests by the same schemas as `validate`, keeps a credit ledger, limits and job life cycles in the
injected clock's time, serves small real media, looks at inputs on this machine, signs callbacks to
this machine, and misbehaves exactly as a fault plan says. It never calls the internet.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from diagnostics.contract import Contract
from diagnostics.drive.clock import Clock
from diagnostics.emulator import hosting
from diagnostics.emulator.account import Account
from diagnostics.emulator.bodies import Bodies
from diagnostics.emulator.call import (
    MET,
    Call,
    Gone,
    Prompt,
    TooLarge,
    at_once,
    in_scope,
    read_body,
)
from diagnostics.emulator.callbacks import Callbacks
from diagnostics.emulator.codes import dump
from diagnostics.emulator.faults import Effects, FaultPlan, check_targets
from diagnostics.emulator.heading import BODILESS, Heading
from diagnostics.emulator.inputs import WAIT_S, Inputs
from diagnostics.emulator.jobs import Jobs
from diagnostics.emulator.misbehave import Misbehaviour
from diagnostics.emulator.overload import PLAIN, Pressure, as_likely, for_provider
from diagnostics.emulator.reply import Reply, page, spoiled
from diagnostics.emulator.routes import MEDIA, OUTPUT, Routes
from diagnostics.emulator.service import Service
from diagnostics.model import Json

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]

SEEN_MAX = 10_000
_CHUNKS_S = 0.5
_PATH_MAX = 500
_LOOK_S = 0.5
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


class Seen(NamedTuple):
    """One request that was answered (status 0: the connection was broken instead)."""

    method: str
    path: str
    status: int
    code: str | None


class Emulator:
    """One provider account, its jobs and its troubles. `speed` divides the length of jobs."""

    def __init__(  # noqa: PLR0913  # each is a knob of the command line
        self,
        contract: Contract,
        *,
        clock: Clock,
        faults: FaultPlan | None = None,
        seed: int = 0,
        base_url: str = "",
        credits: float = 1000.0,  # noqa: A002  # the providers' word
        speed: float = 1.0,
        per_minute: float | None = None,
        input_wait_s: float = WAIT_S,
        pressure: Pressure = PLAIN,
    ) -> None:
        self.pressure = pressure
        """As asked for."""
        pressure = for_provider(pressure, contract, per_minute, credits, speed)
        faults = as_likely(faults, pressure)
        if faults:
            check_targets(faults, contract.operations)
        self.contract, self.clock, self.plan = contract, clock, faults
        self.base_url = (base_url or f"http://{contract.name}.emulator.test").rstrip("/")
        self.media_base = f"{self.base_url}{MEDIA}".rstrip("/")
        left = pressure.credits or 0.0
        self.account = Account(contract, credits_left=left, seed=seed, pressure=pressure)
        self.jobs = Jobs(contract, seed=seed, speed=pressure.speed or 1.0, pressure=pressure)
        fetched, base = self._fetched, self.media_base
        self._samples = {f"{base}/{n}": partial(fetched, f"{MEDIA}{n}") for n in hosting.NAMES}
        bodies = Bodies(contract, self.jobs, self.media_base, self.base_url)
        self.callbacks = Callbacks(
            contract, self.account, clock, seed=seed, media_base=base, answers=bodies
        )
        self.seen: deque[Seen] = deque(maxlen=SEEN_MAX)
        self.answered = 0
        """Requests so far, `seen` or forgotten."""
        self._misbehaviour = Misbehaviour(faults, seed) if faults else None
        self._routes = Routes(contract, self._misbehaviour)
        self._service = Service(
            contract,
            account=self.account,
            jobs=self.jobs,
            bodies=bodies,
            callbacks=self.callbacks,
            clock=clock,
            inputs=Inputs(clock, self._own, input_wait_s),
        )
        self._heading = Heading(clock, seed)
        self._answers_late = pressure.answer_s is not None
        self._own_host = urlsplit(self.base_url)

    @property
    def key(self) -> str:
        """The one API key that is accepted; invented."""
        return self.account.key

    @property
    def client_id(self) -> str:
        """Invented as well."""
        return self.account.client_id

    @property
    def client_secret(self) -> str:
        """Invented as well; also the key of callbacks."""
        return self.account.client_secret

    @property
    def charged(self) -> deque[tuple[str, float]]:
        """Operation and credits of every paid call that was accepted."""
        return self.account.charged

    async def __call__(self, scope: Message, receive: Any, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._lifespan(receive, send)

    def prompt(self, asked: Prompt) -> bytes | Effects | None:
        """The whole answer, head and body, where nothing has to be waited for; else None.

        Or what a plan does to this request, to be given back to us as the `MET` of its scope.
        """
        route = self._routes.find(asked.method, asked.path)
        op = route.operation
        if op is None or self._answers_late or asked.method == "HEAD":
            return None
        call = Call(asked, route, asked.body if route.reads_body else b"")
        if self._service.waits(call, op):
            return None
        effects = self._meet(call)
        if effects is not None and effects.waits:
            return effects
        self.callbacks.touch()
        answer = self._bent(call, effects) if effects else self._service.answer(call, op, None)
        reply = at_once(answer)
        self._note(call, reply.status, reply.code)
        return self._heading.whole(reply, effects.clock_s if effects else 0.0)

    async def _lifespan(self, receive: Any, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                await self.callbacks.close()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return

    async def _http(self, scope: Message, receive: Any, send: Send) -> None:
        self.callbacks.touch()
        route = self._routes.find(scope["method"], scope["path"])
        try:
            body = await read_body(receive) if route.reads_body else b""
        except Gone:
            return
        except TooLarge:
            call = Call(in_scope(scope), route, b"")
            await self._send(send, call, page(413, "Request Entity Too Large"), None, close=True)
            return
        call = Call(in_scope(scope), route, body)
        answer_s = self.jobs.floor.answer_s(self.clock.now()) if route.operation else 0.0
        if answer_s:
            await asyncio.sleep(answer_s)
        effects = scope.get("extensions", {}).get(MET) or self._meet(call)
        if effects is None:
            await self._send(send, call, await self._reply(call, None), None)
        else:
            await self._misbehave(scope, send, call, effects)

    def _meet(self, call: Call) -> Effects | None:
        """What a plan does to this request; counts it."""
        if not call.route.aimed or self._misbehaviour is None:
            return None
        return self._misbehaviour.meet(call.route.aimed, lambda at: self._find(call, at))

    def _find(self, call: Call, at: str) -> list[Json]:
        """What a plan's predicate looks at; whether a request is right only the contract knows."""
        if at != "valid":
            return call.find(at)
        op = call.route.operation
        return [op is not None and not self._service.wrong(call, op)]

    async def _misbehave(self, scope: Message, send: Send, call: Call, effects: Effects) -> None:
        """The same, bent by a plan."""
        if effects.delay_s:
            await asyncio.sleep(effects.delay_s)
        if effects.hang_s or effects.reset == "before":
            await _hang(scope, effects.hang_s)
            self._break(scope, call)
            return
        reply = await self._bent(call, effects)
        if effects.reset == "after":
            self._break(scope, call)
            return
        if not await self._send(send, call, reply, effects):
            self._leave(scope)

    async def _bent(self, call: Call, effects: Effects) -> Reply:
        """An answer as the plan wants it. A plan's own status or body stands in for the work."""
        replaced = (
            effects.status is not None or effects.body is not None or effects.html is not None
        )
        if replaced and effects.reset != "after":
            return spoiled(Reply(), effects)
        return spoiled(await self._reply(call, effects), effects)

    def _break(self, scope: Message, call: Call) -> None:
        """Reset the connection, where server or transport can."""
        self._note(call, 0, None)
        abort = scope.get("extensions", {}).get("diagnostics.abort")
        if abort is None:
            raise ConnectionResetError("the emulator breaks the connection")
        abort()

    def _leave(self, scope: Message) -> None:
        """End in the middle of a body: servers close the connection when we just return."""
        if "diagnostics.abort" not in scope.get("extensions", {}):
            raise ConnectionResetError("the emulator cuts the body")

    async def _reply(self, call: Call, effects: Effects | None) -> Reply:
        route = call.route
        if route.operation is not None:
            return await self._service.answer(call, route.operation, effects)
        if route.kind in {"media", "output"}:
            reply = self._file(call.path)
            return hosting.ranged(reply, call.header(b"range"), call.header(b"if-range"))
        if route.kind == "control":
            return Reply(body=dump(self.about()))
        if route.kind == "wrong-method":
            headers = ((b"allow", route.allow.encode()),)
            return page(405, f"Cannot {call.method[:20]} {call.path[:_PATH_MAX]}", headers)
        return self._service.unknown(call) or page(
            404, f"Cannot {call.method[:20]} {call.path[:_PATH_MAX]}"
        )

    def about(self) -> dict[str, Json]:
        """What it says of itself: where it stands, and the invented secrets that it accepts."""
        return {
            "schema": "diagnostics.emulator/1",
            "provider": self.contract.name,
            "base_url": self.base_url,
            "key": self.key,
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "webhook_secret": self.callbacks.secret,
            "media_base": self.media_base,
            "fault": self.plan.name if self.plan else None,
        }

    # --- media --------------------------------------------------------------------------------

    def _file(self, path: str) -> Reply:
        if not path.startswith(OUTPUT):
            return hosting.served(path.removeprefix(MEDIA))
        work = self.jobs.get(path.removeprefix(OUTPUT).partition(".")[0])
        now_s = self.clock.now()
        state = work.state(now_s) if work else ""
        if work is None or work.gone(state, now_s) or not work.delivers(state, now_s):
            return page(404, f"Cannot GET {path[:_PATH_MAX]}")
        return hosting.output(work.suffix, work.clip)

    def _own(self, url: str) -> Callable[[], Awaitable[Reply]] | None:
        """What we ourselves answer at a URL; None: it is somebody else's."""
        known = self._samples.get(url)
        if known is not None:
            return known
        try:
            parts = urlsplit(url)
            mine = self._is_mine(parts.hostname or "", parts.port)
        except ValueError:
            return None
        prefix = self._own_host.path
        if not mine or not parts.path.startswith(f"{prefix}/"):
            return None  # a neighbour on the same port is somebody else
        return partial(self._fetched, parts.path.removeprefix(prefix))

    def _is_mine(self, host: str, port: int | None) -> bool:
        own = self._own_host
        if host in _LOCAL and own.hostname in _LOCAL:
            return (port or 80) == (own.port or 80)
        return host == own.hostname and port == own.port

    async def _fetched(self, path: str) -> Reply:
        route = self._routes.find("GET", path)
        if route.kind not in {"media", "output"}:
            return page(404, "not media")
        effects = None
        if route.aimed and self._misbehaviour:
            effects = self._misbehaviour.meet(route.aimed, lambda _at: [])
        if effects is None:
            return self._file(path)
        if effects.reset or effects.hang_s or effects.cut is not None:
            return page(504, "unreachable by plan")
        return spoiled(self._file(path), effects)

    def _note(self, call: Call, status: int, code: str | None) -> None:
        self.answered += 1
        self.seen.append(Seen(call.method, call.path[:_PATH_MAX], status, code))

    # --- the wire -----------------------------------------------------------------------------

    async def _send(
        self, send: Send, call: Call, reply: Reply, effects: Effects | None, *, close: bool = False
    ) -> bool:
        """Put an answer on the wire; False: cut in the middle."""
        self._note(call, reply.status, reply.code)
        body = b"" if reply.status in BODILESS else reply.body
        headers = self._heading.fields(reply, len(body), effects.clock_s if effects else 0.0)
        if close:
            headers.append((b"connection", b"close"))
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        if call.method == "HEAD":
            body = b""
        if effects and (effects.cut is not None or effects.pace_bytes_s):
            return await self._in_parts(send, body, effects)
        await send({"type": "http.response.body", "body": body})
        return True

    async def _in_parts(self, send: Send, body: bytes, effects: Effects) -> bool:
        """A slow body, or one that ends too early."""
        whole = effects.cut is None
        shown = body if effects.cut is None else body[: int(len(body) * min(effects.cut, 0.999))]
        step = max(1, int((effects.pace_bytes_s or len(shown) / _CHUNKS_S + 1) * _CHUNKS_S))
        for start in range(0, len(shown), step):
            if effects.pace_bytes_s:
                await asyncio.sleep(len(shown[start : start + step]) / effects.pace_bytes_s)
            part = shown[start : start + step]
            await send({"type": "http.response.body", "body": part, "more_body": True})
        if whole or not body:
            await send({"type": "http.response.body", "body": b""})
        return whole or not body


async def _hang(scope: Message, seconds: float) -> None:
    """Say nothing that long, or until the caller has gone, where the server can tell."""
    gone = scope.get("extensions", {}).get("diagnostics.gone")
    if gone is None:
        await asyncio.sleep(seconds)
        return
    loop = asyncio.get_running_loop()
    until_s = loop.time() + seconds
    while loop.time() < until_s and not gone():  # noqa: ASYNC110  # the server offers no event
        await asyncio.sleep(min(_LOOK_S, until_s - loop.time()))
