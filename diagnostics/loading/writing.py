"""How does a profile travel? Writes it as the document that `reading.profile` reads.

A worker on another machine and a run folder get the whole of it: bodies from files are written out.
"""

from collections.abc import Iterator

from diagnostics.loading.profile import Arrival, Model, Profile, Share, Stage
from diagnostics.model import Json


def document(profile: Profile) -> dict[str, Json]:
    """Plain JSON; read again it is the same profile."""
    return dict(_top(profile))


def _top(profile: Profile) -> Iterator[tuple[str, Json]]:
    yield "title", {"en": profile.title.en, "ru": profile.title.ru}
    yield "model", profile.model.value
    if profile.arrival is not Arrival.CONSTANT:
        yield "arrival", profile.arrival.value
    yield "stages", [_stage(one, profile.model) for one in profile.stages]
    yield "mix", [dict(_share(one)) for one in profile.mix]
    yield "objectives", [one.text for one in profile.objectives]
    for name in ("until_failure", "seeks_limit", "faults"):
        if getattr(profile, name):
            yield name, getattr(profile, name)
    if profile.hosts:
        yield "hosts", list(profile.hosts)
    if profile.emulator:
        yield "emulator", dict(profile.emulator)


def _stage(stage: Stage, model: Model) -> dict[str, Json]:
    if model is Model.OPEN:
        return {"rate": f"{stage.level!r} /s", "ramp": _s(stage.duration_s)}
    return {"users": stage.level, "ramp": _s(stage.duration_s)}


def _share(share: Share) -> Iterator[tuple[str, Json]]:
    yield "scenario", share.scenario
    yield "weight", share.weight
    for name in ("provider", "operation", "request"):
        if getattr(share, name):
            yield name, getattr(share, name)
    if share.body is not None:
        yield "body", share.body
    yield "think", f"{_s(share.think_s[0])} to {_s(share.think_s[1])}"
    yield "poll", {"every": _s(share.poll_interval_s), "most": share.max_polls}


def _s(seconds: float) -> str:
    return f"{seconds!r} s"
