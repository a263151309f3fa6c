"""Which cassettes ship, what does each come to, and how are they made? `make cassettes`.

Each is what `diagnostics record` writes when the embedded emulator answers, always at the same
moment and without a word of this machine: so the same code writes the same bytes. Only the film
takes a way of its own, for which no command starts at a given moment.
"""

import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from diagnostics import __version__, cassette
from diagnostics.cli import main
from diagnostics.cli.record import moment
from diagnostics.film.asking import FILM as JOINED
from diagnostics.film.cast import cast
from diagnostics.model import (
    Blame,
    Environment,
    Exchange,
    Response,
    Tape,
    Verdict,
)
from diagnostics.prepare import target
from diagnostics.redact import Gate
from tests import film_cases

FOLDER = Path(__file__).parent.parent / "cassettes"
AT = "2026-11-20T12:00:00Z"
FILM = "three-scenes"
_FILM_BYTES = 300_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipped:
    """One cassette, and what it must come to."""

    provider: str
    case: str
    verdict: Verdict
    blame: Blame
    code: str | None = None
    fault: str | None = None

    @property
    def name(self) -> str:
        """Its place under `cassettes/`."""
        return f"{self.provider}/{self.case}.yaml"

    def command(self, to: Path) -> list[str]:
        """How it is recorded."""
        played = ["--fault", self.fault] if self.fault else ["--target", "emulator"]
        who = ["record", "--provider", self.provider, *played]
        return [*who, "--at", AT, "--anonymous", "--format", "json", "--to", str(to)]


def _healthy(provider: str) -> Shipped:
    return Shipped(provider=provider, case="healthy", verdict=Verdict.PASS, blame=Blame.NONE)


def _fails(place: str, blame: Blame, code: str | None, fault: str) -> Shipped:
    provider, _, case = place.partition("/")
    verdict = Verdict.FAIL
    return Shipped(
        provider=provider, case=case, verdict=verdict, blame=blame, code=code, fault=fault
    )


SHIPPED = (
    _healthy("akool"),
    _fails("akool/unreachable-media-1015", Blame.MEDIA, "1015", "unreachable-media"),
    _fails("akool/quota", Blame.QUOTA, "1006", "quota-exhausted"),
    _fails("akool/moved-addresses", Blame.ENDPOINT, "404", "moved-endpoints"),
    _healthy("heygen"),
    _fails("heygen/not-found-400569", Blame.PARAMETERS, "400569", "heygen-not-found"),
    _fails("heygen/200-with-error", Blame.PROVIDER, "internal_error", "heygen-200-with-error"),
    _healthy("replicate"),
    _fails("replicate/aborted", Blame.CLIENT, None, "replicate-aborted"),
    Shipped(provider="replicate", case=FILM, verdict=Verdict.PASS, blame=Blame.NONE),
    _healthy("openai"),
    _fails("openai/quota", Blame.QUOTA, "insufficient_quota", "openai-insufficient-quota"),
    _fails("openai/rate-limit", Blame.RATE_LIMIT, "rate_limit_exceeded", "openai-rate-limit"),
)


def record(one: Shipped, to: Path) -> None:
    """Write it there."""
    to.parent.mkdir(parents=True, exist_ok=True)
    if one.case == FILM:
        cassette.write(to, _film(), Gate())
        return
    with tempfile.TemporaryDirectory() as out:
        main.main([*one.command(to), "--out", out, "--json"])


def _film() -> Tape:
    """The three scenes of seed 002."""
    contract = cast("replicate")
    with tempfile.TemporaryDirectory() as made:
        began_s = moment(AT)
        played = film_cases.play(Path(made), contract=contract, began_s=began_s).report.tape
    case = replace(
        played.case,
        run_id="20261120T120000Z-film",
        target=target("emulator", contract, None),
        environment=Environment(harness=__version__),
        started_s=began_s,
    )
    return Tape(case=case, exchanges=[_alike(one) for one in played])


def _alike(one: Exchange) -> Exchange:
    """Of the joined file only what any machine makes alike: how long it took is no such thing."""
    answer = one.answer
    if one.request.label != JOINED or not isinstance(answer, Response) or answer.media is None:
        return one
    media = replace(answer.media, sha256="", size_bytes=_FILM_BYTES)
    return replace(one, answer=replace(answer, media=media, size_bytes=_FILM_BYTES), duration_s=1.0)


def main_of_make(wanted: Sequence[str]) -> None:
    """All of them, or those named."""
    for one in SHIPPED:
        if not wanted or one.name in wanted:
            record(one, FOLDER / one.name)


if __name__ == "__main__":
    main_of_make(sys.argv[1:])
