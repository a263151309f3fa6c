"""Who answers when one conversation speaks to several providers? Each its own driver and budget."""

from collections.abc import Mapping
from dataclasses import dataclass

from diagnostics.drive.driver import Driver, Slot
from diagnostics.drive.live import Live
from diagnostics.model import Exchange, Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Several:
    """Passes each request to the driver of its provider; `main` has those that name none."""

    main: str
    drivers: Mapping[str, Driver]

    async def exchange(self, request: Request, slot: Slot) -> Exchange:
        """One attempt, by whom it is for."""
        driver = self.drivers.get(request.provider or self.main) or self.drivers[self.main]
        return await driver.exchange(request, slot)

    async def aclose(self) -> None:
        """Close every connection."""
        for driver in self.drivers.values():
            if isinstance(driver, Live):
                await driver.aclose()
