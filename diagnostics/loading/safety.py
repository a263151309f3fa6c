"""May this be loaded? This machine, yes; anybody else only by name, with a budget, within limits.

Redirects are not followed under load, and `hosts.Fence` keeps requests away from hosts that only
an answer names.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from diagnostics.contract import Contract
from diagnostics.loading.forecast import Forecast, forecast, meant
from diagnostics.loading.hosts import Fence, Resolve, everywhere, here, host_of, resolve
from diagnostics.loading.profile import Model, Profile
from diagnostics.model import Json, Text

CAUTIOUS_PER_MINUTE = 60.0
"""Where a provider publishes no limit, this is ours: one request a second hurts nobody."""
SEEKING_TIMES = 2.0
"""A profile that seeks a limit must be able to reach it; it stops at the first answer of it."""
_MINUTE_S = 60.0


def refusal(  # noqa: PLR0913  # each decides: what, where, allowed by whom, paid by what, whose rules
    profile: Profile,
    host: str,
    allowed: Collection[str],
    budget: float | None,
    contract: Contract,
    *,
    main: bool = True,
    resolve: Resolve = resolve,
) -> Text | None:
    """Why that host gets no load from this profile: every reason, a line each, with its remedy.

    Asked once for each provider of a mix; `main`: this one is meant where the mix names nobody.
    """
    asked = _Asked(
        profile=profile,
        host=host,
        allowed=allowed,
        budget=budget,
        contract=contract,
        main=main,
        resolve=resolve,
    )
    found = list(asked.reasons())
    if not found:
        return None
    return Text(en="\n".join(one.en for one in found), ru="\n".join(one.ru for one in found))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    profile: Profile
    host: str
    allowed: Collection[str]
    budget: float | None
    contract: Contract
    main: bool
    resolve: Resolve = field(repr=False)

    def reasons(self) -> Iterator[Text]:
        name = host_of(self.host)
        if not name:
            yield _no_host(self.host)
            return
        if everywhere(name):
            yield _everywhere(name)
            return
        coming = forecast(self.profile, self.contract, base_url=self.host, main=self.main)
        fence = Fence([*self.allowed, *self.profile.hosts], self.resolve)
        yield from (
            _not_here(one)
            for one in {name: 0, **dict.fromkeys(coming.hosts)}
            if not fence.admits(one)
        )
        if here(name, self.resolve):
            return
        if self.budget is None:
            yield _NO_BUDGET
        yield from self._too_fast(coming)
        yield from self._too_many()

    # --- the provider's limits ----------------------------------------------------------------

    @property
    def _times(self) -> float:
        return SEEKING_TIMES if self.profile.seeks_limit else 1.0

    def _limit(self, kind: str, key: str) -> float | None:
        """A number that the provider publishes; None: it publishes none."""
        held: Json = self.contract.limits.get(kind)
        number: Json = held.get(key) if isinstance(held, dict) else None
        plain = isinstance(number, int | float) and not isinstance(number, bool)
        return float(number) if plain and number > 0 else None

    def _too_fast(self, coming: Forecast) -> Iterator[Text]:
        told = [line for line in coming.lines if line.host]
        if any(line.per_s is None for line in told):
            yield _UNFORESEEN if coming.asks_most is not None else _no_bound(self.profile)
            return
        paid = sum(line.per_s or 0.0 for line in told if line.paid) * _MINUTE_S
        free = sum(line.per_s or 0.0 for line in told if not line.paid) * _MINUTE_S
        calls, reads = self._limit("rate", "per_minute"), self._limit("rate", "reads_per_minute")
        if calls is None:
            if paid + free > CAUTIOUS_PER_MINUTE * self._times:
                yield _unpublished(self.contract.title, paid + free, self._times)
            return
        title, times = self.contract.title, self._times
        if reads is None:
            if paid + free > calls * times:
                yield _above(title, _REQUESTS, paid + free, calls, times)
            return
        if paid > calls * times:
            yield _above(title, _CALLS, paid, calls, times)
        if free > reads * times:
            yield _above(title, _READS, free, reads, times)

    def _too_many(self) -> Iterator[Text]:
        limit = self._limit("concurrent", "jobs")
        jobs = jobs_most(self.profile, self.contract, main=self.main)
        if limit is not None and jobs > limit * self._times:
            yield _crowded(self.contract.title, jobs, limit)


def jobs_most(profile: Profile, contract: Contract, *, main: bool = True) -> float:
    """Jobs at once, at the peak: as long as one is said to take, or may be followed at all."""
    whole = sum(share.weight for share in profile.mix)
    total = 0.0
    for share in meant(profile, contract, main=main):
        if share.scenario != "job":
            continue
        level = profile.peak * share.weight / whole
        job = contract.operation(share.operation or contract.roles.get("example", "")).job
        followed_s = share.max_polls * share.poll_interval_s
        lasts_s = job.expected_s if job and job.expected_s else followed_s
        total += level * lasts_s if profile.model is Model.OPEN else level
    return total


# --- the sentences ----------------------------------------------------------------------------

_NO_BUDGET = Text(
    en="no budget is set: a load beyond this machine needs --budget CREDITS (0 where all is free)",
    ru="не задан бюджет: вне этой машины нагрузке нужен --budget КРЕДИТЫ (0, если всё бесплатно)",
)


_UNFORESEEN = Text(
    en="only `read`, `quota` and `job` are foreseen request by request; another scenario loads this"
    " machine alone: take it out of the mix",
    ru="заранее известны только запросы сценариев `read`, `quota` и `job`; остальными можно"
    " нагружать лишь эту машину: уберите их из смеси",
)


def _no_host(wanted: str) -> Text:
    return Text(
        en=f"{wanted!r} names no host: write it as https://api.example.test",
        ru=f"{wanted!r} не содержит имени хоста: укажите адрес в виде https://api.example.test",
    )


def _everywhere(name: str) -> Text:
    return Text(
        en=f"{name} is where a server listens, and no address to send to: write 127.0.0.1",
        ru=f"{name} — адрес, на котором сервер слушает, а не адресат: укажите 127.0.0.1",
    )


def _not_here(name: str) -> Text:
    return Text(
        en=f"{name} is not this machine, and neither the profile nor you named it: if you may load"
        f" it, add --i-may-load {name}, or put it under `hosts` in the profile",
        ru=f"{name} — не эта машина, и ни профиль, ни вы её не назвали: если вам разрешено её"
        f" нагружать, добавьте --i-may-load {name} или внесите её в `hosts` профиля",
    )


def _no_bound(profile: Profile) -> Text:
    return Text(
        en=f"the {profile.peak:g} users of the profile ask again as soon as they are answered, so"
        " their rate has no bound: give every part of the mix a `think` time, or use arrivals",
        ru=f"пользователи профиля ({profile.peak:g}) повторяют запрос сразу после ответа, и частота"
        " ничем не ограничена: задайте `think` каждой части смеси или используйте модель open",
    )


def _unpublished(title: str, per_minute: float, times: float) -> Text:
    most = CAUTIOUS_PER_MINUTE * times
    return Text(
        en=f"{title} publishes no limit, so we stay at {most:g} requests a minute; this would send"
        f" {per_minute:.0f}: lower it with --scale or --rate, or poll less often",
        ru=f"{title} не публикует ограничения частоты, поэтому мы не превышаем {most:g} запросов в"
        f" минуту, а здесь их было бы {per_minute:.0f}: уменьшите нагрузку (--scale, --rate) или"
        " опрашивайте реже",
    )


_REQUESTS = Text(en="requests", ru="запросов")
_CALLS = Text(en="paid calls", ru="платных вызовов")
_READS = Text(en="reads", ru="чтений")


def _above(title: str, what: Text, per_minute: float, limit: float, times: float) -> Text:
    seeks = "" if times == 1 else f" (to find it, {times:g} times as much is allowed)"
    seeks_ru = "" if times == 1 else f" (чтобы его найти, допустимо превышение в {times:g} раза)"
    return Text(
        en=f"{title} allows {limit:g} {what.en} a minute{seeks}; this would send"
        f" {per_minute:.0f}: lower it with --scale or --rate, or poll less often",
        ru=f"{title} допускает {limit:g} {what.ru} в минуту{seeks_ru}, а здесь их было бы"
        f" {per_minute:.0f}: уменьшите нагрузку (--scale, --rate) или опрашивайте реже",
    )


def _crowded(title: str, jobs: float, limit: float) -> Text:
    return Text(
        en=f"{title} allows {limit:g} jobs at once; this could have {jobs:.0f} under way:"
        " lower it with --scale or --users",
        ru=f"{title} допускает {limit:g} заданий одновременно, а здесь их может быть {jobs:.0f}:"
        " уменьшите нагрузку (--scale, --users)",
    )
