"""Which load is to be carried out, against whom? Decided before anything is started or sent."""

import os
import time
from argparse import Namespace
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from diagnostics import contract_load, credentials, prepare
from diagnostics.cli.which import Clues, host_of, of_host
from diagnostics.cli.which import provider as which_provider
from diagnostics.contract import Contract
from diagnostics.errors import UsageError
from diagnostics.loading import quantity, reading
from diagnostics.loading.profile import Model, Profile
from diagnostics.model import Case, RetryPolicy, Target, TargetKind

ONE_TRY = RetryPolicy(max_retries=1)
"""Whoever looks for a limit counts refusals, and does not repeat them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadOrder:
    """A load, decided. `targets` is empty until the embedded emulator has told its address."""

    run_id: str
    profile: Profile
    main: str
    contracts: Mapping[str, Contract]
    targets: Mapping[str, Target]
    embedded: bool
    retry: RetryPolicy
    folder: Path
    formats: tuple[str, ...]
    seed: int
    budget: float | None
    workers: int
    client: str
    allowed: tuple[str, ...]

    @property
    def contract(self) -> Contract:
        """Of the provider that shares of the mix mean who name none."""
        return self.contracts[self.main]

    @property
    def target(self) -> Target:
        """Where it stands."""
        return self.targets[self.main]

    @property
    def base_url(self) -> str:
        """Where requests would go."""
        held = self.targets.get(self.main)
        return held.base_url if held else "http://127.0.0.1"


def decide(options: Namespace) -> LoadOrder:
    """Look everything up that can be wrong before the first request leaves."""
    profile = shaped(reading.load(options.profile), options)
    wanted = _wanted(options)
    main = _main(options, profile, wanted)
    names = dict.fromkeys([main, *(share.provider or main for share in profile.mix)])
    contracts = {name: contract_load.load(name) for name in names}
    targets = {} if wanted == "emulator" else _targets(wanted, contracts, main)
    if options.workers > 1 and profile.seeks_limit:
        raise UsageError("one process looks for a limit", hint="drop --workers")
    return LoadOrder(
        run_id=prepare.run_id(time.time()),
        profile=profile,
        main=main,
        contracts=contracts,
        targets=targets,
        embedded=wanted == "emulator",
        retry=ONE_TRY if profile.seeks_limit else RetryPolicy(),
        folder=Path(options.out),
        formats=formats(options.format),
        seed=options.seed,
        budget=options.budget,
        workers=options.workers,
        client=options.client,
        allowed=tuple(options.i_may_load),
    )


def formats(text: str) -> tuple[str, ...]:
    """Report formats; a wrong one is told before anything is sent."""
    from reports.files import known  # noqa: PLC0415  # brings Jinja, and only a load needs it

    names = dict.fromkeys(name.strip() for name in text.split(",") if name.strip())
    return tuple(known(name) for name in names if name != "csv")  # a load always has its table


def _wanted(options: Namespace) -> str:
    if options.host and options.target:
        raise UsageError("--host and --target both say where", hint="drop one of the two")
    return str(options.host or options.target or "emulator")


def _main(options: Namespace, profile: Profile, wanted: str) -> str:
    """Whom shares mean that name nobody; where none is named, as `run` finds it."""
    mixed = {share.provider for share in profile.mix if share.provider}
    if options.provider is None and len(mixed) == 1:
        return next(iter(mixed))
    operation = next((share.operation for share in profile.mix if share.operation), None)
    url = wanted if "://" in wanted else ""
    there = tuple(prepare.emulators(url.rstrip("/"))) if url else ()
    target = there or (of_host(host_of(url), contract_load.index()) if url else ())
    return which_provider(
        Clues(
            provider=options.provider,
            operation=operation,
            target=target,
            emulated=wanted == "emulator" or bool(there),
        )
    )


def _targets(wanted: str, contracts: Mapping[str, Contract], main: str) -> dict[str, Target]:
    found = {}
    for name, contract in contracts.items():
        url = wanted if name == main or wanted == "live" else contract.host
        target = prepare.target(url, contract, None)
        keys = credentials.read(contract, os.environ, Path(".env"))
        prepare.guard(target, keys.values)
        found[name] = target
    return found


# --- the shape --------------------------------------------------------------------------------


def shaped(profile: Profile, options: Namespace) -> Profile:
    """As the options change it: height, time, or both."""
    for model, name in ((Model.OPEN, "rate"), (Model.CLOSED, "users")):
        wanted = getattr(options, name)
        if wanted is None:
            continue
        if profile.model is not model:
            other = "--users" if model is Model.OPEN else "--rate"
            what = "users" if profile.model is Model.CLOSED else "arrivals a second"
            raise UsageError(f"{profile.name} counts {what}, not --{name}", hint=f"use {other}")
        profile = profile.scaled(wanted / profile.peak)
    if options.scale is not None:
        profile = profile.scaled(options.scale)
    _bearable(profile)
    if options.duration is not None:
        profile = profile.lasting(options.duration)
    return profile


def _bearable(profile: Profile) -> None:
    """What a profile may not say, no option makes of it."""
    is_open = profile.model is Model.OPEN
    most = reading.RATE_MAX if is_open else reading.USERS_MAX
    if profile.peak > most:
        what = "arrivals a second" if is_open else "users"
        raise UsageError(f"{profile.peak:,.0f} {what} are too many", hint=f"at most {most:,.0f}")


def duration(text: str) -> float:
    """`90 s`, `5min`, `8h`; a bare number is seconds."""
    found, _ = quantity.read(text, {**quantity.DURATIONS, "": 1.0}, example="90 s or 5 min")
    if not 0 < found <= _DURATION_S_MAX:
        raise ValueError(text)
    return found


def rate(text: str) -> float:
    """`20 /s`, `300 /min`; a bare number is a second."""
    found, _ = quantity.read(text, {**quantity.RATES, "": 1.0}, example="20 /s or 300 /min")
    if not 0 < found <= reading.RATE_MAX:
        raise ValueError(text)
    return found


_DURATION_S_MAX = 7 * 86_400.0


# --- what may be sent -------------------------------------------------------------------------


def refuse(order: LoadOrder, language: str) -> None:
    """Nobody is loaded who must not be."""
    from diagnostics.loading.safety import refusal  # noqa: PLC0415  # forecasts, resolves names

    for name, target in order.targets.items():
        contract = order.contracts[name]
        why = refusal(
            order.profile,
            target.base_url,
            order.allowed,
            order.budget,
            contract,
            main=name == order.main,
        )
        if why is not None:
            raise UsageError(f"this load is refused:\n{why.in_language(language)}", hint=_DRY)


def own_bodies(order: LoadOrder) -> None:
    """Nothing paid is invented for a live provider."""
    for name, target in order.targets.items():
        if target.kind is TargetKind.LIVE:
            _own_body(order.profile, order.contracts[name], name, order.main)


_DRY = "--dry-run shows what would be sent"


def _own_body(profile: Profile, contract: Contract, name: str, main: str) -> None:
    for share in profile.mix:
        if share.scenario != "job" or (share.provider or main) != name or share.body is not None:
            continue
        operation = contract.operation(share.operation or contract.roles.get("example", ""))
        if operation.spends:
            raise UsageError(
                f"{operation.id} needs your own request against a live host",
                place=profile.file or profile.name,
                hint="copy the profile, and name the body in its mix: request: call.json",
            )


def case(order: LoadOrder, scenarios: Sequence[str]) -> Case:
    """What the tape of the samples opens with."""
    contract, target = order.contract, order.target
    example = contract.operations.get(contract.roles.get("example", ""))
    return Case(
        run_id=order.run_id,
        target=target,
        plan=prepare.plan(example, target, None) if example and target.media_base else None,
        retry=order.retry,
        environment=prepare.environment(os.environ),
        started_s=time.time(),
        budget=order.budget,
        seed=order.seed,
        scenarios=tuple(scenarios),
    )


def settled(order: LoadOrder, targets: Mapping[str, Target]) -> LoadOrder:
    """The order, now that it is known where everybody stands."""
    return replace(order, targets=targets)
