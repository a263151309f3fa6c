"""Who plays in this film? For each provider its target, keys and driver; one studio for all."""

from argparse import Namespace
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from diagnostics import prepare
from diagnostics.cli.screen import Screen
from diagnostics.contract import Contract
from diagnostics.credentials import Credentials
from diagnostics.drive.authority import Authority
from diagnostics.drive.budget import Budget
from diagnostics.drive.clock import Clock
from diagnostics.drive.inprocess import AsgiTransport
from diagnostics.drive.live import Live
from diagnostics.drive.several import Several
from diagnostics.drive.wire import SocketTransport
from diagnostics.errors import UsageError
from diagnostics.film.asking import clip_request, script_request, writer
from diagnostics.film.fetch import Fetcher, Progress
from diagnostics.film.order import Film
from diagnostics.film.studio import Studio
from diagnostics.model import Headers, KeyFacts, Target, TargetKind
from diagnostics.suite import Recording


@dataclass(frozen=True, slots=True, kw_only=True)
class Player:
    """One provider of the film, and how it is reached."""

    contract: Contract
    target: Target
    values: Mapping[str, str]
    local: AsgiTransport | None = None

    @property
    def host(self) -> str:
        """Where it is reached."""
        return urlsplit(self.target.base_url).hostname or ""


@dataclass(slots=True, kw_only=True)
class Company:
    """Everybody of one film."""

    contract: Contract
    players: Mapping[str, Player]
    facts: tuple[KeyFacts, ...]
    fault: str | None
    clock: Clock
    screen: Screen
    budget: float | None = None
    _purses: dict[TargetKind, Budget] = field(default_factory=dict)
    _open: list[Several | SocketTransport] = field(default_factory=list)

    @property
    def target(self) -> Target:
        """Of the provider that makes the clips."""
        return self.players[self.contract.name].target

    @property
    def embedded(self) -> bool:
        """The emulators are in this process."""
        return self.players[self.contract.name].local is not None

    def studio(self, recording: Recording, film: Film, folder: Path, progress: Progress) -> Studio:
        """The driver of the film."""
        local = {player.host: player.local for player in self.players.values() if player.local}
        drivers = {
            name: self._live(player, recording, local) for name, player in self.players.items()
        }
        several = Several(main=self.contract.name, drivers=drivers)
        sockets = SocketTransport()
        self._open += [several, sockets]
        fetcher = Fetcher(
            folder=folder,
            clock=self.clock,
            sockets=sockets,
            local=local,
            keys=self.keys,
            progress=progress,
        )
        return Studio(driver=several, fetcher=fetcher, folder=folder, film=film, clock=self.clock)

    def _live(
        self, player: Player, recording: Recording, local: Mapping[str, AsgiTransport]
    ) -> Live:
        return Live(
            contract=player.contract,
            target=player.target,
            authority=self._authority(player),
            budget=self.purse(player.target.kind),
            clock=self.clock,
            recorder=recording,
            local=local,
        )

    def purse(self, kind: TargetKind) -> Budget:
        """One for all who are paid: the budget is what the film may cost."""
        return self._purses.setdefault(kind, Budget(kind=kind, limit=self.budget))

    def _authority(self, player: Player) -> Authority:
        return Authority(
            contract=player.contract,
            values=player.values,
            register=self.screen.gate.register,
            hosts=frozenset({*player.contract.hosts, player.host}),
        )

    async def keys(self, host: str) -> Headers:
        """A file host gets the key only if the contract says that it is the provider's own."""
        player = self.players[self.contract.name]
        if host not in player.contract.hosts:
            return ()
        return tuple(
            (scheme.header, f"{scheme.prefix}{player.values[scheme.variables[0]]}")
            for scheme in self._authority(player).schemes
            if not scheme.token_operation
        )

    async def aclose(self) -> None:
        """Close every connection."""
        for one in self._open:
            await one.aclose()


