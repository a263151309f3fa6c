"""What did the suite find for a provider? One run a session, shared by xdist's workers.

The run is a process of its own, the command `diagnostics run`: nothing of it is loaded into the
tests' process, and what it prints has passed the gate.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from diagnostics.errors import UsageError

_CODE = "from diagnostics.cli.main import entry; entry()"
_STARTED, _RESULT = "started", "told.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """What the options ask for."""

    target: str
    fault: str | None = None
    budget: str | None = None
    language: str = "en"
    folder: Path
    """Where the session keeps its runs: the same for all its workers."""
    place: Path
    """Where the command is called: its `.env` counts."""


@dataclass(kw_only=True)
class Runs:
    """The runs of a session, made when the first test asks."""

    ordered: Ordered
    names: Mapping[str, Sequence[str]]
    """By provider: the scenarios that were selected."""
    _told: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def told(self, provider: str) -> Mapping[str, Any]:
        """The result of a provider's run; raises `UsageError` where there is none."""
        if provider not in self._told:
            self._told[provider] = self._shared(provider)
        told = self._told[provider]
        if "scenarios" not in told:
            raise UsageError(str(told.get("error")), place=told.get("place"), hint=told.get("hint"))
        return told

    def _shared(self, provider: str) -> Mapping[str, Any]:
        """Whoever comes first runs it; the others wait for the result."""
        folder = self.ordered.folder / provider
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(folder / "lock"):
            kept = folder / _RESULT
            if not kept.exists():
                if (folder / _STARTED).exists():
                    return _broken("the run was cut off before it told its result")
                (folder / _STARTED).touch()
                part = folder / "part.json"
                part.write_text(json.dumps(self._run(provider, folder)), "utf-8")
                part.replace(kept)
            found: Mapping[str, Any] = json.loads(kept.read_text("utf-8"))
            return found

    def _run(self, provider: str, folder: Path) -> Mapping[str, Any]:
        order = self.ordered
        words = ["run", *self.names.get(provider, ()), "--provider", provider, "--json"]
        words += ["--target", order.target, "--lang", order.language, "--format", "json"]
        words += ["--out", str(folder)]
        words += ["--fault", order.fault] if order.fault else []
        words += ["--budget", order.budget] if order.budget else []
        done = subprocess.run(  # noqa: S603  # our own command, no shell
            [sys.executable, "-c", _CODE, *words],
            cwd=order.place,
            capture_output=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        try:
            told = json.loads(done.stdout)
        except ValueError:
            said = done.stderr.decode("utf-8", "replace").strip().splitlines()
            return _broken(said[-1] if said else f"the run ended with exit code {done.returncode}")
        return told if isinstance(told, dict) else _broken("the run told no result")


def _broken(why: str) -> Mapping[str, Any]:
    return {"error": why, "hint": "run the same with `diagnostics run` to see where it ends"}


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """One process at a time; the system lets go of it for a process that dies."""
    try:
        import fcntl  # noqa: PLC0415  # POSIX has it; elsewhere each worker waits for nobody
    except ImportError:  # pragma: no cover  # Windows
        yield
        return
    with path.open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def default_provider() -> str:
    """The provider of a run that names none."""
    from diagnostics.contract_load import index, providers  # noqa: PLC0415  # only if it is asked

    return next((one.name for one in index() if one.default), providers()[0])


def chosen_providers(named: str | None, target: str, place: Path) -> list[str]:
    """Whom the suite is about: the ones named, whom a recording is of, or the default."""
    from diagnostics import contract_load  # noqa: PLC0415  # only if a suite is asked for

    if named == "all":
        return list(contract_load.providers())
    if named:
        wanted = [name.strip() for name in named.split(",") if name.strip()]
        for name in wanted:
            contract_load.load(name)
        return wanted
    path = place / target
    if "://" not in target and path.exists():
        return [_recorded(path)]
    return [default_provider()]


def _recorded(path: Path) -> str:
    from diagnostics import capture, tape  # noqa: PLC0415  # only of a recording

    if path.is_dir() or path.name == tape.NAME:
        return tape.read(path).case.target.provider
    case = capture.read(path).case
    return case.target.provider if case is not None else default_provider()
