"""How is a wait bounded that mostly is none? The limit is set up only once there is a wait."""

import asyncio
import types
from collections.abc import Coroutine, Generator
from functools import partial
from typing import Any, TypeVar

Result = TypeVar("Result")


async def bounded(work: Coroutine[Any, Any, Result], limit_s: float) -> Result:
    """As `async with asyncio.timeout(limit_s)`, free of charge for work that never waits."""
    try:
        awaited = work.send(None)
    except StopIteration as end:
        result: Result = end.value
        return result
    async with asyncio.timeout(limit_s):
        return await _rest(work, awaited)


@types.coroutine
def _rest(work: Coroutine[Any, Any, Result], awaited: Any) -> Generator[Any, None, Result]:
    """The work from its first wait on."""
    while True:
        try:
            yield awaited
        except GeneratorExit:
            work.close()
            raise
        except BaseException as error:  # noqa: BLE001  # a cancellation, passed on
            step = partial(work.throw, error)
        else:
            step = partial(work.send, None)
        try:
            awaited = step()
        except StopIteration as end:
            result: Result = end.value
            return result
