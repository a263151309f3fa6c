"""What is each input of the planned call, fetched as the provider would fetch it?"""

from diagnostics.checking.url import REACH
from diagnostics.contract import Contract
from diagnostics.inspection.judge import judge
from diagnostics.inspection.link import REDIRECTS_MAX, inputs, near, onward, trouble
from diagnostics.inspection.rules import RULES
from diagnostics.model import Ask, Case, Purpose, Request, Text, Together
from diagnostics.scenario import Scenario, needs_plan

NAME = "media"

_URL_MAX = 8192
"""Longer ones are data, not addresses: their start is enough for the tape."""


def offered(contract: Contract, case: Case) -> Text | None:
    """Needs a planned call that names a file."""
    if case.plan is None:
        return needs_plan(contract, case)
    if not inputs(contract.operations.get(case.plan.operation), case.plan.body):
        return Text(en="the planned call takes no media files", ru="в этом вызове нет медиафайлов")
    return None


def ask(contract: Contract, case: Case) -> Ask:
    """Fetch every input at once, each along its redirects."""
    plan = case.plan
    if plan is None:
        return
    found = inputs(contract.operations.get(plan.operation), plan.body)
    local = near(case)
    yield Together(asks=tuple(fetch(item.url, item.parameter, local=local) for item in found))


def fetch(url: str, label: str, *, local: bool) -> Ask:
    """One file, along at most `REDIRECTS_MAX` redirects, never in a circle.

    A public address that redirects into a private network is not followed there.
    """
    seen = set[str]()
    following: str | None = url
    while following is not None and following not in seen and len(seen) <= REDIRECTS_MAX:
        seen.add(following)
        exchange = yield Request(
            method="GET",
            url=following[:_URL_MAX],
            purpose=Purpose.MEDIA,
            authenticated=False,
            label=label,
        )
        following = onward(exchange)
        if following is not None and not local and trouble(following, local=False) in REACH:
            return


SCENARIO = Scenario(
    name=NAME,
    title=Text(en="Input files", ru="Входные файлы"),
    order=60,
    ask=ask,
    judge=judge,
    rules=RULES,
    offered=offered,
)
