"""How does `webhook listen` receive? Shows, verifies, keeps a gated copy, and answers each."""

import argparse
import base64
import ipaddress
import json
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from diagnostics.cli.screen import Screen
from diagnostics.cli.webhook import as_json, headline, overall, show
from diagnostics.emulator.serve import base_url, bound
from diagnostics.errors import Exit, UsageError
from diagnostics.model import Json, Text, Verdict
from diagnostics.prepare import run_id
from diagnostics.redact import Gate
from diagnostics.webhooks.delivery import Delivery
from diagnostics.webhooks.inspector import Inspector
from diagnostics.webhooks.judge import Checked
from diagnostics.webhooks.receive import Receiver, serve

NAME = "webhooks.jsonl"
_KEPT_MAX = 10_000
"""Callbacks that the summary remembers; the file holds all of them."""
_LISTENS = Text(
    en="listening on {base_url} for callbacks of {provider}; gated copies go to {folder}",
    ru="принимаю вызовы {provider} на {base_url}; копии без секретов — в {folder}",
)
_ANYBODY = Text(en="any provider", ru="любого провайдера")
_STOP = Text(en="Ctrl-C stops it", ru="остановка: Ctrl-C")
_ENDED = Text(en="received {count}, kept in {folder}", ru="получено: {count}, копии — в {folder}")
_NOTHING = Text(en="no callback came", ru="ни одного вызова не пришло")
_EXPOSED = Text(
    en="{host} is not this machine alone: whoever reaches the port can send callbacks",
    ru="{host} — это не только ваша машина: слать вызовы сможет любой, кто видит порт",
)
_TAKEN, _REFUSED, _UNKEPT = 200, 401, 503


def listen(
    options: argparse.Namespace, provider: str, inspector: Inspector, screen: Screen
) -> Exit:
    """Receive until enough came, the time is over, or Ctrl-C."""
    folder = Path(options.out) / run_id(time.time())
    if not _loopback(options.host):
        screen.say(_EXPOSED.fill(screen.language, {"host": options.host}))
    with Notebook(folder, screen.gate) as notebook:
        reception = _Reception(inspector, notebook, screen)
        try:
            _serve(options, provider, reception, folder, screen)
        except KeyboardInterrupt:
            _close(reception, folder, screen)
            return Exit.INTERRUPTED
    if reception.failed is not None:
        raise reception.failed
    return _close(reception, folder, screen)


def _serve(
    options: argparse.Namespace,
    provider: str,
    reception: "_Reception",
    folder: Path,
    screen: Screen,
) -> None:
    count = 1 if options.once else options.count
    receiver = Receiver(reception.take, time.time, count=count)
    reception.give_up = receiver.enough.set
    listener = bound(options.host, options.port)
    facts = {
        "base_url": base_url(listener),
        "provider": provider or _ANYBODY.in_language(screen.language),
        "folder": folder,
    }
    told = f"{_LISTENS.fill(screen.language, facts)}\n{_STOP.in_language(screen.language)}"
    serve(receiver, listener, then=lambda: screen.say(told), timeout_s=options.timeout)


class _Reception:
    """Judges each callback as it comes, shows it, keeps it, and says what to answer."""

    def __init__(self, inspector: Inspector, notebook: "Notebook", screen: Screen) -> None:
        self._inspector, self._notebook, self._screen = inspector, notebook, screen
        self.give_up: Callable[[], None] = lambda: None
        self.failed: UsageError | None = None
        self.checked: list[Checked] = []
        self.count = 0

    def take(self, delivery: Delivery) -> int:
        """The HTTP status that the callback is answered with."""
        checked = self._inspector.inspect(delivery, delivery.received_s or 0.0)
        status = _REFUSED if checked.verified is False else _TAKEN
        self.count += 1
        self.checked.append(checked)
        del self.checked[:-_KEPT_MAX]
        try:
            self._notebook.write(checked, status)
        except UsageError as error:  # the server would swallow it
            self.failed = error
            self.give_up()
            return _UNKEPT
        if self._screen.as_json:
            self._screen.say(f"{status} {headline(checked, self._screen.language)}")
        else:
            show(checked, self._screen)
        return status


def _close(reception: _Reception, folder: Path, screen: Screen) -> Exit:
    facts = {"count": reception.count, "folder": folder}
    screen.say((_ENDED if reception.count else _NOTHING).fill(screen.language, facts))
    if screen.as_json:
        kept = {"received": reception.count, "folder": str(folder)}
        screen.emit("webhook", {**as_json(reception.checked, screen.language), **kept})
    verdict = overall(reception.checked)
    if verdict is Verdict.FAIL:
        return Exit.FINDINGS
    return Exit.INCONCLUSIVE if verdict is Verdict.INCONCLUSIVE else Exit.OK


class Notebook:
    """One gated line a callback, written as it comes: killed at any instant, the rest is there.

    What was hidden is hidden: a copy cannot be verified again, for its signature is gone.
    """

    def __init__(self, folder: Path, gate: Gate) -> None:
        self._folder, self._gate = folder, gate
        self._file: IO[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._file = (self._folder / NAME).open("ab", buffering=0)
        except OSError as error:
            raise self._unwritable(error) from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()

    def write(self, checked: Checked, status: int) -> None:
        """Append one callback."""
        assert self._file is not None  # noqa: S101  # written inside `with` only
        line = json.dumps(self._line(checked, status), ensure_ascii=False, separators=(",", ":"))
        try:
            self._file.write(line.encode("utf-8", "surrogatepass") + b"\n")
        except OSError as error:
            raise self._unwritable(error) from error

    def _line(self, checked: Checked, status: int) -> dict[str, Json]:
        delivery, gate = checked.delivery, self._gate
        body = gate.body(delivery.body, delivery.header("content-type"))
        about: dict[str, Json] = {
            "received_at": delivery.received_s,
            "path": gate.url(delivery.path),
            "headers": [list(pair) for pair in gate.headers(delivery.headers)],
            "provider": checked.provider,
            "answered": status,
            "verified": checked.verified,
            "rules": [finding.rule.code for finding in checked.findings],
        }
        about |= {name: gate.text(getattr(checked, name)) for name in ("job", "state")}
        try:
            return {**about, "body": body.decode()}
        except UnicodeDecodeError:
            return {**about, "body_base64": base64.b64encode(body).decode()}

    def _unwritable(self, error: OSError) -> UsageError:
        return UsageError(
            f"cannot write the callbacks: {error.strerror}",
            place=str(self._folder / NAME),
            hint="free some space, or give another folder with --out",
        )


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
