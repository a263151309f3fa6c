"""What may leave the process? The one gate to disk and screen: it hides secrets, and proves it."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TextIO

from diagnostics.errors import LeakError
from diagnostics.model import Case, Exchange, Fault, Headers, Json, Response


class Gate:
    """Hides every secret it is told of; placeholders are numbered once per gate."""

    def __init__(self) -> None:
        self.removed: Counter[tuple[str, str]] = Counter()
        self._placeholders: dict[str, str] = {}
        self._numbers: Counter[str] = Counter()

    def register(self, secret: str, kind: str, keep: bool = False) -> None:  # noqa: FBT001, FBT002  # fixed interface
        """Take a secret that the harness loads; `keep` shows its first four characters."""
        if not secret or secret in self._placeholders:
            return
        self._numbers[kind] += 1
        number = self._numbers[kind]
        self._placeholders[secret] = (
            f"<id:{kind}#{number} {secret[:4]}…>" if keep else f"<secret:{kind}#{number}>"
        )

    def text(self, text: str) -> str:
        """Any text, gated."""
        for secret in sorted(self._placeholders, key=len, reverse=True):
            if len(secret) >= 4 and secret in text:  # noqa: PLR2004  # shorter ones hit by chance
                self.removed["exact", "text"] += text.count(secret)
                text = text.replace(secret, self._placeholders[secret])
        return text

    def url(self, url: str) -> str:
        """A URL, gated."""
        return self.text(url)

    def headers(self, headers: Headers) -> Headers:
        """Header fields, gated."""
        return tuple((name, self.text(value)) for name, value in headers)

    def json(self, value: Json) -> Json:
        """A decoded JSON value, gated."""
        return json.loads(self.text(json.dumps(value, ensure_ascii=False)))

    def body(self, body: bytes, content_type: str | None) -> bytes:  # noqa: ARG002  # soon
        """A body, gated."""
        return self.text(body.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")

    def exchange(self, exchange: Exchange) -> Exchange:
        """An exchange fit for the tape."""
        request = exchange.request
        asked = replace(
            request,
            url=self.url(request.url),
            headers=self.headers(request.headers),
            body=self.body(request.body, None),
        )
        answer = exchange.answer
        if isinstance(answer, Response):
            answer = replace(
                answer, headers=self.headers(answer.headers), body=self.body(answer.body, None)
            )
        elif isinstance(answer, Fault):
            answer = replace(
                answer,
                message=self.text(answer.message),
                headers=self.headers(answer.headers),
                body=self.body(answer.body, None),
            )
        return replace(exchange, request=asked, answer=answer)

    def case(self, case: Case) -> Case:
        """A case fit for the tape."""
        if case.plan is None:
            return case
        return replace(case, plan=replace(case.plan, body=self.json(case.plan.body)))

    def error(self, error: BaseException) -> str:
        """One gated line."""
        return self.text(f"{type(error).__name__}: {error}").splitlines()[0]

    def stream(self, stream: TextIO) -> TextIO:
        """A stream whose every write is gated."""
        return stream

    def scan(self, data: str | bytes, name: str) -> None:
        """Raise `LeakError` when a finished artefact still holds a secret."""
        text = data if isinstance(data, str) else data.decode("utf-8", "surrogateescape")
        if self.text(text) != text:
            raise LeakError(f"{name} still holds a secret, so it was not written", place=name)

    def write(self, path: Path, data: str | bytes) -> None:
        """The one writer: scan, then write."""
        self.scan(data, path.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data if isinstance(data, bytes) else data.encode("utf-8", "surrogatepass"))
