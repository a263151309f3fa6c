"""What would be sent? Builds requests and keeps them back."""

from diagnostics.drive.driver import Slot
from diagnostics.model import Exchange, Request, Unsent, UnsentReason


class Dry:
    """Answers everything with `Unsent`."""

    def __init__(self, now_s: float) -> None:
        self._now_s = now_s

    async def exchange(self, request: Request, slot: Slot) -> Exchange:
        """Build, do not send."""
        return slot.exchange(request, Unsent(reason=UnsentReason.DRY), started_s=self._now_s)
