"""Does a call to a provider's second host go there, and not to the first?"""

import asyncio
from dataclasses import replace

from diagnostics.drive.authority import Authority
from diagnostics.drive.budget import Budget
from diagnostics.drive.clock import RealClock
from diagnostics.drive.driver import Slot
from diagnostics.drive.live import Live
from diagnostics.model import Request, Target, TargetKind
from tests.drive_cases import akool
from tests.test_retry import Memory
from tests.wire import http, serving

TWO = replace(akool(), host="http://127.0.0.1", hosts=("127.0.0.1", "localhost"))


def sent_to(base_url: str, url: str) -> tuple[int, str]:
    """How many requests the server at `base_url` heard, and where the request says it went."""

    async def work() -> tuple[int, str]:
        async with serving(lambda _: [http()]) as wire:
            driver = Live(
                contract=TWO,
                target=Target(kind=TargetKind.LIVE, provider="akool", base_url=base_url),
                authority=Authority(
                    contract=TWO, values={}, register=lambda *_: None, hosts=frozenset()
                ),
                budget=Budget(kind=TargetKind.LIVE),
                clock=RealClock(),
                recorder=Memory(),
            )
            port = wire.base_url.rpartition(":")[2]
            request = Request(method="GET", url=url.replace("PORT", port))
            found = await driver.exchange(request, Slot())
            await driver.aclose()
            return len(wire.heard), found.request.url

    return asyncio.run(work())


def test_a_call_to_the_second_host_of_a_provider_goes_there() -> None:
    heard, url = sent_to("http://127.0.0.1:1", "http://localhost:PORT/upload")
    assert heard == 1
    assert url.startswith("http://localhost:")


def test_a_target_that_is_no_host_of_the_provider_stands_for_all_of_them() -> None:
    heard, url = sent_to("http://127.0.0.2:1", "http://localhost:PORT/upload")
    assert (heard, url) == (0, "http://127.0.0.2:1/upload")
