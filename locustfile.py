"""How does an integration behave under load? The project's own scenarios, through Locust.

    diagnostics emulate akool --port 8080 &
    locust -f locustfile.py --host http://127.0.0.1:8080 --headless --profile smoke

Without `--profile` Locust's own options decide (`--users`, `--spawn-rate`, `--run-time`, or the web
page) and the mix of `smoke` is asked; a run ends by itself after 30 s. Only this machine is loaded,
unless `--i-may-load HOST` names another, with a `--budget`. `--processes`, `--master`, `--worker`,
`--csv` and `--html` are Locust's own. `diagnostics load` wraps all this.
"""

import logging
import sys
from importlib import import_module
from typing import Any

from locust import events

from diagnostics import contract_load
from diagnostics.errors import DiagnosticsError, UsageError
from diagnostics.loading import reading
from diagnostics.loading.findings import Findings
from diagnostics.loading.keys import users
from diagnostics.loading.profile import SCENARIOS
from diagnostics.loading.safety import refusal
from diagnostics.loading.sharing import Order
from diagnostics.loading.under_locust import Caller, Load
from diagnostics.model import Target, TargetKind
from diagnostics.prepare import emulators
from diagnostics.redact import Gate

__all__ = ["Caller"]

RUN_TIME_S = 30
_BARE = "smoke"
_SCENARIOS = {
    name: import_module(f"scenarios.{name}").SCENARIO for name in SCENARIOS if name != "read"
}


@events.init_command_line_parser.add_listener  # type: ignore[untyped-decorator]  # locust leaves it untyped
def options(parser: Any) -> None:
    """What Locust does not ask."""
    own = parser.add_argument_group("genvideo-diagnostics")
    own.add_argument("--provider", default="", help="whom to load, where --host does not tell")
    own.add_argument("--budget", type=float, help="credits that all workers may spend together")
    own.add_argument("--seed", type=int, default=0, help="of arrivals, mix and think times")
    own.add_argument("--client", choices=("engine", "stock"), default="engine")
    own.add_argument("--i-may-load", action="append", default=[], metavar="HOST")


def order(environment: Any) -> Order:
    """What is to be loaded, and how; an error says why it is not."""
    chosen = environment.parsed_options
    name = environment.profile or ""
    profile = reading.load(name or _BARE)
    targets = found(environment.host, {share.provider for share in profile.mix}, chosen.provider)
    made = Order(
        profile=profile,
        main=next(iter(targets)),
        targets=targets,
        budget=chosen.budget,
        seed=chosen.seed,
        stock=chosen.client == "stock",
        allowed=tuple(chosen.i_may_load),
        shaped=environment.shape_class is not None,
    )
    for provider, target in targets.items():
        contract = contract_load.load(provider)
        why = refusal(
            profile,
            target.base_url,
            made.allowed,
            made.budget,
            contract,
            main=provider == made.main,
        )
        if why is not None:
            raise UsageError(why.en)
        if target.kind is TargetKind.LIVE and not made.shaped:
            raise UsageError(
                f"{target.base_url} is no emulator: only a profile's rate is known beforehand",
                hint="--profile NAME (see: diagnostics list profiles)",
            )
    return made


def found(host: str | None, mixed: set[str], wanted: str) -> dict[str, Target]:
    """Whom the mix speaks to, and where; the first is meant where the mix names nobody."""
    if not host:
        raise UsageError(
            "no host is named", hint="--host http://127.0.0.1:PORT (see: diagnostics emulate)"
        )
    base = host.rstrip("/")
    told = emulators(base)
    if not told:
        return _live(base, mixed, wanted)
    named = {name for name in (*mixed, wanted) if name}
    if len(told) > 1 and not named:
        there = ", ".join(str(one.get("base_url")) for one in told.values())
        raise UsageError("several emulators answer there", hint=f"name one: {there}")
    missing = named - set(told)
    if missing:
        raise UsageError(f"no emulator of {', '.join(sorted(missing))} answers at {base}")
    return {
        name: Target(
            kind=TargetKind.EMULATOR,
            provider=name,
            base_url=str(one.get("base_url") or base),
            media_base=str(one.get("media_base") or f"{base}/_media"),
        )
        for name, one in told.items()
        if name in named or not named
    }


def _live(base: str, mixed: set[str], wanted: str) -> dict[str, Target]:
    names = {name for name in (*mixed, wanted) if name}
    by_host = [n for n in contract_load.providers() if contract_load.load(n).host == base]
    names = names or set(by_host[:1])
    if not names:
        raise UsageError(f"no emulator answers at {base}, and no provider is named")
    return {n: Target(kind=TargetKind.LIVE, provider=n, base_url=base) for n in sorted(names)}


@events.init.add_listener  # type: ignore[untyped-decorator]  # locust leaves it untyped
def begin(environment: Any, **_others: Any) -> None:
    """Before anything is sent: what would be sent may be sent, and ends by itself."""
    chosen = environment.parsed_options
    logging.getLogger("httpx").setLevel(logging.WARNING)
    findings, gate = Findings(_SCENARIOS), Gate()
    load = findings.load = Load(
        environment,
        order=order,
        scenarios=_SCENARIOS,
        keys=users(gate),
        listeners=[findings],
        clean=gate.text,
    )
    if chosen.worker:
        return
    if environment.profile:
        environment.shape_class = load.shape()
    elif not chosen.run_time:
        chosen.run_time = RUN_TIME_S
    if chosen.headless or environment.host:
        try:
            order(environment)
        except DiagnosticsError as error:
            lines = (f"error: {error}", error.place, error.hint)
            sys.exit("\n  ".join(line for line in lines if line))
