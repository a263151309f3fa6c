"""May this be paid for? Nothing paid is sent to a live provider without a stated budget."""

from dataclasses import dataclass

from diagnostics.model import Purpose, Request, TargetKind, Unsent, UnsentReason


@dataclass(slots=True, kw_only=True)
class Budget:
    """Credits that may be spent; None: none may. The emulator's credits are play money."""

    kind: TargetKind
    limit: float | None = None
    committed: float = 0.0

    def refuse(self, request: Request) -> Unsent | None:
        """Why this request must stay here; None: it may go, and its price is committed."""
        if not request.spends or request.purpose is not Purpose.CALL:
            return None
        if self.kind is TargetKind.EMULATOR:
            return None
        if self.limit is None:
            return Unsent(reason=UnsentReason.NO_BUDGET, message="no --budget was given")
        price = self._price(request)
        if self.committed + price > self.limit:
            message = f"{self.committed + price:g} credits would exceed the budget {self.limit:g}"
            return Unsent(reason=UnsentReason.OVER_BUDGET, message=message)
        self.committed += price
        return None

    def count(self, request: Request) -> None:
        """Take into account what left in an earlier run; it needs no leave any more."""
        if request.spends and request.purpose is Purpose.CALL:
            self.committed += self._price(request)

    def _price(self, request: Request) -> float:
        """A price nobody documents is taken to be the whole rest: one such call, then no more."""
        if request.credits is not None:
            return request.credits
        return max((self.limit or 0.0) - self.committed, 0.01)
