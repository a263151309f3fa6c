"""How does the emulator bear many readers? A first, small load: free reads to this machine only.

    diagnostics emulate akool --port 8080 &
    locust -f locustfile.py --headless --host http://127.0.0.1:8080 --users 10

It sends one free, authenticated read (the contract's probe), refuses every host but 127.0.0.1, and
stops by itself after 30 s (`--run-time` says otherwise). Of several emulators on a port name one:
`--host http://127.0.0.1:8080/openai`. Profiles, paid calls under a budget, and judging the tape are
issue 5: `diagnostics load` does not exist yet.
"""

import json
import sys
from typing import Any
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

from locust import FastHttpUser, constant_pacing, events, task

from diagnostics import contract_load
from diagnostics.model import Response

RUN_TIME_S = 30
_HERE = "127.0.0.1"


def refusal(host: str | None) -> str | None:
    """Why this host gets no load from us; None when it is this machine."""
    if not host:
        return "name the emulator: --host http://127.0.0.1:PORT (see: diagnostics emulate)"
    if urlsplit(host).hostname != _HERE:
        return f"{host} is not {_HERE}: this file loads the emulator only, never a provider"
    return None


def account(host: str) -> dict[str, Any]:
    """What the emulator says of itself: its provider and the key that it accepts."""
    with urlopen(f"{host.rstrip('/')}/_emulator", timeout=5) as answer:  # noqa: S310  # http, and 127.0.0.1 by `refusal`
        facts: dict[str, Any] = json.load(answer)
    return facts


def several(facts: dict[str, Any]) -> str | None:
    """Why a port with several providers is not enough: the load is about one of them."""
    there = [str(one.get("base_url")) for one in facts.get("emulators", ())]
    return f"several emulators answer there; name one: {', '.join(there)}" if there else None


def guard(environment: Any, **_others: Any) -> None:
    """Before anything is sent: this machine only, an emulator there, and an end in sight."""
    why = refusal(environment.host)
    if why is None:
        try:
            environment.emulated = account(environment.host)
        except (URLError, OSError, ValueError) as error:
            why = f"no emulator answers at {environment.host}: {error}"
        else:
            why = several(environment.emulated)
    if why:
        sys.exit(f"error: {why}")
    if environment.parsed_options and not environment.parsed_options.run_time:
        environment.parsed_options.run_time = RUN_TIME_S


events.init.add_listener(guard)  # type: ignore[no-untyped-call]  # locust leaves it untyped


class Reader(FastHttpUser):
    """Asks the free read once a second."""

    wait_time = constant_pacing(1)

    def on_start(self) -> None:
        """Take the emulator's own key: no real credential is read here."""
        emulated = self.environment.emulated
        self.contract = contract_load.load(emulated["provider"])
        scheme = next(s for s in self.contract.schemes if not s.token_operation)
        self.asked = next(self.contract.probing())
        host = self.contract.operations[self.contract.probe].host
        self._path = self.asked.url.removeprefix(host)
        self.credentials = {scheme.header: f"{scheme.prefix}{emulated['key']}"}

    @task
    def read(self) -> None:
        """A free, authenticated read; a business code inside HTTP 200 is a failure."""
        asked = self.asked
        with self.client.request(
            asked.method, self._path, headers=self.credentials, catch_response=True, timeout=10
        ) as answer:
            told = Response(status=answer.status_code, body=answer.content or b"")
            reading = self.contract.read(told, asked.operation)
            if not reading.ok:
                answer.failure(f"code {reading.code}, HTTP {answer.status_code}")
