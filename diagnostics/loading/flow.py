"""What is under way? One `ask` with what it waits for, or several that are waited for together."""

from collections.abc import Callable
from typing import Any

from diagnostics.drive.conversation import MOST_REQUESTS
from diagnostics.model import Ask, Headers, Request


class Flow:
    """One `ask`. Small, since ten thousand of them may wait at once."""

    __slots__ = (
        "attempt",
        "close",
        "conversation",
        "due_s",
        "ended",
        "keys",
        "left",
        "ok",
        "request",
        "scenario",
        "send",
        "sent_s",
    )

    def __init__(
        self, ask: Ask, scenario: str, conversation: int, ended: Callable[[Any], None] | None
    ) -> None:
        self.send, self.close = ask.send, ask.close
        self.scenario, self.conversation, self.ended = scenario, conversation, ended
        self.attempt, self.left = 1, MOST_REQUESTS
        self.ok = False
        """Whether the last answer said yes."""
        self.due_s = self.sent_s = 0.0
        self.request: Request | None = None
        self.keys: Headers = ()


class Group:
    """Asks of one `Together`: their results, in their order."""

    __slots__ = ("_left", "_whole", "results")

    def __init__(self, size: int, whole: Callable[[list[Any]], None]) -> None:
        self.results: list[Any] = [None] * size
        self._left, self._whole = size, whole

    def take(self, place: int, value: Any) -> None:
        """One of them ended."""
        self.results[place] = value
        self._left -= 1
        if not self._left:
            self._whole(self.results)
