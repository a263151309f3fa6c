"""How does the integration behave under load? Runs a load profile through Locust, and judges it."""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from diagnostics.cli.load_order import (
    LoadOrder,
    decide,
    duration,
    own_bodies,
    rate,
    refuse,
    settled,
)
from diagnostics.cli.numbers import amount, count, factor
from diagnostics.cli.screen import Screen
from diagnostics.errors import Exit, TargetError, UsageError
from diagnostics.model import Request, Target, TargetKind, Verdict

if TYPE_CHECKING:  # the room of loads is brought when one is carried out
    from diagnostics.contract import Contract
    from diagnostics.loading.forecast import Dry
    from diagnostics.loading.profile import Share
    from diagnostics.loading.runner import Child

EXITS = {
    Verdict.PASS: Exit.OK,
    Verdict.WARN: Exit.OK,
    Verdict.FAIL: Exit.FINDINGS,
    Verdict.INCONCLUSIVE: Exit.INCONCLUSIVE,
}
CHILD = (sys.executable, "-m", "diagnostics.cli.load_child")
_START_S = 30.0


def arguments(parser: ArgumentParser) -> None:
    """What `load` takes."""
    parser.add_argument("profile", metavar="PROFILE", help="see: diagnostics list profiles")
    where = parser.add_argument_group("what is loaded")
    where.add_argument("--target", metavar="WHERE", help="emulator (default), live or a base URL")
    where.add_argument("--host", metavar="URL", help="the same, in Locust's word")
    where.add_argument(
        "--i-may-load", action="append", default=[], metavar="HOST", help="you are allowed to"
    )
    where.add_argument("--budget", type=amount, metavar="N", help="credits it may spend")
    shape = parser.add_argument_group("how much")
    shape.add_argument("--duration", type=duration, metavar="TIME", help="in all: 90 s, 5min, 8h")
    shape.add_argument("--scale", type=factor, metavar="X", help="X times as many")
    height = shape.add_mutually_exclusive_group()
    height.add_argument("--rate", type=rate, metavar="N", help="arrivals a second at the peak")
    height.add_argument("--users", type=count, metavar="N", help="users at the peak")
    shape.add_argument("--seed", type=int, default=0, metavar="N", help="of arrivals and emulator")
    how = parser.add_argument_group("how it is sent")
    how.add_argument("--workers", type=count, default=1, metavar="N", help="processes (1)")
    how.add_argument(
        "--client", choices=("engine", "stock"), default="engine", help="stock: Locust's own"
    )
    how.add_argument("--dry-run", action="store_true", help="what would be sent, at what cost")
    out = parser.add_argument_group("report")
    out.add_argument("--out", default="out", metavar="DIR", help="run folders (out/)")
    out.add_argument(
        "--format", default="txt,html,json", metavar="LIST", help="txt,md,html,json,csv,zip"
    )


def main(options: Namespace, screen: Screen) -> Exit:
    """Forecast, or load, judge and report."""
    order = decide(options)
    if options.dry_run:
        return _dry(order, screen)
    refuse(order, screen.language)
    with ExitStack() as stack:
        if order.embedded:
            order = settled(order, stack.enter_context(_emulator(order, screen)))
        _reachable(order)
        own_bodies(order)
        return _carried_out(order, screen)


def _dry(order: LoadOrder, screen: Screen) -> Exit:
    from diagnostics.cli.load_words import HEADS, number, would_send  # noqa: PLC0415  # as above
    from diagnostics.loading.forecast import of_mix  # noqa: PLC0415  # as above

    language, targets = screen.language, _foreseen(order)
    coming = of_mix(
        order.profile,
        order.contracts,
        main=order.main,
        base_urls={name: target.base_url for name, target in targets.items()},
        emulated=all(target.kind is TargetKind.EMULATOR for target in targets.values()),
        dry=_builder(order, targets),
    )
    before, after = would_send(order.profile.name, coming, language, embedded=order.embedded)
    screen.show(before)
    rows = [
        (
            line.operation,
            line.scenario,
            line.host,
            number(line.most, language),
            number(line.per_s, language),
            number(line.credits_most, language),
        )
        for line in coming.lines
    ]
    screen.table(HEADS[language], rows)
    screen.show(after)
    if screen.as_json:
        told = {"profile": order.profile.name, "embedded": order.embedded, **coming.to_json()}
        screen.emit("forecast", told)
    return Exit.OK


