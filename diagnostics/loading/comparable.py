"""May two loads be compared at all, and what has the reader to know beside?"""

from collections.abc import Iterator

from diagnostics.loading import metrics
from diagnostics.loading.counts import Counts
from diagnostics.loading.lateness import bottleneck
from diagnostics.loading.result import Ending, Load
from diagnostics.model import Json, Text

LOAD_KEYS = ("model", "arrival", "stages", "mix", "emulator", "faults")
"""Of a profile: what decides the load. Its objectives only judge it."""


def grave(before: Load, after: Load, counts: tuple[Counts, Counts]) -> Iterator[Text]:
    """Why nothing can be concluded."""
    for load, counted in zip((before, after), counts, strict=True):
        if not metrics.requests(counted):
            yield Text(
                en=f"{load.run_id} sent no request",
                ru=f"{load.run_id}: не отправлено ни одного запроса",
            )
            continue
        why = bottleneck(counted.lateness, counted.latency().percentile(0.5), counted.busy_share)
        if why is not None:
            yield Text(en=f"{load.run_id}: {why.en}", ru=f"{load.run_id}: {why.ru}")
    keys = [key for key in LOAD_KEYS if _told(before, key) != _told(after, key)]
    if keys:
        names = ", ".join(keys)
        yield Text(
            en=f"the loads differ themselves ({before.name}, {after.name}: {names}), so a "
            "difference may come from that",
            ru=f"различаются сами нагрузки ({before.name}, {after.name}: {names}): разница могла "
            "возникнуть из-за этого",
        )


def _told(load: Load, key: str) -> Json:
    return load.profile.get(key)


def light(before: Load, after: Load) -> Iterator[Text]:
    """What the reader has to know beside."""
    one, other = before.target, after.target
    if before.run_id == after.run_id:
        yield Text(en="both are the same run", ru="это один и тот же запуск")
    if (one.kind, one.provider, one.base_url) != (other.kind, other.provider, other.base_url):
        told = [f"{each.provider} {each.kind} {each.base_url}" for each in (one, other)]
        yield Text(
            en=f"different targets: {told[0]}, then {told[1]}",
            ru=f"отвечали разные серверы: сначала {told[0]}, затем {told[1]}",
        )
    if before.client != after.client:
        clients = f"{before.client}, {after.client}"
        yield Text(en=f"different clients: {clients}", ru=f"разные клиенты: {clients}")
    for load in (before, after):
        if load.ending is not Ending.COMPLETED:
            yield Text(
                en=f"{load.run_id} did not run to its end: {load.ending}",
                ru=f"{load.run_id}: нагрузка не дошла до конца ({load.ending})",
            )
