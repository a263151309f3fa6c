"""How do the parts of a body pass through, each noted on its way?"""

from collections.abc import AsyncIterator, Iterator
from typing import Any, Protocol


class Noting(Protocol):
    """Who takes note."""

    def uploaded(self, part: bytes) -> None:
        """A part of the request's body left."""
        ...

    def part(self, part: bytes) -> None:
        """A part of the answer came."""
        ...

    def done(self) -> None:
        """It was the last."""
        ...

    def leave(self) -> None:
        """The client reads no more."""
        ...

    def fail(self, error: BaseException) -> None:
        """No more will come."""
        ...


class Uploaded:
    """The client's own stream, each part noted as it leaves."""

    def __init__(self, stream: Any, note: Noting) -> None:
        self._stream, self._note = stream, note

    def __iter__(self) -> Iterator[bytes]:
        for part in self._stream:
            self._note.uploaded(part)
            yield part

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._stream:
            self._note.uploaded(part)
            yield part


class Downloaded:
    """The answer's stream, each part noted before the client gets it."""

    def __init__(self, stream: Any, note: Noting) -> None:
        self._stream, self._note = stream, note

    def __iter__(self) -> Iterator[bytes]:
        try:
            for part in self._stream:
                self._note.part(part)
                yield part
        except GeneratorExit:
            raise
        except BaseException as error:
            self._note.fail(error)
            raise
        self._note.done()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for part in self._stream:
                self._note.part(part)
                yield part
        except GeneratorExit:
            raise
        except BaseException as error:
            self._note.fail(error)
            raise
        self._note.done()

    def close(self) -> None:
        """The client is through with it."""
        try:
            self._stream.close()
        finally:
            self._note.leave()

    async def aclose(self) -> None:
        """As above."""
        try:
            await self._stream.aclose()
        finally:
            self._note.leave()
