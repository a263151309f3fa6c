"""What does a text for people quote? Tracebacks, chats, console output; asked last of all."""

from diagnostics.capture import Capture, Raw, Reader
from diagnostics.captures._draft import Sheet, text_of
from diagnostics.captures._prose import drafts
from diagnostics.errors import UsageError
from diagnostics.model import Text


def recognises(raw: Raw) -> bool:
    """Anything that is text at all."""
    return bool(raw.head) and (b"\0" not in raw.head or raw.data[:2] in {b"\xff\xfe", b"\xfe\xff"})


def read(raw: Raw) -> Capture:
    """The exchanges it tells of."""
    sheet = Sheet(raw=raw, format="text")
    sheet.add_all(drafts(text_of(sheet)))
    if not sheet.drafts:
        raise UsageError(
            "no call, answer or failure of a connection is told of in this text",
            place=raw.name,
            hint="include the provider's answer, or the error with the lines around it; "
            'what a code alone means: diagnostics explain "TEXT"',
        )
    return sheet.capture()


READER = Reader(
    format="text",
    title=Text(
        en="text that quotes an answer: a traceback, a chat, console output",
        ru="текст, в котором приведён ответ: трассировка, переписка, вывод консоли",
    ),
    order=90,
    recognises=recognises,
    read=read,
)
