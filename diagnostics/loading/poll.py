"""What tells which sockets are ready? `epoll`, to the microsecond; elsewhere what `selectors` has.

gevent, which Locust brings, takes `select.epoll` away and makes `select.select` wait for greenlets,
so both are asked of gevent's own store of originals.
"""

import select
import selectors
import sys
from typing import Any, Protocol

READ, WRITE = 1, 4
"""As `select.EPOLLIN` and `select.EPOLLOUT`, which gevent takes away."""
_SELECTABLE = 1024
_COARSE_S = 0.002


class Poll(Protocol):
    """Which sockets are ready, and for what."""

    def register(self, fd: int, events: int) -> None:
        """Watch it."""
        ...

    def modify(self, fd: int, events: int) -> None:
        """Watch it for something else."""
        ...

    def unregister(self, fd: int) -> None:
        """No more."""
        ...

    def poll(self, timeout: float, most: int) -> list[tuple[int, int]]:
        """What is ready; may return early with nothing."""
        ...

    def close(self) -> None:
        """Give it back to the system."""
        ...


class Epoll:
    """Linux. `epoll` itself waits in whole milliseconds, always too long; `select` does not."""

    def __init__(self, epoll: Any, wait: Any) -> None:
        self._epoll, self._select = epoll, wait
        self.register, self.modify = epoll.register, epoll.modify
        self.unregister, self.close = epoll.unregister, epoll.close
        self._itself = [epoll.fileno()]
        self._fine = epoll.fileno() < _SELECTABLE

    def poll(self, timeout: float, most: int) -> list[tuple[int, int]]:
        """A long wait ends a little early, so that the caller can end it exactly."""
        ready: list[tuple[int, int]]
        if timeout <= 0.0 or not self._fine:
            ready = self._epoll.poll(max(timeout, 0.0), most)
        elif timeout > _COARSE_S:
            ready = self._epoll.poll(timeout - _COARSE_S / 2, most)
        else:
            ready = self._epoll.poll(0, most)
            if not ready:
                self._select(self._itself, (), (), timeout)
                ready = self._epoll.poll(0, most)
        return ready


class Selected:
    """Any system: `kqueue` or `select`, as `selectors` finds them."""

    def __init__(self, selector: selectors.BaseSelector) -> None:
        self._selector, self.close = selector, selector.close

    def register(self, fd: int, events: int) -> None:
        """Watch it."""
        self._selector.register(fd, _meant(events))

    def modify(self, fd: int, events: int) -> None:
        """Watch it for something else."""
        self._selector.modify(fd, _meant(events))

    def unregister(self, fd: int) -> None:
        """No more."""
        self._selector.unregister(fd)

    def poll(self, timeout: float, most: int) -> list[tuple[int, int]]:
        """What is ready, in the words of `epoll`."""
        found = self._selector.select(max(timeout, 0.0))[:most]
        return [(key.fd, _told(events)) for key, events in found]


def _meant(events: int) -> int:
    reads = selectors.EVENT_READ if events & READ else 0
    return reads | (selectors.EVENT_WRITE if events & WRITE else 0)


def _told(events: int) -> int:
    reads = READ if events & selectors.EVENT_READ else 0
    return reads | (WRITE if events & selectors.EVENT_WRITE else 0)


def poller() -> Poll:
    """The best there is here, whether or not gevent has been at work."""
    epoll = _original("epoll")
    if epoll is None:
        return Selected(selectors.DefaultSelector())
    return Epoll(epoll(), _original("select"))


def _original(name: str) -> Any:
    """What the module `select` had before gevent; None where the system has no such thing."""
    monkey = sys.modules.get("gevent.monkey")
    if monkey is not None:
        try:
            return monkey.get_original("select", name)
        except AttributeError:
            return None
    return getattr(select, name, None)
