"""What does a test hold in `tape`? A recording to play, or to make, for `httpx` clients."""

import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any, cast

import httpx
import pytest

from diagnostics import cassette
from diagnostics import tape as tapes
from diagnostics.errors import DiagnosticsError, UsageError
from diagnostics.finding import Report
from diagnostics.model import Case, Exchange, Origin, Target, TargetKind, Text
from diagnostics.model import Tape as Recording
from diagnostics.pytesting.fallback import AsyncElseRecorded, ElseRecorded
from diagnostics.recording import Pace, Recorder, Replayer, flow
from diagnostics.redact import Gate

DAY_S = 86_400
SHOWN_MOST = 5
MODES = ("none", "once", "new", "all")
_UNPLAYED = Text(
    en="{count} recordings were never played: {names}",
    ru="записей, которые никто не запросил: {count}: {names}",
)
_OLD = Text(
    en="the recording {name} is {days} days old, more than {most}: record it anew",
    ru="записи {name} {days} дн., больше {most}: запишите её заново",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a marker and the options ask for."""

    path: Path | None
    record: str = "none"
    pace: bool = False
    max_age: float | None = None
    strict: bool = False
    provider: str = ""
    repeat_last: bool = False
    language: str = "en"


def opened(
    marker: pytest.Mark | None, beside: Path, scratch: Path, *, language: str, mode: str | None
) -> "Tape":
    """The tape of a test. A path counts from the test's own folder."""
    if marker is None:
        return Tape(Wish(path=None, record="all", language=language), scratch)
    try:
        wish = _wish(*marker.args, **marker.kwargs)
        path = beside / wish.path if wish.path is not None else None
        given = replace(wish, path=path, language=language, record=mode or wish.record)
        return Tape(given, scratch)
    except (DiagnosticsError, TypeError) as error:
        pytest.fail(_said(error), pytrace=False)


def _wish(path: str | Path, **given: Any) -> Wish:
    wish = Wish(path=Path(path), **given)
    if wish.record not in MODES:
        raise UsageError(
            f"record={wish.record!r} is no way to record",
            place=f"@pytest.mark.cassette({str(path)!r})",
            hint=f"one of: {', '.join(MODES)}",
        )
    return wish


def _said(error: Exception) -> str:
    if isinstance(error, DiagnosticsError):
        parts = [error.message, error.place and f"  at: {error.place}"]
        return Gate().text(
            "\n".join(filter(None, [*parts, error.hint and f"  hint: {error.hint}"]))
        )
    return Gate().text(f"@pytest.mark.cassette: {error}")


class Tape:
    """Plays the recording to any client that is given its transport, or makes it."""

    def __init__(self, wish: Wish, scratch: Path) -> None:
        self.gate = Gate()
        self._wish, self._scratch = wish, scratch / "diagnostics-tape"
        self._old: list[Exchange] = []
        self._case: Case | None = None
        self._replayer: Replayer | None = None
        self._recorder: Recorder | None = None
        self._open()

    def _open(self) -> None:
        path, record = self._wish.path, self._wish.record
        there = path is not None and (path.exists() or (path / tapes.NAME).exists())
        if record == "none" and not there:
            raise UsageError(
                "there is no recording to play",
                place=str(path),
                hint='record it: @pytest.mark.cassette(…, record="once") or '
                "--diagnostics-record once",
            )
        if there and record != "all":
            self._replayer = self._played(cast("Path", path))
        if record == "all" or not there or record == "new":
            self._recorder = Recorder(
                self._scratch / "made", provider=self._wish.provider, gate=self.gate, mode="again"
            )

    def _played(self, path: Path) -> Replayer:
        """A replay of a run folder, or of a cassette as a tape of its own."""
        folder = path if path.is_dir() else path.parent
        if path.is_dir() or path.name == tapes.NAME:
            recorded = tapes.read(folder)
            self._case, self._old = recorded.case, list(recorded.exchanges)
        else:
            held = cassette.read(path)
            for value, kind in held.secrets:
                self.gate.register(value, kind)
            self._case = held.case or _foreign(self._wish.provider, path)
            folder = self._scratch / "played"
            self._old = _laid(folder, self._case, held.exchanges, self.gate)
        self._aged(path)
        pace = Pace(kept=self._wish.pace)
        return Replayer(folder, pace=pace, repeat_last=self._wish.repeat_last, gate=self.gate)

    def _aged(self, path: Path) -> None:
        most, times = self._wish.max_age, [one.started_s for one in self._old if one.started_s > 0]
        days = (time.time() - max(times)) / DAY_S if times else 0.0
        if most is not None and days > most:
            facts = {"name": path.name, "days": f"{days:.0f}", "most": f"{most:g}"}
            raise UsageError(_OLD.fill(self._wish.language, facts), place=str(path))

    # --- what a test calls --------------------------------------------------------------------

    def transport(self, inner: httpx.BaseTransport | None = None) -> httpx.BaseTransport:
        """For `httpx.Client(transport=…)`. `inner` sends what is being recorded."""
        if self._replayer is None:
            return self._made().transport(inner)
        played = self._replayer.transport()
        if self._recorder is None:
            return played
        return ElseRecorded(played, self._recorder.transport(inner), self._replayer.misses)

    def async_transport(
        self, inner: httpx.AsyncBaseTransport | None = None
    ) -> httpx.AsyncBaseTransport:
        """For `httpx.AsyncClient(transport=…)`."""
        if self._replayer is None:
            return self._made().async_transport(inner)
        played = self._replayer.async_transport()
        if self._recorder is None:
            return played
        recording = self._recorder.async_transport(inner)
        return AsyncElseRecorded(played, recording, self._replayer.misses)

    def _made(self) -> Recorder:
        if self._recorder is None:
            raise UsageError("this tape is closed", hint="use it inside the test")
        return self._recorder

    def flow(self, name: str) -> AbstractContextManager[None]:
        """Everything sent inside belongs to the conversation of that name."""
        return flow(name)

    @property
    def recording(self) -> bool:
        """Is anything recorded, or only played?"""
        return self._recorder is not None

    @property
    def exchanges(self) -> Sequence[Exchange]:
        """What stands on the recording, gated; what was recorded just now included."""
        return [*self._old, *self._new()]

    def _new(self) -> Sequence[Exchange]:
        folder = self._scratch / "made"
        return tapes.read(folder).exchanges if (folder / tapes.NAME).exists() else ()

    def unplayed(self) -> list[Exchange]:
        """What was recorded and never asked for."""
        return self._replayer.unplayed() if self._replayer is not None else []

    def judge(self, provider: str = "") -> Report:
        """What all judges say of the recording."""
        from diagnostics import contract_load  # noqa: PLC0415  # only who judges
        from diagnostics.judge import judge  # noqa: PLC0415  # see above

        case = self._whole().case
        contract = contract_load.load(provider or self._wish.provider or case.target.provider)
        target = replace(case.target, kind=TargetKind.IMPORTED, provider=contract.name)
        told = Recording(case=replace(case, target=target), exchanges=self.exchanges)
        return judge(contract, told, _scenarios())

    # --- what the plugin calls ----------------------------------------------------------------

    def complaint(self) -> str:
        """Why the test fails though it ended well: requests in vain; when strict, idle answers."""
        misses = self._replayer.misses if self._replayer is not None else []
        said = [self.gate.text(miss.told(self._wish.language)) for miss in misses[:SHOWN_MOST]]
        if self._wish.strict and (idle := self.unplayed_told()):
            said.append(idle)
        return "\n".join(said)

    def unplayed_told(self) -> str:
        """Recordings that nobody asked for, counted and named; empty when there are none."""
        idle = self.unplayed()
        if not idle:
            return ""
        names = [f"{one.request.method} {one.request.url}" for one in idle[:SHOWN_MOST]]
        more = ", …" if len(idle) > SHOWN_MOST else ""
        facts = {"count": len(idle), "names": ", ".join(names) + more}
        return self.gate.text(_UNPLAYED.fill(self._wish.language, facts))

    def close(self, *, failed: bool) -> None:
        """Keep what was recorded, unless the test failed; let go of the rest."""
        if self._replayer is not None:
            self._replayer.close()
        if self._recorder is None:
            return
        self._recorder.close()
        path = self._wish.path
        if path is not None and not failed and self._new():
            self._keep(path)

    def _keep(self, path: Path) -> None:
        whole = self._whole()
        if path.suffix.lower() in cassette.SUFFIXES:
            path.parent.mkdir(parents=True, exist_ok=True)
            cassette.write(path, whole, self.gate)
            return
        shown = [replace(one, position=place) for place, one in enumerate(whole.exchanges)]
        for old in (path / tapes.NAME, (path / tapes.NAME).with_suffix(".idx")):
            old.unlink(missing_ok=True)
        _laid(path, whole.case, shown, self.gate)

    def _whole(self) -> Recording:
        made = tapes.read(self._scratch / "made") if self._new() else None
        case = made.case if made is not None else self._case
        if case is None:
            raise UsageError("nothing was recorded yet", hint="send a request first")
        exchanges = [replace(one, position=n) for n, one in enumerate(self.exchanges)]
        return Recording(case=case, exchanges=exchanges)


def _laid(folder: Path, case: Case, exchanges: Sequence[Exchange], gate: Gate) -> list[Exchange]:
    """A tape on disk that holds these."""
    file = tapes.TapeFile(folder, gate)
    file.begin(case)
    try:
        return [file.append(replace(one, position=n)) for n, one in enumerate(exchanges)]
    finally:
        file.close()


def _foreign(provider: str, path: Path) -> Case:
    """Another tool's cassette says nothing of its run."""
    target = Target(
        kind=TargetKind.IMPORTED, provider=provider, base_url="", origin=Origin.IMPORTED
    )
    return Case(run_id=path.stem, target=target)


def _scenarios() -> list[Any]:
    """Every scenario that reads any tape, in the order of the suite."""
    package = import_module("scenarios")
    names = [one.name for one in iter_modules(package.__path__) if one.name[0] != "_"]
    found: Mapping[str, Any] = {name: import_module(f"scenarios.{name}").SCENARIO for name in names}
    return sorted(
        (one for one in found.values() if not one.on_request), key=lambda one: (one.order, one.name)
    )


HELD = pytest.StashKey[Tape]()
