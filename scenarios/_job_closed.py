"""Who ended a job before it was done: somebody, or a deadline, and who set that?"""

from collections.abc import Mapping

from diagnostics.contract import decode, first
from diagnostics.following.answer import Poll
from diagnostics.jobs import Story
from diagnostics.model import Text
from diagnostics.promise import Deadline

_REASON = Text(en="; reason given: {reason}", ru="; причина от провайдера: {reason}")
_BEFORE = Text(
    en=": a deadline passed before it began",
    ru=": срок истёк раньше, чем оно началось",
)
_RUNNING = Text(
    en=": somebody cancelled it, or a deadline passed while it ran",
    ru=": его отменили, или срок истёк, пока оно выполнялось",
)
_OURS = Text(
    en=" (this very create set it: {header}: {set})",
    ru=" (его задало само создание: {header}: {set})",
)
_THEIRS = Text(
    en=" (the create on this tape sets none with {header})",
    ru=" (создание из этой записи не задаёт его через {header})",
)
_UNSEEN = Text(
    en=" (the create, which may set one with {header}, is not on this tape)",
    ru=" (создания, которое могло задать его через {header}, в этой записи нет)",
)
_UNTIL = Text(en="; the answer names {until}", ru="; в ответе назван срок {until}")

_SOMEBODY = Text(
    en="See who cancelled it, or which deadline ended it; then create it anew with more time.",
    ru="Выясните, кто его отменил или какой срок истёк, и создайте его заново, дав больше времени.",
)
_RAISE = Text(
    en="Raise {header}, or leave it out, and create the job anew; a model that has to boot needs "
    "minutes before it begins.",
    ru="Увеличьте {header} или уберите его и создайте задание заново: модели, которой надо "
    "загрузиться, нужны минуты до начала работы.",
)
_FIND = Text(
    en="Look where your code, SDK or gateway sets {header}, or who cancels; then create the job "
    "anew with more time.",
    ru="Найдите, где ваш код, SDK или шлюз задаёт {header} либо кто отменяет задание; затем "
    "создайте его заново, дав больше времени.",
)


def why_closed(story: Story, last: Poll) -> Mapping[str, str]:
    """The sentence's end and the remedy, in both languages, from what the tape holds."""
    deadline = story.job.deadline
    ends = {deadline.before: _BEFORE, deadline.running: _RUNNING} if deadline else {}
    why = ends.get(last.value or "")
    facts = {"reason": last.reason or "", "header": deadline.header if deadline else ""}
    facts |= {"set": _given(story, deadline), "until": _until(last, deadline)}
    parts = [why, _setter(story, facts["set"])] if why else []
    parts += [_UNTIL] if facts["until"] else []
    parts += [_REASON] if facts["reason"] else []
    todo = _SOMEBODY if why is None else _RAISE if facts["set"] else _FIND
    return {
        f"{name}_{language}": "".join(part.fill(language, facts) for part in said if part)
        for language in ("en", "ru")
        for name, said in (("why", parts), ("todo", [todo]))
    }


def _setter(story: Story, given: str) -> Text:
    if given:
        return _OURS
    return _THEIRS if story.creates else _UNSEEN


def _given(story: Story, deadline: Deadline | None) -> str:
    """The deadline that the create itself asked for."""
    for exchange in story.creates[-1:]:
        for name, value in exchange.request.headers:
            if deadline and name.lower() == deadline.header.lower():
                return value[:80]
    return ""


def _until(last: Poll, deadline: Deadline | None) -> str:
    """When it ran out, by the provider's own word."""
    if deadline is None or not deadline.field or last.exchange.response is None:
        return ""
    told = first(decode(last.exchange.response.body), (deadline.field,))
    return told[:40] if isinstance(told, str) else ""
