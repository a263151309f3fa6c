"""What is a driver? Something that answers requests; four of them answer the same question."""

from dataclasses import dataclass
from typing import Protocol

from diagnostics.model import Answer, Exchange, Request, Wire


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """Where on the tape an exchange belongs."""

    scenario: str = ""
    conversation: int = 0
    attempt: int = 1

    def exchange(
        self,
        request: Request,
        answer: Answer,
        *,
        started_s: float,
        duration_s: float = 0.0,
        wire: Wire | None = None,
    ) -> Exchange:
        """The exchange for that place."""
        return Exchange(
            request=request,
            answer=answer,
            started_s=started_s,
            duration_s=duration_s,
            attempt=self.attempt,
            conversation=self.conversation,
            scenario=self.scenario,
            wire=wire,
        )


class Driver(Protocol):
    """Answers one request; never raises for what the other side does."""

    async def exchange(self, request: Request, slot: Slot) -> Exchange:
        """One attempt."""
        ...
