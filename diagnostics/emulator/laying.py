"""How is a value put into a JSON body at a dotted path?"""

from diagnostics.model import Json


def lay(body: Json, path: str, value: Json) -> None:
    """Write a value at a dotted path (`[]`: in every element); makes what is missing."""
    steps = path.removesuffix("[]").split(".")
    holders = [body]
    for step in steps[:-1]:
        holders = [inner for holder in holders for inner in _into(holder, step)]
    for holder in holders:
        if isinstance(holder, dict):
            holder[steps[-1]] = value


def _into(holder: Json, step: str) -> list[Json]:
    if not isinstance(holder, dict):
        return []
    name, _, each = step.partition("[")
    if each:
        if not isinstance(holder.get(name), list) or not holder[name]:
            holder[name] = [{}]
        return list(holder[name])
    if not isinstance(holder.get(name), dict):
        holder[name] = {}
    return [holder[name]]
