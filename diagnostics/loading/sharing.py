"""How is one load shared out among several processes, so that nothing is lost or sent twice?

Pure values; Locust's own messages carry them. The master writes the `Order` (profile, targets,
seed, start), which holds no key: each worker has its own. The arrivals of the open model are
divided into `STREAMS`; each is held by one Locust user, so that Locust's dispatcher moves them. A
stream is given to a worker that asks for one, and becomes free when it is given back or its worker
has died. A worker that hears nothing of its master for `LEASE_S` begins nothing more: by the time
the master gives its streams away, it has long stopped.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self

from diagnostics.errors import UsageError
from diagnostics.loading.hosts import Fence
from diagnostics.loading.profile import Profile
from diagnostics.loading.reading import profile as read_profile
from diagnostics.loading.writing import document
from diagnostics.model import Json, RetryPolicy, Target, TargetKind

SCHEMA = "diagnostics.order/1"
STREAMS = 60
"""Divides evenly among two, three, four, five, six, ten workers."""
LEASE_S = 3.0
"""Locust's master takes a worker for dead after four seconds of silence at the least."""
_STRIDE = 37
"""Has no divisor in common with `STREAMS`: what one worker is given is spread over the whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A load, as every process of it has to know it."""

    profile: Profile
    main: str
    targets: Mapping[str, Target]
    """By provider."""
    budget: float | None = None
    """Of this process."""
    seed: int = 0
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    stock: bool = False
    """Locust's own client instead of our engine."""
    allowed: tuple[str, ...] = ()
    """Hosts beyond this machine that the user named."""
    start_at: float | None = None
    """By the wall clock; None: when the test starts."""
    shaped: bool = True
    """The profile's stages decide; else whoever starts the users does."""

    def fence(self) -> Fence:
        """Which hosts may be asked at all, also where an answer names them."""
        return Fence([*self.allowed, *self.profile.hosts])

    def to_data(self) -> dict[str, Json]:
        """For Locust's messages."""
        return {
            "schema": SCHEMA,
            "profile": document(self.profile),
            "name": self.profile.name,
            "main": self.main,
            "targets": {name: _target(one) for name, one in self.targets.items()},
            "budget": self.budget,
            "seed": self.seed,
            "retries": [self.retry.max_retries, self.retry.base_delay_s],
            "stock": self.stock,
            "allowed": list(self.allowed),
            "start_at": self.start_at,
            "shaped": self.shaped,
        }

    @classmethod
    def from_data(cls, told: Json) -> Self:
        """What `to_data` wrote; a master of another version is an error."""
        if not isinstance(told, dict) or told.get("schema") != SCHEMA:
            raise UsageError(
                "the master speaks of loads in another way", hint="run one version everywhere"
            )
        retries, delay_s = told["retries"]
        return cls(
            profile=read_profile(told["profile"], name=str(told["name"])),
            main=str(told["main"]),
            targets={str(n): _read_target(t) for n, t in told["targets"].items()},
            budget=told["budget"],
            seed=int(told["seed"]),
            retry=RetryPolicy(max_retries=int(retries), base_delay_s=float(delay_s)),
            stock=bool(told["stock"]),
            allowed=tuple(map(str, told["allowed"])),
            start_at=told["start_at"],
            shaped=bool(told["shaped"]),
        )


def _target(one: Target) -> Json:
    return [one.kind.value, one.provider, one.base_url, one.media_base, one.fault]


def _read_target(told: Json) -> Target:
    kind, provider, base_url, media_base, fault = told
    return Target(
        kind=TargetKind(kind),
        provider=provider,
        base_url=base_url,
        media_base=media_base,
        fault=fault,
    )


def shares(budget: float | None, workers: Iterable[str]) -> dict[str, float | None]:
    """The budget, in equal parts; who comes later gets nothing, since nothing is left."""
    names = list(workers)
    part = None if budget is None else budget / max(1, len(names))
    return dict.fromkeys(names, part)


@dataclass(slots=True, kw_only=True)
class Known:
    """A worker, as far as it has told."""

    name: str
    index: int = -1
    streams: set[int] = field(default_factory=set)
    requests: int = 0
    flows: int = 0
    in_flight: int = 0
    jobs_open: int = 0
    spent: float = 0.0
    left_out: int = 0
    until_s: float = 0.0
    """Its last report, since the start of the load."""
    lost_after_s: float | None = None
    """Silent since; None: it lives, or ended as it should."""


class Desk:
    """The master's book: who holds which stream, and what each worker has told last."""

    def __init__(self, streams: int = STREAMS) -> None:
        self._free = [n * _STRIDE % streams for n in range(streams)]
        self._from_s: dict[int, float] = {}
        self.workers: dict[str, Known] = {}

    def known(self, name: str) -> Known:
        """That worker, new or not."""
        return self.workers.setdefault(name, Known(name=name))

    def give(self, name: str, count: int) -> dict[int, float]:
        """Free streams for a worker, each with the moment from which on it is nobody's."""
        worker = self.known(name)
        given = {}
        for _ in range(min(count, len(self._free))):
            index = self._free.pop(0)
            worker.streams.add(index)
            given[index] = self._from_s.get(index, 0.0)
        return given

    def take_back(self, name: str, streams: Mapping[int, float]) -> None:
        """A worker gives streams back, each with the moment up to which it has sent."""
        held = self.known(name).streams
        for index, until_s in streams.items():
            if index in held:
                held.discard(index)
                self._free_again(index, until_s)

    def lose(self, name: str, at_s: float) -> Known:
        """A worker has died: what it had is free, from now on."""
        worker = self.known(name)
        worker.lost_after_s = at_s
        for index in sorted(worker.streams):
            self._free_again(index, at_s)
        worker.streams = set()
        return worker

    def _free_again(self, index: int, from_s: float) -> None:
        self._from_s[index] = from_s
        self._free.append(index)

    @property
    def lost(self) -> list[Known]:
        """Workers that died."""
        return [one for one in self.workers.values() if one.lost_after_s is not None]

    @property
    def idle(self) -> bool:
        """Nobody who lives has anything under way."""
        return all(not w.flows for w in self.workers.values() if w.lost_after_s is None)
