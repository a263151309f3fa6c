"""`diagnostics emulate [PROVIDER]`: where can my own client meet a provider that misbehaves?"""

import argparse
import ipaddress
from collections.abc import Iterator
from typing import TYPE_CHECKING

from diagnostics import contract_load
from diagnostics.cli.screen import Screen
from diagnostics.contract import Contract
from diagnostics.errors import Exit, UsageError
from diagnostics.model import Json, Text

if TYPE_CHECKING:  # brings the media and schema libraries
    from diagnostics.emulator.app import Emulator

_PORT_MAX = 65_535
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
_TRY = Text(en="try:", ru="попробуйте:")
_STOP = Text(en="Ctrl-C stops it", ru="остановка: Ctrl-C")
_STOPPED = Text(en="stopped after {count} requests", ru="остановлен, запросов: {count}")
_EXPOSED = Text(
    en="{host} is not this machine alone: whoever reaches the port can use the emulator",
    ru="{host} — это не только ваша машина: эмулятором сможет пользоваться любой, кто видит порт",
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """What `emulate` takes."""
    parser.add_argument("name", nargs="?", metavar="PROVIDER", help="default: the only one")
    where = parser.add_argument_group("where")
    where.add_argument("--port", type=_port, default=0, metavar="N", help="default: a free one")
    where.add_argument("--host", default="127.0.0.1", metavar="ADDRESS", help="(127.0.0.1)")
    how = parser.add_argument_group("how it behaves")
    how.add_argument("--fault", metavar="NAME|FILE", help="see: diagnostics list faults")
    how.add_argument("--credits", type=_amount, default=1000.0, metavar="N", help="to start (1000)")
    how.add_argument("--speed", type=_factor, default=1.0, metavar="X", help="jobs X times faster")
    how.add_argument("--seed", type=int, default=0, metavar="N", help="of ids, durations and dice")


def main(options: argparse.Namespace, screen: Screen) -> Exit:
    """Serve until interrupted."""
    from diagnostics.drive.clock import RealClock  # noqa: PLC0415  # see the next line
    from diagnostics.emulator.app import Emulator  # noqa: PLC0415  # not needed for --help
    from diagnostics.emulator.faults import load_plan  # noqa: PLC0415  # see above
    from diagnostics.emulator.serve import base_url, bound, serve  # noqa: PLC0415  # uvicorn

    contract = contract_load.load(_provider(options))
    plan = load_plan(options.fault) if options.fault else None
    listener = bound(options.host, options.port)
    emulator = Emulator(
        contract,
        clock=RealClock(),
        faults=plan,
        seed=options.seed,
        base_url=base_url(listener),
        credits=options.credits,
        speed=options.speed,
    )
    if not _loopback(options.host):
        screen.say(_EXPOSED.fill(screen.language, {"host": options.host}))
    try:
        serve(emulator, [listener], lambda: _announce(emulator, screen))
    except KeyboardInterrupt:
        screen.say(_STOPPED.fill(screen.language, {"count": emulator.answered}))
        return Exit.INTERRUPTED
    return Exit.OK


def _provider(options: argparse.Namespace) -> str:
    known = contract_load.providers()
    wanted: str | None = options.name or options.provider
    if wanted is None:
        raise UsageError("several providers are known", hint=f"name one: {', '.join(known)}")
    if wanted not in known:
        raise UsageError(f"no provider {wanted!r}", hint=f"providers: {', '.join(known)}")
    return wanted


# --- what it says once it listens -------------------------------------------------------------


def _announce(emulator: "Emulator", screen: Screen) -> None:
    if screen.as_json:
        screen.emit("emulate", _as_json(emulator))
        return
    screen.show("\n".join(_lines(emulator, screen.language)))


def _as_json(emulator: "Emulator") -> dict[str, Json]:
    """No field is named like a secret: these credentials are invented, and meant to be read."""
    return {
        "provider": emulator.contract.name,
        "base_url": emulator.base_url,
        "media_base": emulator.media_base,
        "about": f"{emulator.base_url}/_emulator",
        "accepts": [emulator.key],
        "issues_tokens_to": [emulator.client_id, emulator.client_secret],
        "fault": emulator.plan.name if emulator.plan else None,
        "credits": emulator.account.credits,
    }


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
    yield from (f"  {line}" for line in _credentials(emulator, language))
    yield _TRY.in_language(language)
    yield f"  {_curl(contract, emulator.base_url)}"
    yield f"  diagnostics run --target {emulator.base_url}"
    yield _STOP.in_language(language)


def _credentials(emulator: "Emulator", language: str) -> Iterator[str]:
    for scheme in emulator.contract.schemes:
        if scheme.token_operation:
            account = {"client_id": emulator.client_id, "client_secret": emulator.client_secret}
            variables = ", ".join(scheme.variables)
            yield _TOKENS.fill(language, {**account, "variables": variables})
        else:
            facts = {"value": emulator.key, "header": scheme.header}
            yield _ACCEPTS.fill(language, {**facts, "variable": scheme.variables[0]})


def _curl(contract: Contract, base_url: str) -> str:
    balance = contract.operations[contract.roles["balance"]]
    scheme = next(s for s in contract.schemes if not s.token_operation)
    return (
        f'curl -H "{scheme.header}: {scheme.prefix}${scheme.variables[0]}" {base_url}{balance.path}'
    )


# --- numbers ----------------------------------------------------------------------------------


def _port(text: str) -> int:
    value = int(text)
    if not 0 <= value <= _PORT_MAX:
        raise ValueError(text)
    return value


def _amount(text: str) -> float:
    value = float(text)
    if not 0 <= value < float("inf"):
        raise ValueError(text)
    return value


def _factor(text: str) -> float:
    value = _amount(text)
    if value == 0:
        raise ValueError(text)
    return value


def _loopback(host: str) -> bool:
    """Does nobody but this machine reach it? 127.0.0.0/8, ::1 and the name."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