def _foreseen(order: LoadOrder) -> Mapping[str, Target]:
    """Where everybody stands, or will stand."""
    embedded = Target(
        kind=TargetKind.EMULATOR,
        provider=order.main,
        base_url=order.base_url,
        media_base=f"{order.base_url}/_media",
    )
    return {name: order.targets.get(name, embedded) for name in order.contracts}


def _builder(order: LoadOrder, targets: Mapping[str, Target]) -> "Dry":
    """What one ask of a scenario sends: its dry run tells, where nothing else does."""
    from diagnostics.cli import discover  # noqa: PLC0415  # imports every scenario
    from diagnostics.loading.asking import Asking  # noqa: PLC0415  # as above
    from diagnostics.loading.forecast import built  # noqa: PLC0415  # as above

    def dry(share: "Share", _contract: "Contract") -> Sequence[Request]:
        asking = Asking(
            main=order.main,
            contracts=order.contracts,
            targets=targets,
            scenarios=discover.scenarios(),
        )
        return built(asking.turns(replace(order.profile, mix=(share,)))[0].make())

    return dry


# --- who answers ------------------------------------------------------------------------------


@contextmanager
def _emulator(order: LoadOrder, screen: Screen) -> Iterator[Mapping[str, Target]]:
    """The emulator on a port, in a process of its own, pressed as the profile says."""
    from diagnostics.loading.runner import Child  # noqa: PLC0415  # only where a load is run
    from diagnostics.prepare import target  # noqa: PLC0415  # as above

    profile = order.profile
    words = {**profile.emulator, "seed": order.seed}
    options = [f"--{name.replace('_', '-')}={value}" for name, value in words.items()]
    if profile.faults:
        options.append(f"--fault={profile.faults}")
    with Child((*CHILD, "emulate", *order.contracts, *options)) as child:
        places = _announced(child, screen)
        yield {
            name: target(places[name], contract, None) for name, contract in order.contracts.items()
        }


def _announced(child: "Child", screen: Screen) -> Mapping[str, str]:
    """Where each of them stands, as `emulate --json` tells."""
    told = child.document(_START_S)
    if told is None or "error" in told:
        facts = told or {"error": child.last_words or "the emulator did not start"}
        raise UsageError(
            f"the emulator: {facts['error']}", place=facts.get("place"), hint=facts.get("hint")
        )
    for one in told["emulators"]:
        for key in one.get("accepts", ()):
            screen.gate.register(str(key), f"{one['provider']}-api-key")
    return {str(one["provider"]): str(one["base_url"]) for one in told["emulators"]}


def _reachable(order: LoadOrder) -> None:
    """Somebody takes a connection: else there is nothing to load."""
    import socket  # noqa: PLC0415  # with the rest of a load
    from urllib.parse import urlsplit  # noqa: PLC0415  # as above

    for target in order.targets.values():
        parts = urlsplit(target.base_url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        try:
            socket.create_connection((parts.hostname or "", port), timeout=10).close()
        except OSError as error:
            raise TargetError(
                f"nobody answers at {target.base_url}: {error.strerror or error}",
                hint="start it, or name another with --target",
            ) from error


# --- carrying out -----------------------------------------------------------------------------


def _carried_out(order: LoadOrder, screen: Screen) -> Exit:
    from diagnostics.cli.load_run import LoadRun  # noqa: PLC0415  # only where a load is run
    from diagnostics.cli.load_words import headline  # noqa: PLC0415  # as above

    screen.say(headline(order, screen.language))
    run = LoadRun(order, screen)
    load = run.carry_out(CHILD)
    told = run.present(load)
    if screen.as_json:
        screen.emit("load", told)
    return Exit.INTERRUPTED if load.interrupted else EXITS[load.verdict]
