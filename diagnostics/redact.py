"""What may leave the process? The one gate to disk and screen: it hides secrets, and proves it."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TextIO, TypeVar, cast

from diagnostics.errors import LeakError
from diagnostics.model import Case, Exchange, Fault, Headers, Json, Request, Response, Unsent
from diagnostics.redaction.clean import Cleaner
from diagnostics.redaction.disk import write_whole
from diagnostics.redaction.fields import clean_header
from diagnostics.redaction.names import Place
from diagnostics.redaction.personal import this_machine
from diagnostics.redaction.rules import leaks
from diagnostics.redaction.stream import GatedStream
from diagnostics.redaction.suspect import Familiar
from diagnostics.redaction.values import PLACEHOLDER
from diagnostics.redaction.window import Window

_REMEMBERED_MOST = 4096
_REMEMBERED_LENGTH = 16_384
_LINE_MOST = 1000
_Key = TypeVar("_Key")
_Value = TypeVar("_Value")
_Memory = dict[_Key, tuple[_Value, list[tuple[str, str]]]]


class Gate:
    """Hides the secrets it is told of and those it recognises.

    Order: exact secrets of this run in every encoding, then structure, then shapes. Placeholders
    are numbered by first registration or sight, and never match again: gating twice changes
    nothing. `machine` is (user, host) of this computer. `hide_hosts` is for copies that strangers
    get: private addresses go from URLs as well, which judges and the user's own reports need.
    """

    def __init__(
        self,
        machine: tuple[str, str] | None = None,
        *,
        keep_personal: bool = False,
        hide_content: bool = False,
        hide_hosts: bool = False,
    ) -> None:
        self._machine = this_machine() if machine is None else machine
        self._clean = Cleaner(
            self._machine,
            keeps_personal=keep_personal,
            hides_content=hide_content,
            hides_hosts=hide_hosts,
        )
        self._quick = not (self._clean.hides_content or self._clean.hides_hosts)
        self._familiar = Familiar(self._clean.ledger, self._machine)
        self._version = 0
        self._headers: _Memory[tuple[str, str], tuple[str, str]] = {}
        self._requests: _Memory[Headers, Headers] = {}
        """All headers of a request together: a client sends the same ones again and again."""
        self._urls: _Memory[str, str] = {}
        self._texts: _Memory[str, str] = {}
        self._bodies: _Memory[tuple[bytes, str | None], bytes] = {}

    @property
    def removed(self) -> Counter[tuple[str, str]]:
        """How often each (rule, kind of place) hid something; never what."""
        return self._clean.ledger.removed

    def register(self, secret: str, kind: str, keep: bool = False) -> None:  # noqa: FBT001, FBT002  # the interface everyone codes against
        """Take a secret that the harness loads. `keep`: an identifier, its first four stay."""
        if secret:
            self._clean.ledger.register(secret, kind, keep=keep)

    def _is_new(self) -> bool:
        """Forget what was found clean when another secret has become known since."""
        version = self._clean.ledger.version
        if version == self._version:
            return False
        self._version = version
        self._familiar.forget()
        for memory in (self._headers, self._requests, self._urls, self._texts, self._bodies):
            memory.clear()
        return True

    def text(self, text: str) -> str:
        """Any text: a message, a log line, a file."""
        if len(text) > _REMEMBERED_LENGTH:
            return self._clean.text(text)
        return self._remember(self._texts, text, self._clean.text)

    def url(self, url: str) -> str:
        """One URL. It stays a URL: placeholders in it are percent-encoded."""
        return self._remember(self._urls, url, self._url)

    def _url(self, url: str) -> str:
        quiet = self._quick and self._familiar.is_clean_url(url)
        return url if quiet else self._clean.url(url)

    def headers(self, headers: Headers) -> Headers:
        """Header fields of a request or an answer."""
        cleaned = tuple([self._remember(self._headers, pair, self._header) for pair in headers])
        return headers if cleaned == headers else cleaned

    def _header(self, pair: tuple[str, str]) -> tuple[str, str]:
        name, value = pair
        shown = clean_header(self._clean, name, value)
        return pair if shown == value else (self._clean.ledger.exact(name, Place.HEADER), shown)

    def json(self, value: Json) -> Json:
        """A decoded JSON value; the same object when nothing in it was secret."""
        return self._clean.tree(value)

    def body(self, body: bytes, content_type: str | None) -> bytes:
        """A body: JSON, form, text by structure; media left alone unless a secret stands in it."""
        self._is_new()
        if not body:
            return body
        if len(body) > _REMEMBERED_LENGTH:
            return self._body((body, content_type))
        return self._remember(self._bodies, (body, content_type), self._body)

    def _body(self, pair: tuple[bytes, str | None]) -> bytes:
        body, content_type = pair
        quiet = self._quick and self._familiar.is_clean(body)
        return body if quiet else self._clean.body(body, content_type)

    def _remember(
        self, memory: _Memory[_Key, _Value], key: _Key, work: Callable[[_Key], _Value]
    ) -> _Value:
        """Work once for each key; what was removed counts each time."""
        known = memory.get(key)
        ledger = self._clean.ledger
        if known is not None and (ledger.version == self._version or not self._is_new()):
            if known[1]:
                ledger.count_again(known[1])
            return known[0]
        recent = ledger.recent
        mark = len(recent)
        result = work(key)
        if len(memory) >= _REMEMBERED_MOST:
            memory.clear()
        memory[key] = (result, recent[mark:])
        return result

    def exchange(self, exchange: Exchange) -> Exchange:
        """An exchange fit for the tape; the same object when there was nothing to hide."""
        request, answer = self._request(exchange.request), self._answer(exchange.answer)
        wire = exchange.wire
        if wire is not None and wire.proxy is not None:
            wire = replace(wire, proxy=self.url(wire.proxy))
        if request is exchange.request and answer is exchange.answer and wire == exchange.wire:
            return exchange
        return replace(exchange, request=request, answer=answer, wire=wire)

    def _request(self, request: Request) -> Request:
        headers, body = request.headers, request.body
        if headers:
            headers = self._remember(self._requests, headers, self.headers)
        if body:
            body = self.body(body, _content_type(request.headers))
        url = self.url(request.url)
        label = self.text(request.label) if request.label else ""
        if headers is request.headers and (url, body, label) == (
            request.url,
            request.body,
            request.label,
        ):
            return request
        return replace(request, url=url, headers=headers, body=body, label=label)

    def _answer(self, answer: Response | Fault | Unsent) -> Response | Fault | Unsent:
        if isinstance(answer, Unsent):
            return replace(answer, message=self.text(answer.message)) if answer.message else answer
        headers, body = self.headers(answer.headers), answer.body
        if body:
            body = self.body(body, _content_type(answer.headers))
        if isinstance(answer, Fault):
            return replace(answer, message=self.text(answer.message), headers=headers, body=body)
        reason = self.text(answer.reason) if answer.reason else ""
        if headers is answer.headers and body is answer.body and reason == answer.reason:
            return answer
        return replace(answer, headers=headers, body=body, reason=reason)

    def case(self, case: Case) -> Case:
        """A case fit for the tape."""
        plan, target, environment = case.plan, case.target, case.environment
        if plan is not None:
            plan = replace(
                plan,
                body=self.json(plan.body),
                query=self.json(dict(plan.query)),
                path=self.json(dict(plan.path)),
                file=self.text(plan.file) if plan.file else plan.file,
            )
        media = self.url(target.media_base) if target.media_base else target.media_base
        target = replace(target, base_url=self.url(target.base_url), media_base=media)
        proxy = self.url(environment.proxy) if environment.proxy else environment.proxy
        environment = replace(environment, proxy=proxy, system=self.text(environment.system))
        film = self.json(dict(case.film)) if case.film else case.film
        return replace(case, plan=plan, target=target, environment=environment, film=film)

    def error(self, error: BaseException) -> str:
        """An exception in one gated line, cut after it was gated."""
        line = " ".join(self.text(f"{type(error).__name__}: {error}").split())
        return line if len(line) <= _LINE_MOST else line[:_LINE_MOST] + "…"

    def stream(self, stream: TextIO) -> TextIO:
        """The stream, with every line gated before it is passed on."""
        return cast("TextIO", GatedStream(stream, self.text))

    def window(self) -> Window:
        """A gate for one media body that comes in parts and is too large to hold.

        `feed(part)` gives the bytes that may be written, `finish()` the rest, or the marker of a
        body that is withheld because a secret stands in it; `withheld` then holds that marker.
        """
        return Window(self._clean.ledger)

    def withhold(self, size_bytes: int, why: str) -> str:
        """The marker for a body that nobody can look into; counted like every removal."""
        return self._clean.ledger.withhold(size_bytes, why, Place.TEXT)

    def scan(self, data: str | bytes, name: str) -> None:
        """Raise `LeakError` when a finished artefact still holds a secret; never says which."""
        kind = self._leak(data) or self._leak(name)
        if kind is not None:
            shown = self.text(name)
            raise LeakError(
                f"{shown} would still hold a secret ({kind}), so it is not written",
                place=shown,
                hint="please report this: the gate should have hidden it before",
            )

    def _leak(self, data: str | bytes) -> str | None:
        text = data if isinstance(data, str) else data.decode("utf-8", "surrogateescape")
        bare = PLACEHOLDER.sub(" ", text)
        kind = self._clean.ledger.stands_in(bare)
        if kind is None and "\0" in bare[:_LINE_MOST]:
            kind = self._clean.ledger.stands_in(bare.replace("\0", ""))
        return kind or leaks(bare)

    def write(self, path: Path, data: str | bytes) -> None:
        """The one writer to disk: scans name and content, then writes whole or not at all."""
        raw = data if isinstance(data, bytes) else data.encode("utf-8", "surrogatepass")
        self.scan(data, path.name)
        write_whole(path, raw)


def _content_type(headers: Headers) -> str | None:
    for name, value in headers:
        if len(name) == 12 and name.lower() == "content-type":  # noqa: PLR2004  # its length
            return value
    return None
