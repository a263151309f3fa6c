"""What may a command show, where, and how? Every byte passes the gate; piped output stays plain."""

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol

from diagnostics.errors import DiagnosticsError, Exit, UsageError
from diagnostics.model import Json
from diagnostics.redact import Gate

if TYPE_CHECKING:  # Rich is loaded only when a terminal is there to show it
    from rich.console import RenderableType
    from rich.live import Live as RichLive
    from rich.table import Table

Cells = Sequence[object]

_UNPRINTABLE = {
    code: f"\\x{code:02x}" for code in (*range(9), *range(11, 32), *range(127, 160))
} | {code: f"\\u{code:04x}" for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))}
"""Controls and direction overrides: a stranger's bytes must not steer the reader's terminal."""
_UNPRINTABLE_JSON = {code: f"\\u{code:04x}" for code in _UNPRINTABLE if code > ord("~")}
_STYLES = {
    "pass": "green",
    "warn": "yellow",
    "fail": "bold red",
    "inconclusive": "magenta",
    "running": "cyan",
    "исправно": "green",
    "с замечаниями": "yellow",
    "сбой": "bold red",
    "не решено": "magenta",
    "идёт": "cyan",
}


_BAR = 20


@dataclass(frozen=True, slots=True)
class Bar:
    """A cell that says how far something is: drawn by Rich in a terminal, written in a pipe."""

    done: float
    total: float
    said: str
    """What stands beside it."""

    def __str__(self) -> str:
        """In tenths: a line for each change where nothing can be redrawn."""
        share = min(1.0, self.done / self.total) if self.total else 0.0
        filled = int(share * _BAR)
        return f"{'━' * filled}{'─' * (_BAR - filled)} {int(share * 10) * 10} % / {self.said}"


class Live(Protocol):
    """A table that changes while work goes on."""

    def update(self, rows: Sequence[Cells]) -> None:
        """Show these rows now. The first cell of a row is its name, the second its state."""


class Screen:
    """Where a command talks: results on stdout, progress on stderr, all of it gated."""

    def __init__(
        self,
        *,
        language: str = "en",
        as_json: bool = False,
        verbose: int = 0,
        gate: Gate | None = None,
        streams: tuple[IO[str], IO[str]] | None = None,
    ) -> None:
        self.language, self.as_json, self.verbose = language, as_json, verbose
        self.gate = gate or Gate()
        self._out: IO[str] = streams[0] if streams else sys.stdout
        self._err: IO[str] = streams[1] if streams else sys.stderr
        self._deaf: set[int] = set()

    # --- what commands call -------------------------------------------------------------------

    def say(self, text: object) -> None:
        """Progress, on stderr."""
        self._write(self._err, self._clean(str(text)) + "\n")

    def detail(self, text: object, *, level: int = 1) -> None:
        """Progress that only `-v` (or `-vv`) shows."""
        if self.verbose >= level:
            self.say(text)

    def show(self, text: object) -> None:
        """A result on stdout. Nothing under `--json`; for rows there is `table`."""
        if not self.as_json:
            self._write(self._out, self._clean(str(text)) + "\n")

    def table(self, heads: Sequence[str], rows: Sequence[Cells]) -> None:
        """Rows under heads: framed in a terminal, aligned columns without wrapping in a pipe."""
        if self.as_json:
            return
        cells = [[self._clean(str(cell)) for cell in row] for row in rows]
        if _terminal(self._out):
            self._write(self._out, _drawn(_framed(heads, cells)))
        else:
            self._write(self._out, "".join(f"{line}\n" for line in _aligned([list(heads), *cells])))

    def emit(self, schema_kind: str, obj: Mapping[str, Json]) -> None:
        """The one JSON object of `--json`, on stdout."""
        gated = self.gate.json({"schema": f"diagnostics.{schema_kind}/1", **obj})
        ascii_only = "utf" not in (getattr(self._out, "encoding", None) or "utf-8").lower()
        text = json.dumps(gated, ensure_ascii=ascii_only, indent=2, default=str)
        self._write(self._out, text.translate(_UNPRINTABLE_JSON) + "\n")

    @contextmanager
    def live(self, heads: Sequence[str] = ()) -> Iterator[Live]:
        """A changing table on stderr; without a terminal, one line for each change."""
        if not _terminal(self._err):
            yield _Lines(self)
            return
        from rich.console import Console  # noqa: PLC0415  # only in a terminal
        from rich.live import Live as RichLive  # noqa: PLC0415  # see above

        console = Console(file=self._err)
        with RichLive(console=console, refresh_per_second=8, transient=False) as live:
            yield _Table(self, heads, live)

    # --- how a command ends badly -------------------------------------------------------------

    def fail(self, error: DiagnosticsError) -> None:
        """`error: …`, where, and what to do; under `--json` the same as an object as well."""
        lines = [f"error: {error.message}"]
        lines += [f"  at: {error.place}"] if error.place else []
        lines += [f"  hint: {error.hint}"] if error.hint else []
        self.say("\n".join(lines))
        if self.as_json:
            facts = {"error": error.message, "place": error.place, "hint": error.hint}
            self.emit("error", {**facts, "exit": int(error.exit)})

    def unforeseen(self, error: Exception) -> None:
        """One line for the user; with -vv the whole story goes to a file."""
        hint = self._traceback(error) if self.verbose > 1 else "run it again with -vv"
        told = DiagnosticsError(
            f"unforeseen {type(error).__name__}: {error}",
            place=_innermost(error),
            hint=f"this is a defect of ours: please report it ({hint})",
        )
        told.exit = Exit.INCONCLUSIVE
        self.fail(told)

    def _traceback(self, error: Exception) -> str:
        import traceback  # noqa: PLC0415  # only on the way to an error

        path = Path("out") / f"traceback-{datetime.now(UTC):%Y%m%dT%H%M%S}.txt"
        try:
            path.parent.mkdir(exist_ok=True)
            self.gate.write(path, self.gate.text("".join(traceback.format_exception(error))))
        except (OSError, DiagnosticsError):
            return "the traceback could not be written"
        return f"traceback: {path}"

    # --- bytes --------------------------------------------------------------------------------

    def _clean(self, text: str) -> str:
        return self.gate.text(text).translate(_UNPRINTABLE)

    def _write(self, stream: IO[str], text: str) -> None:
        """A reader that has gone (`| head`) is no error: the work goes on, unheard."""
        if id(stream) in self._deaf:
            return
        try:
            stream.write(text)
            stream.flush()
        except OSError as error:
            self._deaf.add(id(stream))
            if stream is self._out and not isinstance(error, BrokenPipeError):
                raise UsageError(f"cannot write to standard output: {error.strerror}") from error


