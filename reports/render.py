"""How does a report become text, Markdown, JSON or a page? One template a format."""

import base64
import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diagnostics.contract import Contract
from diagnostics.errors import UsageError
from diagnostics.finding import Report
from reports.document import document
from reports.drawing import LAYOUTS, drawing
from reports.markdown import code, fenced, md
from reports.phrases import Phrases
from reports.words import spaced, words

if TYPE_CHECKING:
    from jinja2 import Environment, FileSystemBytecodeCache

FOLDER = Path(__file__).with_name("templates")


def formats(folder: Path = FOLDER) -> tuple[str, ...]:
    """Formats by name: JSON, and every `report.<format>.jinja` in the templates folder."""
    names = {path.name.split(".")[1] for path in folder.glob("report.*.jinja")}
    return tuple(sorted({"json", *names}))


def render(report: Report, contract: Contract, *, format: str, language: str) -> str:  # noqa: A002  # the word the command line uses
    """One report in one format."""
    return rendered(document(report, contract, language=language), format=format)


def rendered(
    made: Mapping[str, Any],
    *,
    format: str,  # noqa: A002  # see render
    charts: Sequence[Mapping[str, Any]] = (),
) -> str:
    """A report document in one format. `charts` of a load: only the page shows them."""
    known(format)
    if format == "json":
        return json.dumps(made, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
    said = words(made["language"])
    phrase = Phrases(words=said)
    names = {"report": made, "say": said.say, "words": said, "phrase": phrase, "charts": charts}
    if format == "html":
        names |= _page(phrase, load="load" in made)
    return _environment().get_template(f"report.{format}.jinja").render(names)


def filled(
    template: str, language: str, facts: Mapping[str, Any], **filters: Callable[[str], str]
) -> str:
    """A template that is no report: the words beside a bundle, its script."""
    said = words(language)
    environment = _environment()
    environment.filters |= filters
    names = {"say": said.say, "words": said, **facts}
    return environment.get_template(template).render(names)


def _page(phrase: Phrases, *, load: bool) -> Mapping[str, Any]:
    """What only the page needs: its style sheet, the CSP source that allows it, the pictures."""
    from markupsafe import Markup  # noqa: PLC0415  # start-up

    sheets = ("page.css", "load.css") if load else ("page.css",)
    style = "".join((FOLDER / name).read_text("utf-8") for name in sheets)
    return {
        "style": Markup(style),  # noqa: S704  # our own file
        "style_source": Markup(style_source(style)),  # noqa: S704  # base64 between quotes
        "draw": lambda report, layout: drawing(report, phrase, LAYOUTS[layout]),
    }


def known(wanted: str) -> str:
    """The format itself, or an error that names the formats there are."""
    if wanted not in formats():
        raise UsageError(f"no report format {wanted!r}", hint=f"formats: {', '.join(formats())}")
    return wanted


@lru_cache(maxsize=1)
def _environment() -> "Environment":
    from jinja2 import (  # noqa: PLC0415  # start-up
        Environment,
        FileSystemLoader,
        StrictUndefined,
        select_autoescape,
    )

    made = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=select_autoescape(("html.jinja", "svg.jinja"), default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
        bytecode_cache=cache(os.environ),
    )
    made.filters |= {"time": spaced, "md": md, "code": code, "fenced": fenced}
    return made


def cache(environment: Mapping[str, str]) -> "FileSystemBytecodeCache | None":
    """Compiled templates under the user's cache folder; a report never fails for want of it."""
    from jinja2 import FileSystemBytecodeCache  # noqa: PLC0415  # start-up
    from jinja2.bccache import Bucket  # noqa: PLC0415  # start-up

    class Forgiving(FileSystemBytecodeCache):
        """A full disk or a vanished folder only costs the time to compile again."""

        def load_bytecode(self, bucket: Bucket) -> None:
            with suppress(OSError):
                super().load_bytecode(bucket)

        def dump_bytecode(self, bucket: Bucket) -> None:
            with suppress(OSError):
                super().dump_bytecode(bucket)

    try:
        root = Path(environment.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser())
        folder = root / "genvideo-diagnostics" / "templates"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except (OSError, RuntimeError):  # no such place, or no home
        return None
    return Forgiving(str(folder))


def style_source(style: str) -> str:
    """The CSP source that allows exactly this style sheet."""
    digest = hashlib.sha256(style.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
