"""How is a call answered without a task, a scope and a second write? At once, where nothing waits.

Uvicorn's own way costs some 20 µs a request before the application has done anything: a scope, a
cycle, a task, a timer and two writes. What an application's `prompt` can answer as it stands goes
out directly; everything else (faults, media, long bodies, pipelines) goes uvicorn's way, whole.
"""

import asyncio
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from diagnostics.emulator.breakable import HEADER_BYTES_MAX, BreakableProtocol
from diagnostics.emulator.call import MET, Prompt
from diagnostics.emulator.faults import Effects
from diagnostics.emulator.reply import page, put

_BODY_BYTES_MAX = 65_536
"""Longer ones are left to uvicorn, which holds a fast sender back."""
_SLASH = 47
Ask = Callable[[Prompt], bytes | Effects | None]


class PromptProtocol(BreakableProtocol):
    """HTTP over a socket, for an application that may have a `prompt`."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn
        """Somebody is there."""
        super().connection_made(transport)
        self._prompt: Ask | None = getattr(self.app, "prompt", None)
        self._port = self.server[1] if self.server else None
        self._heard = True
        self._idle = self.loop.call_later(self.timeout_keep_alive, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody is there any more."""
        self._idle.cancel()
        super().connection_lost(exc)

    def _look(self) -> None:
        """Hang up on who has been silent for long: one timer a connection, not one a request."""
        if not self._heard and self._free():
            self.transport.close()
            return
        self._heard = False
        self._idle = self.loop.call_later(self.timeout_keep_alive, self._look)

    def _free(self) -> bool:
        """Whether nobody's answer is under way."""
        return (self.cycle is None or self.cycle.response_complete) and not self.pipeline

    def on_message_begin(self) -> None:
        """A request; whose it will be is not known yet."""
        self.url, self.headers = b"", []
        self._header_bytes, self._body = 0, b""
        self._mine = self._heard = True
        self._expects = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """A field."""
        name = name.lower()
        if name == b"expect":
            self._expects = True
        self.headers.append((name, value))
        self._header_bytes += len(name) + len(value)
        if self._header_bytes > HEADER_BYTES_MAX:
            self._count(0)

    def on_headers_complete(self) -> None:
        """Leave it to uvicorn where an answer is under way, or it is out of the ordinary."""
        parser = self.parser
        ordinary = (
            not self._expects
            and self._prompt is not None
            and parser.should_keep_alive()
            and not parser.should_upgrade()
            and parser.get_http_version() == "1.1"
            and self.url[:2] != b"//"
            and self.url[0] == _SLASH
            and self._free()
            and not self.flow.write_paused
        )
        if not ordinary:
            self._hand_over()

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        if not self._mine:
            super().on_body(body)
            return
        self._body = self._body + body if self._body else body
        if len(self._body) > _BODY_BYTES_MAX:
            self._hand_over()

    def on_message_complete(self) -> None:
        """The whole request is there."""
        told = self._told(self._prompt) if self._mine and self._prompt else None
        if isinstance(told, bytes):
            self.transport.write(told)
            self.server_state.total_requests += 1
            return
        if self._mine:
            self._hand_over()
            if told is not None:
                offered: dict[str, Any] = self.scope["extensions"]
                offered[MET] = told
        super().on_message_complete()

    def _told(self, prompt: Ask) -> bytes | Effects | None:
        """The answer, if it can be given as it stands."""
        path, _, query = self.url.partition(b"?")
        asked = Prompt(
            self.parser.get_method().decode("ascii"),
            unquote(path.decode("latin-1")),
            query,
            self.headers,
            self._body,
            self._port,
        )
        try:
            return prompt(asked)
        except Exception:  # noqa: BLE001  # as uvicorn: whatever it is, the server goes on
            self.transport.write(_failed())
            self.transport.close()
            return b""

    def _hand_over(self) -> None:
        """From here on it is uvicorn's."""
        self._mine = False
        url, headers, body = self.url, self.headers, self._body
        super().on_message_begin()
        self.url, self.headers = url, headers
        self.scope["headers"] = headers
        self.expect_100_continue = any(
            name == b"expect" and value.lower() == b"100-continue" for name, value in headers
        )
        super().on_headers_complete()
        if body:
            super().on_body(body)


def _failed() -> bytes:
    reply = page(500, "Internal Server Error")
    length = b"%d" % len(reply.body)
    fields = [(b"content-type", reply.media_type), (b"content-length", length)]
    return put(reply.status, [*fields, (b"connection", b"close")], reply.body)
