"""Which conversation of the caller's is this? A label that follows tasks and copied contexts."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

FLOW: ContextVar[str] = ContextVar("flow", default="")


@contextmanager
def flow(name: str) -> Iterator[None]:
    """Everything sent inside belongs to the conversation of that name."""
    token = FLOW.set(name)
    try:
        yield
    finally:
        FLOW.reset(token)
