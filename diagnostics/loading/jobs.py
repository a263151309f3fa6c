"""How many jobs were created, queued, running, done, fetched? Or lost, doubled, stuck?"""

from diagnostics.loading.adding import Added
from diagnostics.loading.histogram import Histogram

STAGES = ("submit", "queue", "run", "fetch", "total")
"""Of a good job, in order: until the create is answered; until it runs; until it is done; until
its result was fetched; and all that together."""


class Jobs(Added):
    """How many jobs came to what, and how long they took."""

    __slots__ = (
        "ambiguous",
        "codes",
        "created",
        "done",
        "doubled",
        "failed",
        "fetch",
        "fetched",
        "lost",
        "over",
        "queue",
        "refused",
        "risked",
        "run",
        "stuck",
        "submit",
        "total",
        "undelivered",
    )

    def __init__(self) -> None:
        self.created = 0
        """Taken on by the provider."""
        self.refused = self.ambiguous = 0
        """Creates that came to nothing; creates of which nobody knows what they came to."""
        self.done = self.failed = self.lost = self.stuck = 0
        """What created ones came to. Lost: no answer tells of it. Stuck: none tells news."""
        self.fetched = self.undelivered = 0
        """Of those done: the result could be fetched, or could not."""
        self.doubled = self.risked = 0
        """Taken on twice for one ask; asked for again though the first may have been taken on."""
        self.over = 0
        """Created ones of which no more is awaited."""
        self.codes: dict[str, int] = {}
        """Of failed jobs: why, in the provider's own word."""
        self.submit, self.queue, self.run = Histogram(), Histogram(), Histogram()
        self.fetch, self.total = Histogram(), Histogram()

    @property
    def in_flight(self) -> int:
        """Created, and not yet over."""
        return self.created - self.over

    @property
    def unhappy(self) -> int:
        """Asked for, over, and no result was had."""
        lost = self.refused + self.ambiguous + self.failed + self.lost + self.stuck
        return lost + self.undelivered

    @property
    def ended(self) -> int:
        """Asked for and over, whatever came of it."""
        return self.done + self.unhappy - self.undelivered
