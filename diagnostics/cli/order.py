"""What exactly is to be run? Options, keys and files become one decided order."""

import os
import time
from argparse import Namespace
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diagnostics import aging, contract_load, credentials, prepare
from diagnostics.cli import discover
from diagnostics.cli.address import called, path_values
from diagnostics.cli.judged import contract_of
from diagnostics.cli.recorded import Recorded, is_recording, recorded
from diagnostics.cli.resume import Earlier, continued, earlier, options_of
from diagnostics.cli.screen import Screen
from diagnostics.cli.which import Clues, host_of, of_host, provider
from diagnostics.contract import Contract
from diagnostics.errors import UsageError
from diagnostics.model import (
    Case,
    KeyFacts,
    Plan,
    PollPolicy,
    RetryPolicy,
    Target,
    TargetKind,
)
from diagnostics.scenario import Scenario

if TYPE_CHECKING:  # read only where there is a file
    from diagnostics.request_file import RequestFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A run, decided: nothing is left to look up but the answers."""

    contract: Contract
    case: Case
    scenarios: tuple[Scenario, ...]
    values: Mapping[str, str]
    folder: Path
    formats: tuple[str, ...]
    deadline_s: float | None
    fail_fast: bool
    keyless: bool = False
    """Nobody chose the emulator: there was no key to go live with."""
    recorded: Recorded | None = None
    """Play it instead of asking anybody."""
    max_age_days: float | None = None
    """Of a recording: an older one is a finding."""
    earlier: Earlier | None = None
    """It goes on with this run, and pays for nothing twice."""


def decide(options: Namespace, screen: Screen) -> Order:
    """Look everything up that can be wrong before the first request leaves."""
    known = earlier(options)
    if known is None:
        return _decided(options, screen)
    order = _decided(options_of(known, options), screen)
    return replace(order, case=continued(order.case, known), earlier=known)


def _decided(options: Namespace, screen: Screen) -> Order:
    source = recorded(options, screen)
    if options.max_age is not None and source is None:
        raise UsageError("--max-age is for recordings", hint="name one: --target FILE")
    given = _request(options, screen)
    contract = contract_load.load(_provider(options, source, given))
    every = discover.scenarios()
    names = options.scenario or _usual(every, source)
    chosen = tuple(every[discover.known(name, every, "scenario")] for name in names)
    keys = credentials.read(contract, os.environ, Path(".env"))
    keys.register(screen.gate)
    if source is not None:
        _unfit(options)
        chosen = tuple({s.name: s for s in (*chosen, every[aging.NAME])}.values())
        case = replace(source.tape.case, scenarios=tuple(s.name for s in chosen))
        case = replace(case, plan=_plan(options, contract, case.target, given) or case.plan)
        contract = contract_of(case)
        order = _ordered(options, contract, case, chosen, {})
        return replace(order, recorded=source, max_age_days=options.max_age)
    where = _target(options, contract, keys)
    values = _values(where, contract, keys, screen)
    prepare.guard(where, values)
    case = _case(options, contract, where, values, _plan(options, contract, where, given))
    case = replace(
        case,
        keys=_facts(where, contract, keys.facts, values),
        scenarios=tuple(s.name for s in chosen),
    )
    order = _ordered(options, contract, case, chosen, values)
    keyless = not keys.values and options.target is None and options.fault is None
    return replace(order, keyless=keyless)


def _unfit(options: Namespace) -> None:
    """A recording plays what it holds, and nothing else."""
    if options.fault is not None:
        raise UsageError(
            "a recording plays no faults",
            place=options.target,
            hint=f"drop --fault, or let the emulator play it: --fault {options.fault}",
        )


def _usual(every: Mapping[str, Scenario], source: Recorded | None) -> list[str]:
    """Those of the recording, as far as they are still there; else the suite."""
    then = source.tape.case.scenarios if source is not None else ()
    usual = [name for name, one in every.items() if not one.on_request]
    return [name for name in then if name in every] or usual


def everybody(options: Namespace, screen: Screen) -> list[Order]:
    """An order for every provider; with a fault, for each that can play it."""
    if options.operation or options.request or is_recording(options.target):
        raise UsageError(
            "--provider all runs each provider's own example",
            hint="drop --operation, --request and recordings, or name one provider",
        )
    names = _players(options.fault) or contract_load.providers()
    return [decide(Namespace(**{**vars(options), "provider": name}), screen) for name in names]


def _provider(options: Namespace, source: Recorded | None, given: "RequestFile | None") -> str:
    """Whom the run is about: what was recorded, or what the options say."""
    if source is not None:
        known = source.tape.case.target.provider
        if options.provider not in {None, known}:
            raise UsageError(
                f"the recording is of {known}, not of {options.provider}",
                place=options.target,
                hint="drop --provider",
            )
        return known
    clues = Clues(
        provider=options.provider,
        operation=options.operation or (given.operation if given else None),
        address=given.operation if given else None,
        fault=_players(options.fault),
        **_answering(options),
    )
    return provider(clues)


def _players(fault: str | None) -> tuple[str, ...]:
    """Who can play the plan; a broken one is told before anything is written."""
    from diagnostics.emulator.faults import load_plan  # noqa: PLC0415  # only if faults are played

    return load_plan(fault).providers if fault is not None else ()


def _told(fault: str | None) -> str:
    """The call that a plan tells of, if it tells of one."""
    from diagnostics.emulator.faults import load_plan  # noqa: PLC0415  # only if faults are played

    return load_plan(fault).operation if fault is not None else ""


def _answering(options: Namespace) -> dict[str, Any]:
    """What the target says of the provider."""
    target: str | None = options.target
    if target is None or "://" not in target:
        return {"emulated": target == "emulator" or options.fault is not None}
    there = tuple(prepare.emulators(target.rstrip("/")))
    known = there or of_host(host_of(target), contract_load.index())
    return {"target": known, "emulated": bool(there)}


def _case(
    options: Namespace,
    contract: Contract,
    where: Target,
    values: Mapping[str, str],
    planned: Plan | None,
) -> Case:
    local = where.base_url == f"http://{prepare.emulator_host(contract.name)}"
    sent = [s.header for s in contract.schemes if s.variables and set(s.variables) <= set(values)]
    return Case(
        run_id=prepare.run_id(time.time()),
        target=where,
        plan=planned,
        auth_headers=tuple(sent) or ((contract.schemes[0].header,) if local else ()),
        poll=PollPolicy(interval_s=options.poll_interval, max_polls=options.max_polls),
        retry=RetryPolicy(
            max_retries=options.max_retries,
            base_delay_s=options.base_delay,
            put_back=options.put_back,
        ),
        environment=prepare.environment(os.environ),
        started_s=time.time(),
        virtual_time=local,
        budget=options.budget,
        seed=options.seed,
    )


def _ordered(
    options: Namespace,
    contract: Contract,
    case: Case,
    chosen: Sequence[Scenario],
    values: Mapping[str, str],
) -> Order:
    return Order(
        contract=contract,
        case=case,
        scenarios=tuple(sorted(chosen, key=lambda s: s.order)),
        values=values,
        folder=Path(options.out) / case.run_id,
        formats=_formats(options.format),
        deadline_s=options.deadline,
        fail_fast=options.fail_fast,
    )


def _formats(text: str) -> tuple[str, ...]:
    wanted = [name.strip() for name in text.split(",") if name.strip()]
    for name in wanted:
        if name not in {"txt", "html", "json", "md", "zip"}:  # these need no look at the folder
            discover.known(name, discover.formats(), "report format")
    return tuple(dict.fromkeys(wanted))


def _target(options: Namespace, contract: Contract, keys: credentials.Credentials) -> Target:
    wanted = options.target
    if wanted is None:
        wanted = "emulator" if options.fault or not keys.values else "live"
    if wanted == "live" and not keys.values:
        names = [" with ".join(s.variables) for s in contract.schemes if s.variables]
        raise UsageError(
            f"--target live needs a key: {' or '.join(names)}",
            hint=f"export {contract.schemes[0].variables[0]}=…, or write it to .env",
        )
    return prepare.target(wanted, contract, options.fault)


def _values(
    where: Target, contract: Contract, keys: credentials.Credentials, screen: Screen
) -> Mapping[str, str]:
    """The user's keys, or those the emulator invents: never the user's to the emulator."""
    if where.kind is not TargetKind.EMULATOR:
        return keys.values
    if where.base_url.endswith(prepare.emulator_host(contract.name)):
        return {}
    key = prepare.emulator_keys(where.base_url).get("key", "")
    screen.gate.register(key, f"{contract.name}-api-key")
    return {contract.schemes[0].variables[0]: key}


def _facts(
    where: Target, contract: Contract, facts: tuple[KeyFacts, ...], values: Mapping[str, str]
) -> tuple[KeyFacts, ...]:
    if where.kind is not TargetKind.EMULATOR:
        return facts
    name = contract.schemes[0].variables[0]
    length = len(values.get(name, "")) or 32
    return (KeyFacts(name=name, present=True, length=length, origin="emulator"),)


def _plan(
    options: Namespace, contract: Contract, where: Target, given: "RequestFile | None"
) -> Plan | None:
    call = None if given is None else _given(options, contract, given)
    wanted = call.operation if call else options.operation
    if wanted is None:
        if where.kind is not TargetKind.EMULATOR:
            return None
        wanted = _told(options.fault) or contract.roles["example"]
    operation = contract.operation(wanted)
    if call is None and operation.spends and where.kind is TargetKind.LIVE:
        raise UsageError(
            f"{operation.id} needs your own request against a live host",
            hint="give its JSON body with --request FILE",
        )
    return prepare.plan(operation, where, call)


def _request(options: Namespace, screen: Screen) -> "RequestFile | None":
    """The file with the user's own call, read once; its credentials are hidden from now on."""
    if options.request is None:
        return None
    from diagnostics import request_file  # noqa: PLC0415  # only when there is a file

    read = request_file.read(options.request)
    for _, value in read.headers:
        screen.gate.register(value, "request-header")
    for note in read.notes:
        screen.say(note.in_language(screen.language))
    if options.operation is None and read.operation is None:
        raise UsageError(
            "--request needs --operation",
            hint="name the call the file belongs to: diagnostics list operations",
        )
    return read


def _given(options: Namespace, contract: Contract, read: "RequestFile") -> Plan:
    """The user's own call as the contract names it."""
    wanted = options.operation or read.operation or ""
    operation, _ = called(contract, wanted)
    return Plan(
        operation=operation.id,
        body=read.body,
        query=dict(read.query),
        path=dict(read.path) or path_values(operation, wanted),
        file=options.request,
    )
