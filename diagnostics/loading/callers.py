"""Who are Locust's users in a load, and how many shall there be?

A user of the closed model is a slot of the engine; one of the open model holds a share of the
arrivals. Either way its greenlet only waits until Locust stops it.
"""

from typing import TYPE_CHECKING

from gevent.event import Event
from locust import LoadTestShape, User, task
from locust.exception import StopUser

from diagnostics.loading.driving import Slot, Stream
from diagnostics.loading.profile import Model, Profile
from diagnostics.loading.sharing import STREAMS

if TYPE_CHECKING:  # it imports us
    from diagnostics.loading.under_locust import Load

DRAIN_S = 30.0
"""So long asks that are under way may go on when the profile's time is over."""
_AHEAD_S = 0.5
"""Locust asks once a second: the middle of that second is nearest to the stages."""


class Caller(User):
    """Asks what the profile's mix holds."""

    slot: Slot | None = None
    stream: Stream | None = None
    gone = False

    def on_start(self) -> None:
        """Take a place."""
        self.left = Event()
        self.load: Load = self.environment.diagnostics_load
        self.load.ready.wait()
        if self.load.is_open:
            self.load.callers.append(self)
            self.load.role.want(self)
        elif self.load.driving is not None and not self.gone:
            self.slot = self.load.driving.enter()

    def take(self, index: int, from_s: float) -> None:
        """A share of the arrivals, from that moment on."""
        self.stream = self.load.stream(index, from_s)

    def again(self) -> None:
        """Give the share back, and ask for one."""
        self._back()
        self.load.role.want(self)

    def _back(self) -> None:
        if self.stream is not None:
            self.stream.gone = True
            self.load.role.back(self.stream.index, self.stream.until_s)
            self.stream = None

    @task
    def wait_for_the_end(self) -> None:
        """Until Locust stops this user."""
        self.left.wait()
        raise StopUser

    def stop(self, force: bool = False) -> bool:  # noqa: FBT001, FBT002  # Locust's own signature
        """Let the ask under way end, unless forced."""
        self._leave()
        return bool(super().stop(force))

    def on_stop(self) -> None:
        """Ask nothing more."""
        self._leave()

    def _leave(self) -> None:
        if self.gone:
            return
        self.gone = True
        if self.slot is not None:
            self.slot.leave(self.left.set)
            return
        if hasattr(self, "left"):
            self.left.set()
        if self.stream is not None and not self.load.stopped_by:
            self._back()
        if hasattr(self, "load") and self in self.load.callers:
            self.load.callers.remove(self)


class ProfileShape(LoadTestShape):
    """The stages of a profile, as Locust asks for them once a second."""

    abstract = True  # so that Locust makes none by itself where a locustfile imports this

    def __init__(self, load: "Load") -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Locust leaves it untyped
        self._load = load

    def tick(self) -> tuple[int, float] | None:
        """How many users there shall be, and how fast; None: it is over."""
        load, order = self._load, self._load.expected()
        if order is None:
            return (1, 1.0)
        profile, at_s = order.profile, load.elapsed_s
        is_open = profile.model is Model.OPEN
        if at_s < profile.duration_s and not load.stopped_by:
            users = STREAMS if is_open else self._users(profile, at_s)
        elif load.flows and at_s < profile.duration_s + DRAIN_S and load.broken is None:
            users = STREAMS if is_open else 0
        else:
            return None
        return (users, float(max(users, 100)))

    def _users(self, profile: Profile, at_s: float) -> int:
        """At least one: Locust begins a test with a user."""
        middle_s = min(at_s + _AHEAD_S, profile.duration_s * 0.999)
        return max(1, round(profile.level(middle_s)))
