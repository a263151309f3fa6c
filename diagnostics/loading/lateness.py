"""Was it the generator that was slow, and not what it loaded?

A request's latency counts from when it was due, so whatever the generator was late by is in it.
Three signs tell that figures are the generator's own: it did not begin all that was due, it sent
late, or it used up its processor (then answers lay unread, and that looks like a slow server).
"""

from diagnostics.loading.adding import Added
from diagnostics.loading.histogram import Histogram
from diagnostics.model import Text

LATE_S_MAX = 0.010
"""By less any machine is late now and then, and no objective about calls over a network turns."""
LATE_SHARE_MAX = 0.10
"""Of the median latency. More, and latency is told wrong by a tenth or more."""
LATE_PERCENTILE = 0.99
FEW = 5
"""Late requests; of a short load a hundredth is one or two, and that is any machine's hiccup."""
ACHIEVED_SHARE_MIN = 0.995
"""Of the arrivals that were due: the promised rate holds to half a percent."""
BUSY_SHARE_MAX = 0.95
"""Of one core. The loop sleeps while nothing is to be done; at this it hardly ever does."""


class Lateness(Added):
    """What the generator did itself, beside what it was answered."""

    __slots__ = ("begun", "due", "late")

    def __init__(self) -> None:
        self.late = Histogram()
        """From when a request was due until it was sent."""
        self.due = self.begun = 0
        """Arrivals of an open model."""

    @property
    def achieved(self) -> float | None:
        """Which share of the arrivals that were due was begun; None: there were none."""
        return self.begun / self.due if self.due > 0 else None


def bottleneck(
    lateness: Lateness, median_s: float | None, busy_share: float | None = None
) -> Text | None:
    """Why no verdict is given; None: the generator kept up. `median_s`: of all latencies."""
    return _behind(lateness) or _late(lateness, median_s) or _busy(busy_share)


def _behind(lateness: Lateness) -> Text | None:
    achieved = lateness.achieved
    if achieved is None or achieved >= ACHIEVED_SHARE_MIN:
        return None
    missing, due = lateness.due - lateness.begun, lateness.due
    return Text(
        en=f"The generator began {achieved:.1%} of the arrivals that were due ({missing:,} of "
        f"{due:,} are missing): the load was lower than the profile says. "
        "Lower the rate or add workers.",
        ru=f"Генератор начал лишь {_percent(achieved)} положенных обращений (не хватает "
        f"{_spaced(missing)} из {_spaced(due)}): нагрузка была ниже, чем задано в профиле. "
        "Уменьшите частоту или добавьте рабочие процессы.",
    )


def _late(lateness: Lateness, median_s: float | None) -> Text | None:
    late_s = lateness.late.percentile(LATE_PERCENTILE)
    limit_s = max(LATE_S_MAX, LATE_SHARE_MAX * (median_s or 0.0))
    if late_s is None or late_s <= limit_s or lateness.late.over(limit_s) < FEW:
        return None
    late, limit = f"{late_s * 1e3:.1f}", f"{limit_s * 1e3:.1f}"
    return Text(
        en=f"The generator itself sent one request in a hundred {late} ms late or later (at most "
        f"{limit} ms may be): the latencies are partly its own. Lower the rate or add workers.",
        ru=f"Сам генератор отправлял один запрос из ста с опозданием от {_comma(late)} мс "
        f"(допустимо не более {_comma(limit)} мс): часть задержек — его собственные. "
        "Уменьшите частоту или добавьте рабочие процессы.",
    )


def _busy(busy_share: float | None) -> Text | None:
    if busy_share is None or busy_share <= BUSY_SHARE_MAX:
        return None
    return Text(
        en=f"The generator used {busy_share:.0%} of its processor core: answers lay unread, which "
        "looks like a slow server. Lower the load or add workers.",
        ru=f"Генератор занимал {_percent(busy_share, 0)} своего ядра процессора: ответы ждали, "
        "пока он их прочтёт, и это выглядит как медленный сервер. Уменьшите нагрузку или добавьте "
        "рабочие процессы.",
    )


def _percent(share: float, digits: int = 1) -> str:
    return f"{_comma(f'{share * 100:.{digits}f}')} %"


def _comma(number: str) -> str:
    return number.replace(".", ",")


def _spaced(number: int) -> str:
    return f"{number:,}".replace(",", " ")
