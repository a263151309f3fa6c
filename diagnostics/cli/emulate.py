"""`diagnostics emulate [PROVIDER…]`: where can my own client meet providers that misbehave?"""

import argparse
import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from diagnostics import contract_load
from diagnostics.cli.discover import known
from diagnostics.cli.numbers import amount, factor, port
from diagnostics.cli.screen import Screen
from diagnostics.contract import Contract
from diagnostics.errors import Exit, UsageError
from diagnostics.model import Json, Text

if TYPE_CHECKING:  # brings the media and schema libraries
    from diagnostics.emulator.app import Emulator
    from diagnostics.emulator.faults import FaultPlan
    from diagnostics.emulator.overload import Pressure
    from diagnostics.emulator.serve import Places
    from diagnostics.emulator.town import Town

_TITLE = Text(
    en="{title} emulator at {base_url} ({credits:g} invented credits; not the provider itself)",
    ru="эмулятор {title} на {base_url} ({credits:g} вымышленных кредитов; это не сам провайдер)",
)
_FAULT = Text(en="plays {name}: {title}", ru="разыгрывает {name}: {title}")
_ACCEPTS = Text(
    en="accepts {value} in {header} (set it as {variable})",
    ru="принимает {value} в {header} (задайте как {variable})",
)
_TOKENS = Text(
    en="issues tokens to {client_id} with {client_secret} ({variables})",
    ru="выдаёт токены для {client_id} с {client_secret} ({variables})",
)
_SDK = Text(
    en="for the unmodified {package} package: {variable}={value}",
    ru="для пакета {package} без изменений: {variable}={value}",
)
_CALLS_BACK = Text(
    en="signs callbacks with webhook_secret of {base_url}/_emulator (set it as {variable})",
    ru="подписывает вызовы: webhook_secret из {base_url}/_emulator (задайте как {variable})",
)
_PRESSED = Text(en="under pressure: {settings}", ru="под давлением: {settings}")
_TRY = Text(en="try:", ru="попробуйте:")
_EVERYBODY = Text(en="who is here: {url}", ru="кто здесь есть: {url}")
_STOP = Text(en="Ctrl-C stops it", ru="остановка: Ctrl-C")
_STOPPED = Text(en="stopped after {count} requests", ru="остановлен, запросов: {count}")
_EXPOSED = Text(
    en="{host} is not this machine alone: whoever reaches the port can use the emulator",
    ru="{host} — это не только ваша машина: эмулятором сможет пользоваться любой, кто видит порт",
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """What `emulate` takes."""
    parser.add_argument("name", nargs="*", metavar="PROVIDER", help="default: all of them")
    where = parser.add_argument_group("where")
    where.add_argument("--port", type=port, default=0, metavar="N", help="default: a free one")
    where.add_argument("--host", default="127.0.0.1", metavar="ADDRESS", help="(127.0.0.1)")
    where.add_argument(
        "--own-ports", action="store_true", help="a port each (N, N+1, …), no prefix in the path"
    )
    how = parser.add_argument_group("how it behaves")
    how.add_argument("--fault", metavar="NAME|FILE", help="see: diagnostics list faults")
    how.add_argument("--credits", type=amount, default=1000.0, metavar="N", help="to start (1000)")
    how.add_argument("--speed", type=factor, default=1.0, metavar="X", help="jobs X times faster")
    how.add_argument("--seed", type=int, default=0, metavar="N", help="of ids, durations and dice")
    _under_load(parser.add_argument_group("under load", "what a load profile may find"))
    how.add_argument(
        "--webhook", metavar="URL", help="tell it of every job that names no callback of its own"
    )


_SETTINGS = (
    ("per-minute", "N", "paid calls a minute; more are refused"),
    ("per-second", "N", "paid calls a second; more are refused"),
    ("reads-per-minute", "N", "free calls a minute"),
    ("reads-per-second", "N", "free calls a second"),
    ("jobs-at-once", "N", "jobs in flight; one more is refused"),
    ("plan", "NAME", "the plan whose documented jobs at once apply"),
    ("queue-s", "TIME", "5, 'uniform 5 10', 'exponential 8' (mean) …"),
    ("render-s", "TIME", "… or 'lognormal 50 0.6' (median, sigma)"),
    ("renderers", "N", "jobs that render at a time; the others queue"),
    ("queue-jobs", "N", "jobs that may queue for one; more are overload"),
    ("answer-s", "TIME", "how long each answer takes"),
    ("overload-jobs", "N", "jobs in flight beyond which it is overloaded"),
    ("overload", "WAY", "then it will refuse (default) or slow"),
    ("overload-factor", "X", "that many times slower (2)"),
    ("fault-probability", "P", "how likely each rule of --fault is, 0 to 1"),
)
"""As in `emulator/overload.py`, which loads too much for `--help`; a test compares them."""


def _under_load(group: "argparse._ArgumentGroup") -> None:
    for name, takes, what in _SETTINGS:
        group.add_argument(f"--{name}", metavar=takes, help=what)


def _pressure(options: argparse.Namespace) -> "Pressure":
    """What the options of that group come to."""
    from diagnostics.emulator.overload import pressure  # noqa: PLC0415  # not needed for --help

    words = [name.replace("-", "_") for name, *_ in _SETTINGS]
    given = {word: getattr(options, word, None) for word in words}
    return pressure({word: value for word, value in given.items() if value is not None})


def main(options: argparse.Namespace, screen: Screen) -> Exit:
    """Serve until interrupted."""
    from diagnostics.emulator.faults import load_plan  # noqa: PLC0415  # see below
    from diagnostics.emulator.overload import check_plan  # noqa: PLC0415  # see below
    from diagnostics.emulator.serve import placed, serve  # noqa: PLC0415  # uvicorn: not for --help
    from diagnostics.emulator.town import players  # noqa: PLC0415  # with the rest

    pressed = _pressure(options)
    contracts = [contract_load.load(name) for name in _providers(options)]
    check_plan(pressed, contracts)
    plan = load_plan(options.fault) if options.fault else None
    players(contracts, plan)  # who cannot play it says so before a port is taken
    places = placed(contracts, options.host, options.port, own_ports=options.own_ports)
    town = _town(contracts, places, plan, options, pressed)
    if options.webhook is not None:
        _register(town, options.webhook)
    if not _loopback(options.host):
        screen.say(_EXPOSED.fill(screen.language, {"host": options.host}))
    try:
        serve(town, places.listeners, lambda: _announce(town, screen))
    except KeyboardInterrupt:
        screen.say(_STOPPED.fill(screen.language, {"count": town.answered}))
        return Exit.INTERRUPTED
    return Exit.OK


def _town(
    contracts: Sequence[Contract],
    places: "Places",
    plan: "FaultPlan | None",
    options: argparse.Namespace,
    pressed: "Pressure",
) -> "Town":
    from diagnostics.drive.clock import RealClock  # noqa: PLC0415  # see the next line
    from diagnostics.emulator.town import Town, settled  # noqa: PLC0415  # not needed for --help

    emulators = settled(
        contracts,
        places.base_urls,
        clock=RealClock(),
        faults=plan,
        seed=options.seed,
        credits=options.credits,
        speed=options.speed,
        pressure=pressed,
    )
    return Town(emulators, places.ports)


def _register(town: "Town", url: str) -> None:
    """The URL that an account's settings would hold."""
    from diagnostics.emulator.callbacks import is_local  # noqa: PLC0415  # not needed for --help

    if not is_local(url):
        raise UsageError(
            f"{url} is not on this machine: the emulator calls nobody else",
            hint="diagnostics webhook listen prints the address to give here",
        )
    for emulator in town.emulators.values():
        emulator.callbacks.registered = url


def _providers(options: argparse.Namespace) -> Sequence[str]:
    there = contract_load.providers()
    wanted = options.name or ([options.provider] if options.provider else there)
    return [known(name, there, "provider") for name in dict.fromkeys(wanted)]


# --- what it says once it listens -------------------------------------------------------------


def _announce(town: "Town", screen: Screen) -> None:
    emulators = list(town.emulators.values())
    if screen.as_json:
        told = [_as_json(one) for one in emulators]
        screen.emit("emulate", {**(told[0] if len(told) == 1 else {}), "emulators": told})
        return
    lines = [line for one in emulators for line in _lines(one, screen.language)]
    if len(emulators) > 1 and not town.ports:
        root = emulators[0].base_url.rpartition("/")[0]
        lines.append(_EVERYBODY.fill(screen.language, {"url": f"{root}/_emulator"}))
    screen.show("\n".join([*lines, _STOP.in_language(screen.language)]))


def _as_json(emulator: "Emulator") -> dict[str, Json]:
    """No field is named like a secret: these credentials are invented, and meant to be read."""
    return {
        "provider": emulator.contract.name,
        "base_url": emulator.base_url,
        "sdk": [sdk(emulator.base_url, one) for one in emulator.contract.sdk],
        "media_base": emulator.media_base,
        "about": f"{emulator.base_url}/_emulator",
        "accepts": [emulator.key],
        "issues_tokens_to": [emulator.client_id, emulator.client_secret],
        "fault": emulator.plan.name if emulator.plan else None,
        "credits": emulator.account.credits,
        "pressure": _settings(emulator),
    }


def _settings(emulator: "Emulator") -> dict[str, Json]:
    from diagnostics.emulator.overload import told  # noqa: PLC0415  # not needed for --help

    return told(emulator.pressure)


def sdk(base_url: str, words: Mapping[str, str]) -> dict[str, str]:
    """How an official package is told where to go: its name, a variable, the value."""
    value = f"{base_url}{words.get('path', '')}"
    return {"package": words["package"], "variable": words["variable"], "value": value}


def _lines(emulator: "Emulator", language: str) -> Iterator[str]:
    contract = emulator.contract
    facts = {
        "title": contract.title,
        "base_url": emulator.base_url,
        "credits": emulator.account.credits,
    }
    yield _TITLE.fill(language, facts)
    if emulator.plan:
        title = emulator.plan.title.in_language(language)
        yield "  " + _FAULT.fill(language, {"name": emulator.plan.name, "title": title})
    pressed = ", ".join(f"{name} {value}" for name, value in _settings(emulator).items())
    if pressed:
        yield "  " + _PRESSED.fill(language, {"settings": pressed})
    yield from (f"  {line}" for line in _credentials(emulator, language))
    own = [v for v in emulator.callbacks.secrets if v not in _variables(contract)]
    if own:
        yield "  " + _CALLS_BACK.fill(language, {**facts, "variable": own[0]})
    for one in contract.sdk:
        yield "  " + _SDK.fill(language, sdk(emulator.base_url, one))
    yield _TRY.in_language(language)
    if contract.probe:
        yield f"  {curl(contract, emulator.base_url)}"
    yield f"  diagnostics run --target {emulator.base_url}"


def _variables(contract: Contract) -> set[str]:
    return {variable for scheme in contract.schemes for variable in scheme.variables}


def _credentials(emulator: "Emulator", language: str) -> Iterator[str]:
    for scheme in emulator.contract.schemes:
        if scheme.token_operation:
            account = {"client_id": emulator.client_id, "client_secret": emulator.client_secret}
            variables = ", ".join(scheme.variables)
            yield _TOKENS.fill(language, {**account, "variables": variables})
        else:
            facts = {"value": emulator.key, "header": scheme.header}
            yield _ACCEPTS.fill(language, {**facts, "variable": scheme.variables[0]})


def curl(contract: Contract, base_url: str) -> str:
    """The free authenticated read as a line for a shell."""
    probe = contract.operations[contract.probe]
    scheme = next((s for s in contract.schemes if not s.token_operation), contract.schemes[0])
    path = next(contract.probing()).url.removeprefix(probe.host)
    return f'curl -H "{scheme.header}: {scheme.prefix}${scheme.variables[0]}" {base_url}{path}'


def _loopback(host: str) -> bool:
    """Does nobody but this machine reach it? 127.0.0.0/8, ::1 and the name."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
