"""Which film was ordered? The few figures that script, clips, join and judge all stand on."""

from collections.abc import Mapping
from dataclasses import dataclass, fields

from diagnostics.model import Json

SCENES_MAX = 20
CROSS_FADE_S = 0.5
_SIDES = range(16, 4097)
_RATES = range(1, 121)


@dataclass(frozen=True, slots=True, kw_only=True)
class Film:
    """One film. `writer` empty: the language model that the contract's example names."""

    prompt: str
    scenes: int = 3
    duration_s: float = 5.0
    fps: int = 30
    width: int = 1280
    height: int = 720
    cross_fade_s: float = CROSS_FADE_S
    model: str = ""
    writer: str = ""
    clip_price: float = 0.0
    """What a clip costs the user, where no contract knows; 0: nobody knows."""
    script_price: float = 0.0
    """The same of the script."""

    @property
    def aspect(self) -> str:
        """The ratio that models know, nearest to the size: 16:9, 9:16, 1:1, 4:3, 3:4."""
        wanted = self.width / self.height
        return min(_ASPECTS, key=lambda name: abs(_ASPECTS[name] - wanted))


_ASPECTS = {"16:9": 16 / 9, "9:16": 9 / 16, "1:1": 1.0, "4:3": 4 / 3, "3:4": 3 / 4}


def length_s(durations_s: tuple[float, ...], cross_fade_s: float) -> float:
    """How long clips are once each pair overlaps: 3 × 5 s with 0.5 s between gives 14.0 s."""
    return sum(durations_s) - cross_fade_s * max(0, len(durations_s) - 1)


def written(film: Film) -> dict[str, Json]:
    """A film as it stands in the case, on the first line of a tape."""
    return {part.name: getattr(film, part.name) for part in fields(Film)}


def film_of(known: Mapping[str, Json]) -> Film | None:
    """The film of a case; None when the run is about none, or a stranger wrote nonsense."""
    if not isinstance(known, Mapping):
        return None
    given = {part.name: known[part.name] for part in fields(Film) if part.name in known}
    kinds = {part.name: _KINDS[part.name] for part in fields(Film)}
    if "prompt" not in given:
        return None
    if any(not isinstance(v, kinds[n]) or isinstance(v, bool) for n, v in given.items()):
        return None
    film = Film(**given)
    sound = 0 < film.duration_s <= 600 and 0 <= film.cross_fade_s <= film.duration_s / 2  # noqa: PLR2004  # ten minutes
    sized = film.width in _SIDES and film.height in _SIDES and film.fps in _RATES
    sized = sized and min(film.clip_price, film.script_price) >= 0
    return film if sound and sized and 1 <= film.scenes <= SCENES_MAX else None


_KINDS: Mapping[str, type | tuple[type, ...]] = {
    "prompt": str,
    "scenes": int,
    "duration_s": (int, float),
    "fps": int,
    "width": int,
    "height": int,
    "cross_fade_s": (int, float),
    "model": str,
    "writer": str,
    "clip_price": (int, float),
    "script_price": (int, float),
}
