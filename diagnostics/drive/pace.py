"""How fast may jobs be started? A driver that keeps starts apart, and waits when told to wait."""

from diagnostics.contract import Contract
from diagnostics.drive.clock import Clock
from diagnostics.drive.driver import Driver, Slot
from diagnostics.drive.policy import PATIENCE_S, asked_to_wait_s
from diagnostics.model import Exchange, Purpose, Request
from diagnostics.spacing import Spacing, interval_s


class Paced:
    """Spaces the paid creates of each provider by its published limit.

    Once a provider has answered that it was called too often, none of its creates leaves before the
    moment it named. Reads are not held up.
    """

    def __init__(self, driver: Driver, contract: Contract, clock: Clock) -> None:
        self._driver, self._contract, self._clock = driver, contract, clock
        self._spacings: dict[str, Spacing] = {}

    async def exchange(self, request: Request, slot: Slot) -> Exchange:
        """Send when it is this request's turn."""
        if not request.spends or request.purpose is not Purpose.CALL:
            return await self._driver.exchange(request, slot)
        contract = self._contract.of(request.provider)
        spacing = self._spacings.setdefault(request.provider, Spacing(interval_s(contract)))
        await self._turn(spacing)
        exchange = await self._driver.exchange(request, slot)
        asked_s = asked_to_wait_s(contract, exchange.answer, self._clock.now())
        if asked_s is not None and asked_s <= PATIENCE_S:
            spacing.hold(self._clock.now() + asked_s)
        return exchange

    async def _turn(self, spacing: Spacing) -> None:
        while True:
            wait_s = spacing.wait_s(self._clock.now())
            if wait_s > 0:
                await self._clock.sleep(wait_s)
            if not spacing.held(self._clock.now()):
                return
