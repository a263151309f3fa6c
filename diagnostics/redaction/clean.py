"""How is any text, URL, JSON value or body cleaned, when it may hold one of the others?"""

import re
from collections.abc import Callable

from diagnostics.model import Json
from diagnostics.redaction.fields import clean_field
from diagnostics.redaction.ledger import Ledger
from diagnostics.redaction.names import Place
from diagnostics.redaction.packed import Unpacked, is_readable, is_text, unpacked
from diagnostics.redaction.personal import personal
from diagnostics.redaction.rules import SHAPES, matches
from diagnostics.redaction.survey import replaced
from diagnostics.redaction.suspect import is_suspicious
from diagnostics.redaction.text_rules import TEXT_RULES
from diagnostics.redaction.tree import clean_tree, decode, encode
from diagnostics.redaction.uploads import clean_upload
from diagnostics.redaction.url import clean_pairs, clean_url, escape_placeholders
from diagnostics.redaction.values import PLACEHOLDER, near_placeholders
from diagnostics.redaction.window import in_media

_STRINGS_IN_STRINGS = 10
_ROUNDS_MOST = 4
_JSON = re.compile(r"\{\s{0,64}[\"}]|\[\s{0,64}[\"{\[\]\-0-9tfnNI]")
_FRAGMENT = re.compile(r"[{\[]")
_FORM = re.compile(r"[\w.\-%\[\]+]{1,128}=[^\s&]*(?:&[\w.\-%\[\]+]{1,128}=[^\s&]*)*")
_ONE_URL = re.compile(r"(?:https?|wss?)://[^\s\"'<>()\\]+")
_SNIFFED = 2048
_ID = re.compile(r"[0-9A-Fa-f]{1,64}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
"""No rule but an exact secret can hide an id in hexadecimal that stands by itself."""
_REMEMBERED_LENGTH = 300
_REMEMBERED_MOST = 16_384
_WHOLE_MOST = 16_384
_MEDIA = ("image/", "video/", "audio/", "font/", "application/octet-stream", "application/zip")


class Cleaner:
    """The parts of the gate, each able to ask the others; `depth` counts strings in strings."""

    def __init__(
        self,
        machine: tuple[str, str],
        *,
        keeps_personal: bool = False,
        hides_content: bool = False,
        hides_hosts: bool = False,
    ) -> None:
        self.ledger = Ledger()
        self.ledger.private = machine
        self.keeps_personal, self.hides_content = keeps_personal, hides_content
        self.hides_hosts = hides_hosts and not keeps_personal
        self._machine = ("", "") if keeps_personal else machine
        self._known_clean: dict[str, int] = {}
        """Short texts that were clean by what was known at that version, and at which depth: what
        is deeper is looked into less. Captures repeat them."""
        self._version = 0

    def text(self, text: str, place: Place = Place.TEXT, depth: int = 0) -> str:
        """Any text: JSON if it is JSON, else by every rule for free text."""
        if self._version != self.ledger.version:
            self._version = self.ledger.version
            self._known_clean.clear()
        if self._known_clean.get(text, depth + 1) <= depth:
            return text
        shown = self._text(text, place, depth)
        if shown == text and len(text) <= _REMEMBERED_LENGTH:
            if len(self._known_clean) >= _REMEMBERED_MOST:
                self._known_clean.clear()
            self._known_clean[text] = depth
        return shown

    def _text(self, text: str, place: Place, depth: int) -> str:
        host = self._machine[1]
        quiet = _ID.fullmatch(text) is not None or not (
            self.hides_content or is_suspicious(text) or (host and host in text)
        )
        if depth > _STRINGS_IN_STRINGS:
            return self.ledger.exact(text, place)
        if quiet and self.ledger.is_free(text):
            return self.ledger.unmasked(text, place)
        return self._cleaned(text, place, depth)

    def _sure(self, text: str, place: Place) -> str:
        """Lines in which a known secret still stands, in a spelling no rule replaces, go whole."""
        if self.ledger.stands_in(text) is None:
            return text
        lines = text.splitlines(keepends=True)
        text = "".join([self._unless_known(line, place) for line in lines])
        return self._unless_known(text, place)

    def _unless_known(self, text: str, place: Place) -> str:
        kind = self.ledger.stands_in(text)
        if kind is None:
            return text
        end = text[len(text.rstrip("\r\n")) :]
        return self.ledger.withhold(len(text.encode("utf-8", "replace")), kind, place) + end

    def _cleaned(self, text: str, place: Place, depth: int) -> str:
        cleaned = self._as_json(text, depth)
        if cleaned is None and _ONE_URL.fullmatch(text):
            return clean_url(self, text, depth)
        if cleaned is None and "&" in text[:_SNIFFED] and _FORM.fullmatch(text):
            cleaned = self._form(text, place, depth)
        if cleaned is None:
            cleaned = self._sure(self._until_still(text, place, depth), place)
        return self.ledger.late(cleaned, place) if cleaned != text else cleaned

    def _until_still(self, text: str, place: Place, depth: int) -> str:
        """Until nothing changes any more: a placeholder may lay bare what stood beside it."""
        first = text
        for _ in range(_ROUNDS_MOST):  # pragma: no branch  # a bound that no text has met
            before = text
            whole = len(text) <= _WHOLE_MOST or text is first
            text = self._as_text(text, place, depth) if whole else self._near(text, place, depth)
            if text == before or depth > 1:
                break
        return text

    def _near(self, text: str, place: Place, depth: int) -> str:
        """A long text once more, but only what stands near a placeholder."""
        pieces, done = [], 0
        for start, end in near_placeholders(text):
            pieces += [text[done:start], self._as_text(text[start:end], place, depth)]
            done = end
        return "".join([*pieces, text[done:]])

    def _as_json(self, text: str, depth: int) -> str | None:
        """The text as JSON, when all of it is JSON; None when it is not."""
        text = text.removeprefix("\ufeff")
        if text.lstrip()[:1] not in {"{", "[", '"'}:
            return None
        try:
            value = decode(text)
            cleaned = clean_tree(self, value, depth)
            return text if cleaned is value else encode(cleaned, text)
        except (ValueError, RecursionError):
            return None

    def _as_text(self, text: str, place: Place, depth: int) -> str:
        if depth < _STRINGS_IN_STRINGS and "{" in text and _JSON.search(text):
            text = "".join(self._line(line, depth) for line in text.splitlines(keepends=True))
        text = self.ledger.exact(text, place)
        text = self.shapes(text, place)
        for rule in TEXT_RULES:
            text = rule.step(self, text, place, depth)
        return text if self.keeps_personal else personal(self, text, place, self._machine)

    def _line(self, line: str, depth: int) -> str:
        """A log or event line whose end is JSON (`data: {...}`)."""
        begins = _FRAGMENT.search(line)
        if begins is None:
            return line
        head, tail = line[: begins.start()], line[begins.start() :]
        bare = tail.rstrip("\r\n")
        cleaned = self._as_json(bare, depth + 1) if _JSON.match(bare) else None
        return line if cleaned is None else head + cleaned + tail[len(bare) :]

    def shapes(self, text: str, place: Place) -> str:
        """Only values that are secrets by their shape."""
        for rule in SHAPES:
            hide = self._shape(rule.id, rule.kind, rule.accepts, place)
            text = replaced(text, matches(rule, text), hide)
        return text

    def _shape(
        self, rule: str, kind: str, accepts: Callable[[str], bool], place: Place
    ) -> Callable[[re.Match[str]], str]:
        def hidden(found: re.Match[str]) -> str:
            if not accepts(found[0]) or PLACEHOLDER.search(found[0]):
                return found[0]
            return self.ledger.hide(found[0], kind=kind, rule=rule, place=place)

        return hidden

    def url(self, url: str, depth: int = 0, *, webhook: bool = False) -> str:
        """One whole URL."""
        return clean_url(self, url, depth, webhook=webhook)

    def tree(self, value: Json, depth: int = 0) -> Json:
        """A decoded JSON value; withheld when it is nested too deeply to look at."""
        try:
            return clean_tree(self, value, depth)
        except (ValueError, RecursionError):
            return self.ledger.withhold(None, "nested too deeply", Place.JSON)

    def field(self, name: str, value: str, place: Place, depth: int = 0) -> str:
        """A value that stands under a name."""
        return clean_field(self, name, value, place, depth)

    def body(self, body: bytes, content_type: str | None, depth: int = 0) -> bytes:
        """A body by its type, or by what it looks like; what cannot be read is withheld."""
        inside = unpacked(body, content_type)
        if inside is not None:
            return self._packed(body, inside, content_type, depth)
        kind = (content_type or "").lower()
        if body.startswith(b"--") and (kind.startswith("multipart/") or b"\0" in body):
            cleaned_parts = clean_upload(self, body, depth)
            if cleaned_parts is not None:
                return cleaned_parts
        if is_text(kind) and not is_readable(body):
            return self._withheld(body, "unreadable text")
        if b"\0" in body[:_SNIFFED] or kind.startswith(_MEDIA):
            return self._binary(body)
        text = body.decode("utf-8", "surrogateescape")
        if "x-www-form-urlencoded" in kind or _FORM.fullmatch(text[:_SNIFFED]):
            cleaned = self._form(text, Place.FORM, depth)
        else:
            cleaned = self.text(text, Place.TEXT, depth)
        return body if cleaned == text else cleaned.encode("utf-8", "surrogateescape")

    def _form(self, text: str, place: Place, depth: int) -> str:
        known = escape_placeholders(self.ledger.exact(text, place))
        return clean_pairs(self, known, Place.FORM, depth)

    def _packed(self, body: bytes, inside: Unpacked, content_type: str | None, depth: int) -> bytes:
        if inside.plain is None:
            return self._withheld(body, "too large unpacked")
        if depth > _STRINGS_IN_STRINGS:
            return self._withheld(body, "packed too often")
        cleaned = self.body(inside.plain, content_type, depth + 1)
        packed = body if cleaned == inside.plain else inside.pack(cleaned)
        kind = in_media(self.ledger, packed)  # a mark of wide letters may lie before narrow ones
        return packed if kind is None else self._withheld(body, kind)

    def _binary(self, body: bytes) -> bytes:
        """Media is left alone, unless a secret of ours stands in it in one byte width or two."""
        kind = in_media(self.ledger, body)
        return body if kind is None else self._withheld(body, kind)

    def _withheld(self, body: bytes, why: str) -> bytes:
        return self.ledger.withhold(len(body), why, Place.TEXT).encode()
