"""What is a file that a capture holds, or names? Facts from its bytes, else from its type."""

from dataclasses import replace

from diagnostics import media
from diagnostics.model import Exchange, MediaFacts, Response

_TYPES = {
    "image/jpeg": "jpeg", "image/jpg": "jpeg", "image/png": "png", "image/webp": "webp",
    "image/gif": "gif", "video/mp4": "mp4", "video/quicktime": "mov", "video/webm": "webm",
    "audio/mpeg": "mp3", "audio/wav": "wav", "audio/x-wav": "wav", "audio/mp4": "m4a",
    "text/html": "html", "application/json": "json", "text/plain": "text",
}  # fmt: skip
"""What a server calls its files. Believed only where the bytes are not there."""
_PARTIAL = 206


def with_facts(exchange: Exchange) -> Exchange | None:
    """The fetch with facts in the place of the body; None: nothing is known of it."""
    response = exchange.response
    if response is None or not 200 <= response.status < 300:  # noqa: PLR2004  # HTTP's success
        cached = response is not None and response.status == 304  # noqa: PLR2004  # HTTP: not modified
        return None if cached else exchange
    facts = _facts(response)
    if facts is None:
        return None
    size = max(response.size_bytes, len(response.body))
    answer = replace(response, body=b"", media=facts, size_bytes=size)
    return replace(exchange, answer=answer)


def _facts(response: Response) -> MediaFacts | None:
    if response.body:
        whole = not response.truncated and response.status != _PARTIAL
        return media.inspect(response.body, complete=whole)
    if not response.truncated:
        return media.inspect(b"")
    kind = (response.header("content-type") or "").partition(";")[0].strip().lower()
    container = _TYPES.get(kind)
    if container is None:
        return None
    return MediaFacts(container=container, size_bytes=response.size_bytes, complete=False)
