"""How do several emulators share one server? By port, by the first step of a path, by Host.

`/api.openai.com/v1/models` and `/openai/v1/models` both come to OpenAI's emulator as `/v1/models`,
and so does `/v1/models` with `Host: api.openai.com`, or on a port of its own. `/_emulator` names
everybody; `/api.openai.com/_emulator` speaks for itself. A town of one needs no prefix.
"""

import json
from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import unquote, urlsplit

from diagnostics.contract import Contract
from diagnostics.drive.clock import Clock
from diagnostics.emulator.app import Emulator
from diagnostics.emulator.call import Fields, Prompt
from diagnostics.emulator.faults import Effects, FaultPlan, check_targets
from diagnostics.emulator.overload import PLAIN, Pressure, check_plan
from diagnostics.emulator.reply import page
from diagnostics.emulator.routes import CONTROL
from diagnostics.errors import ContractError, UsageError

SCHEMA = "diagnostics.town/1"
_PATH_MAX = 500
_HEAD_MAX = 300
Message = MutableMapping[str, Any]


class Town:
    """Some emulators, and who of them is meant by a request."""

    def __init__(
        self, emulators: Iterable[Emulator], ports: Mapping[int, str] | None = None
    ) -> None:
        self.emulators = {one.contract.name: one for one in emulators}
        self.ports = dict(ports or {})
        self._names = {
            name: one
            for one in self.emulators.values()
            for name in (one.contract.name, *one.contract.hosts)
        }
        self._only = next(iter(self.emulators.values())) if len(self.emulators) == 1 else None

    @property
    def answered(self) -> int:
        """Requests so far, over all of them."""
        return sum(one.answered for one in self.emulators.values())

    async def __call__(self, scope: Message, receive: Any, send: Any) -> None:
        """ASGI."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)

    async def _http(self, scope: Message, receive: Any, send: Any) -> None:
        port = (scope.get("server") or ("", 0))[1]
        found = self._meant(scope["path"], port, scope["headers"])
        if found is not None:
            emulator, path = found
            inside = scope if path == scope["path"] else _moved(scope, path)
            await emulator(inside, receive, send)
        elif scope["path"] == CONTROL:
            await _tell(send, 200, b"application/json", self._about())
        else:
            reply = page(404, f"Cannot {scope['method'][:20]} {scope['path'][:_PATH_MAX]}")
            await _tell(send, reply.status, reply.media_type, reply.body)

    def prompt(self, asked: Prompt) -> bytes | Effects | None:
        """The whole answer, head and body, where none of us has to wait for anything."""
        found = self._meant(asked.path, asked.port, asked.headers)
        if found is None:
            return None
        emulator, path = found
        return emulator.prompt(asked if path == asked.path else asked._replace(path=path))

    def _meant(self, path: str, port: int | None, headers: Fields) -> tuple[Emulator, str] | None:
        """Whom a request is for, and at which address of theirs."""
        here = self.emulators.get(self.ports.get(port or 0, "")) if self.ports else None
        if here is not None:
            return here, path
        head, slash, _ = path[1:_HEAD_MAX].partition("/")
        prefixed = self._names.get(head.lower())
        if prefixed is not None:
            return prefixed, f"/{path[1 + len(head) + len(slash) :]}"
        addressed = self._names.get(_host(headers)) or self._only
        return None if addressed is None else (addressed, path)

    def _about(self) -> bytes:
        about = {"schema": SCHEMA, "emulators": [e.about() for e in self.emulators.values()]}
        return json.dumps(about, ensure_ascii=False).encode()

    async def _lifespan(self, receive: Any, send: Any) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                for emulator in self.emulators.values():
                    await emulator.callbacks.close()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return


def _moved(scope: Message, path: str) -> Message:
    """The same request below its prefix; what the server offers stays shared."""
    return {**scope, "path": path, "raw_path": path.encode("utf-8", "replace")}


def _host(headers: Fields) -> str:
    for name, value in headers:
        if name == b"host":
            return _named(value[:_HEAD_MAX])
    return ""


@lru_cache(maxsize=256)
def _named(field: bytes) -> str:
    host = field.decode("latin-1").lower()
    return host.rpartition(":")[0] if host.rpartition(":")[2].isdecimal() else host


async def _tell(send: Any, status: int, media_type: bytes, body: bytes) -> None:
    headers = [
        (b"content-type", media_type),
        (b"content-length", b"%d" % len(body)),
        (b"x-diagnostics-emulator", b"1"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def settled(  # noqa: PLR0913  # the knobs of an emulator, the same for all
    contracts: Sequence[Contract],
    base_urls: Mapping[str, str],
    *,
    clock: Clock,
    faults: FaultPlan | None = None,
    seed: int = 0,
    credits: float = 1000.0,  # noqa: A002  # the providers' word
    speed: float = 1.0,
    per_minute: float | None = None,
    pressure: Pressure = PLAIN,
) -> list[Emulator]:
    """An emulator for each contract; the plan goes to those who can play it."""
    playing = players(contracts, faults)
    check_plan(pressure, contracts)
    return [
        Emulator(
            contract,
            clock=clock,
            faults=faults if contract.name in playing else None,
            seed=seed,
            base_url=base_urls[contract.name],
            credits=credits,
            speed=speed,
            per_minute=per_minute,
            pressure=pressure,
        )
        for contract in contracts
    ]


def players(contracts: Sequence[Contract], plan: FaultPlan | None) -> frozenset[str]:
    """Who can play a plan: those it names, else those who have what it aims at."""
    if plan is None:
        return frozenset()
    names = {contract.name for contract in contracts}
    named = names & set(plan.providers) if plan.providers else names
    if not named:
        raise UsageError(
            f"fault plan {plan.name} belongs to {', '.join(plan.providers)}",
            hint=f"here are: {', '.join(sorted(names))}; name its provider, or another plan",
        )
    fits = {c.name for c in contracts if c.name in named and _fits(c, plan)}
    if not fits:  # tell what the plan aims at and nobody has
        check_targets(plan, {name: op for c in contracts for name, op in c.operations.items()})
        return frozenset(named)
    return frozenset(fits)


def _fits(contract: Contract, plan: FaultPlan) -> bool:
    try:
        check_targets(plan, contract.operations)
    except ContractError:
        return False
    return True


def prefixes(contracts: Sequence[Contract], root: str) -> dict[str, str]:
    """Where each stands on one port: under its host; alone, at the root."""
    if len(contracts) == 1:
        return {contracts[0].name: root}
    return {one.name: f"{root}/{unquote(urlsplit(one.host).netloc)}" for one in contracts}
