"""What became of one file or archive member: copied, changed or withheld, and why?"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from diagnostics.model import Text


class Reason(StrEnum):
    """Why something is left out: it cannot be shown to be clean."""

    ENCRYPTED = "encrypted"
    BINARY = "binary"
    DOCUMENT = "document"
    MEDIA = "media"
    PICTURE = "picture"
    ARCHIVE = "archive"
    TOO_LARGE = "too-large"
    TOO_MANY = "too-many"
    TOO_DEEP = "too-deep"
    BOMB = "bomb"
    TORN = "torn"
    LINK = "link"
    DEVICE = "device"
    UNREADABLE = "unreadable"
    UNSAFE_NAME = "unsafe-name"
    LEAK = "leak"
    EMPTY = "empty"


WHY = {
    Reason.ENCRYPTED: Text(en="encrypted", ru="зашифровано"),
    Reason.BINARY: Text(
        en="binary of an unknown kind: what it holds cannot be checked",
        ru="двоичный файл неизвестного вида: содержимое проверить нельзя",
    ),
    Reason.DOCUMENT: Text(
        en="a document whose inside cannot be checked",
        ru="документ, содержимое которого проверить нельзя",
    ),
    Reason.MEDIA: Text(
        en="audio or video: its metadata cannot be shown to be clean; --keep-media copies it",
        ru="звук или видео: чистоту метаданных не доказать; с --keep-media будет скопировано",
    ),
    Reason.PICTURE: Text(
        en="a picture whose metadata cannot be taken out without loss",
        ru="изображение, из которого метаданные не убрать без потерь",
    ),
    Reason.ARCHIVE: Text(
        en="an archive of a kind that is not opened here",
        ru="архив того вида, который здесь не открывается",
    ),
    Reason.TOO_LARGE: Text(en="larger than 256 MB", ru="больше 256 МБ"),
    Reason.TOO_MANY: Text(en="too many members", ru="слишком много файлов внутри"),
    Reason.TOO_DEEP: Text(
        en="archives in archives beyond what is opened", ru="слишком глубоко вложенный архив"
    ),
    Reason.BOMB: Text(
        en="unpacks to more than it may: a decompression bomb",
        ru="распаковывается в недопустимо большой объём: архивная бомба",
    ),
    Reason.TORN: Text(en="damaged or cut short", ru="повреждено или обрезано"),
    Reason.LINK: Text(en="a link, which is not followed", ru="ссылка: по ссылкам не ходим"),
    Reason.DEVICE: Text(
        en="a device, socket or pipe, no file", ru="устройство, сокет или канал, а не файл"
    ),
    Reason.UNREADABLE: Text(en="cannot be read", ru="не читается"),
    Reason.UNSAFE_NAME: Text(
        en="its name leads out of the archive", ru="имя ведёт за пределы архива"
    ),
    Reason.LEAK: Text(
        en="a known secret stands in it where it cannot be taken out",
        ru="внутри известный секрет, который оттуда не убрать",
    ),
    Reason.EMPTY: Text(
        en="nothing in it could be checked", ru="внутри нет ничего, что удалось бы проверить"
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One place where something goes: where it stands, and what it looks like afterwards."""

    where: str
    """`line 3`, `log.entries[2].request.url`."""
    shown: str
    """Its surroundings, the placeholder in place. Never the value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one file or member. Names are gated."""

    name: str
    """As it stood: `logs/app.log`, `bundle.zip/tape.jsonl`."""
    copy: str = ""
    """Where the copy is, or what it is called in the copy of its archive; empty when withheld."""
    format: str = ""
    size: int | None = None
    removed: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(rule, kind of place) and how often; never what."""
    withheld: Reason | None = None
    hits: Sequence[Hit] = ()
    members: "Sequence[Outcome]" = ()
    """Of a folder or archive: everything in it, archives within it opened up."""

    @property
    def all(self) -> "tuple[Outcome, ...]":
        """Itself and everything in it."""
        return (self, *self.members)

    @property
    def removed_in_all(self) -> Counter[tuple[str, str]]:
        """What went from it and from everything in it."""
        return sum((one.removed for one in self.all), Counter[tuple[str, str]]())


def rows(removed: Counter[tuple[str, str]]) -> list[dict[str, str | int]]:
    """What was removed as plain rows, the most frequent first."""
    ordered = sorted(removed.items(), key=lambda item: (-item[1], item[0]))
    return [{"rule": rule, "place": str(place), "count": n} for (rule, place), n in ordered]