def company(
    contract: Contract,
    options: Namespace,
    known: Mapping[str, Credentials],
    clock: Clock,
    screen: Screen,
) -> Company:
    """Everybody, with keys; an error names the key that is missing."""
    cast = [contract, *contract.partners.values()]
    if clock.virtual:
        players = _embedded(cast, options, clock, screen)
    else:
        players = [_outside(one, options.target or "live", known[one.name], screen) for one in cast]
    return Company(
        contract=contract,
        players={one.contract.name: one for one in players},
        facts=tuple(fact for one in players for fact in _facts(one, known[one.contract.name])),
        fault=options.fault or players[0].target.fault,
        clock=clock,
        screen=screen,
        budget=options.budget,
    )


def affordable(contract: Contract, film: Film, who: Company) -> None:
    """A budget must cover what will be paid for, and every price must be known."""
    paid = [one for one in who.players.values() if one.target.kind is not TargetKind.EMULATOR]
    pen = writer(contract)
    if who.budget is None or not paid or pen is None:
        return
    script = script_request(pen, film).credits
    clip = clip_request(contract, film, 1, film.prompt).credits
    prices = {"--clip-price": (clip, contract), "--script-price": (script, pen)}
    for option, (price, whose) in prices.items():
        if price is None:
            raise UsageError(
                f"--budget needs {option}: no contract knows what that costs at {whose.title}",
                hint=f"take it from your bill, in the unit of --budget: {option} N",
            )
    cost = film.scenes * (clip or 0.0) + (script or 0.0)
    if cost > who.budget:
        raise UsageError(
            f"{film.scenes} x {clip:g} for clips and {script:g} for the script make {cost:g}, more "
            f"than --budget {who.budget:g}",
            hint=f"--budget {cost:g}, or fewer --scenes",
        )


def _facts(player: Player, keys: Credentials) -> tuple[KeyFacts, ...]:
    """Of the user's own keys, or of the one that an emulator invented."""
    if player.target.kind is not TargetKind.EMULATOR:
        return keys.facts
    name = player.contract.schemes[0].variables[0]
    length = len(player.values.get(name, ""))
    return (KeyFacts(name=name, present=True, length=length, origin="emulator"),)


def _embedded(
    cast: Sequence[Contract], options: Namespace, clock: Clock, screen: Screen
) -> list[Player]:
    """Emulators in this process; a fault plan goes to those who can play it."""
    from diagnostics.emulator.faults import load_plan  # noqa: PLC0415  # live runs need none
    from diagnostics.emulator.town import settled  # noqa: PLC0415  # see above

    targets = {one.name: prepare.target("emulator", one, None) for one in cast}
    emulators = settled(
        cast,
        {name: target.base_url for name, target in targets.items()},
        clock=clock,
        faults=load_plan(options.fault) if options.fault else None,
        seed=options.seed,
    )
    for one in emulators:
        screen.gate.register(one.key, f"{one.contract.name}-api-key")
    return [
        Player(
            contract=one.contract,
            target=targets[one.contract.name],
            values={one.contract.schemes[0].variables[0]: one.key},
            local=AsgiTransport(one),
        )
        for one in emulators
    ]


def _outside(contract: Contract, wanted: str, keys: Credentials, screen: Screen) -> Player:
    if wanted == "live":
        if not keys.values:
            variable = contract.schemes[0].variables[0]
            raise UsageError(
                f"--target live needs a key: {variable}",
                hint=f"export {variable}=…, or write it to .env",
            )
        where = prepare.target("live", contract, None)
        return Player(contract=contract, target=where, values=keys.values)
    where = prepare.target(address(wanted, contract), contract, None)
    if where.kind is not TargetKind.EMULATOR:
        prepare.guard(where, keys.values)
        return Player(contract=contract, target=where, values=keys.values)
    key = prepare.emulator_keys(where.base_url).get("key", "")
    screen.gate.register(key, f"{contract.name}-api-key")
    values = {contract.schemes[0].variables[0]: key}
    return Player(contract=contract, target=where, values=values)


def address(base: str, contract: Contract) -> str:
    """Emulators on one port say where each stands; others stand under their host's name."""
    try:
        parts = urlsplit(base)
    except ValueError:
        return base  # whoever reads it next says what is wrong with it
    if parts.hostname in prepare.LOOPBACK and prepare.emulators(f"{parts.scheme}://{parts.netloc}"):
        return f"{parts.scheme}://{parts.netloc}"
    host = urlsplit(contract.host).hostname or ""
    return base if host in base else f"{base.rstrip('/')}/{host}"