class _Lines:
    """A live display where nothing can be redrawn: a line when a row is new or changed."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._seen: dict[str, tuple[str, ...]] = {}

    def update(self, rows: Sequence[Cells]) -> None:
        for row in rows:
            cells = tuple(str(cell) for cell in row)
            if cells and self._seen.get(cells[0]) != cells:
                self._seen[cells[0]] = cells
                self._screen.say("  ".join(cell for cell in cells if cell))


class _Table:
    """A live display in a terminal."""

    def __init__(self, screen: Screen, heads: Sequence[str], live: "RichLive") -> None:
        self._screen, self._heads, self._live = screen, heads, live

    def update(self, rows: Sequence[Cells]) -> None:
        tidy = self._screen._clean  # noqa: SLF001  # its own half
        clean = [[_tidied(cell, tidy) for cell in row] for row in rows]
        self._live.update(_framed(self._heads, clean))


def _tidied(cell: object, tidy: Callable[[str], str]) -> "str | Bar":
    return replace(cell, said=tidy(cell.said)) if isinstance(cell, Bar) else tidy(str(cell))


def _terminal(stream: IO[str]) -> bool:
    try:
        return stream.isatty() and os.environ.get("TERM") != "dumb"
    except ValueError:  # closed
        return False


def _drawn(table: "Table") -> str:
    """As the terminal is wide; every cell of it has been cleaned."""
    from rich.console import Console  # noqa: PLC0415  # only in a terminal

    into = StringIO()
    Console(file=into, force_terminal=True).print(table)
    return into.getvalue()


def _framed(heads: Sequence[str], rows: Sequence[Sequence[str | Bar]]) -> "Table":
    from rich.table import Table  # noqa: PLC0415  # only when something is rendered

    table = Table(box=None, pad_edge=False, show_header=bool(heads), header_style="bold")
    for head in heads or [""] * max(map(len, rows), default=0):
        table.add_column(head, overflow="fold")
    for row in rows:
        table.add_row(*map(_cell, row))
    return table


def _cell(cell: str | Bar) -> "RenderableType":
    from rich.progress_bar import ProgressBar  # noqa: PLC0415  # only when something is rendered
    from rich.table import Table  # noqa: PLC0415  # see above
    from rich.text import Text as Styled  # noqa: PLC0415  # see above

    if isinstance(cell, str):
        return Styled(cell, style=_STYLES.get(cell, ""))
    grid = Table.grid(padding=(0, 1))
    share = min(1.0, cell.done / cell.total) if cell.total else 0.0
    drawn = ProgressBar(total=1.0, completed=share, width=_BAR)
    grid.add_row(drawn, Styled(f"{share:4.0%} / {cell.said}"))
    return grid


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [
        max((len(row[i]) for row in rows if i < len(row)), default=0)
        for i in range(max(map(len, rows), default=0))
    ]
    for row in rows:
        cells = (
            cell.replace("\n", " ").ljust(wide) for cell, wide in zip(row, widths, strict=False)
        )
        yield "  ".join(cells).rstrip()


def _innermost(error: Exception) -> str | None:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return None
    return f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"
