"""Which call does an address or a set of headers belong to, and is it the documented one?"""

import re
from collections.abc import Iterable
from urllib.parse import unquote, urlsplit

from diagnostics.contract import Contract
from diagnostics.errors import UsageError
from diagnostics.finding import Finding
from diagnostics.model import Blame, Json, Text
from diagnostics.promise import Alias, Operation
from scenarios.parameters import DOUBTFUL

_LOCAL = re.compile(r"localhost|127\.\d+\.\d+\.\d+|\[?::1\]?|.*\.test", re.IGNORECASE)
"""A client under test calls an emulator."""
_TEMPLATE = re.compile(r"^(\{\{?\w+\}?\}|\$\{?\w+\}?|<\w+>)(?=/)")
"""A base address to be filled, as Postman and scripts write it."""
_OLD = Text(
    en="{method} {url} is another address of this call ({set}); the documented one is {right}.",
    ru="{method} {url} — другой адрес этого вызова ({set}); в документации: {right}.",
)
_UNKNOWN = Text(
    en="{method} {url} is not in the documentation; {operation} is {right}.",
    ru="Адреса {method} {url} в документации нет; {operation} — это {right}.",
)
_OTHER = Text(
    en="The file's address {method} {url} is that of {other}, but {operation} was asked for.",
    ru="Адрес в файле, {method} {url}, относится к {other}, а запрошена проверка {operation}.",
)
_HOST = Text(
    en="{host} is no host of {provider}; the documentation has {right}.",
    ru="{host} — не хост {provider}; в документации: {right}.",
)
_PLAIN = Text(
    en="{url} is called over http://: the key would travel in clear text.",
    ru="{url} вызывается по http://: ключ пойдёт открытым текстом.",
)
_CALL = Text(en="Call {right}.", ru="Вызывайте {right}.")
_NAME = Text(
    en="Validate it as {other}, or mend the address.",
    ru="Проверьте его как {other} или исправьте адрес.",
)
_ONE = Text(en="Send one of them.", ru="Отправляйте что-то одно.")


def called(contract: Contract, wanted: str) -> tuple[Operation, list[Finding]]:
    """The operation meant, also by an address that others use; an error names the nearest."""
    method, _, url = wanted.partition(" ")
    try:
        return contract.operation(wanted), []
    except UsageError:
        alias = _alias(contract, method.upper(), url.strip()) if url else None
        if alias is None:
            raise
        operation = contract.operations[alias.operation]
        return operation, of_address(contract, operation, wanted)


def of_address(contract: Contract, operation: Operation, address: str) -> list[Finding]:
    """What is odd about `"POST https://…"` for this operation."""
    method, _, url = address.partition(" ")
    method, url = method.upper(), _TEMPLATE.sub("", url.strip())
    facts = {"method": method, "url": url, "operation": operation.id, "provider": contract.title}
    found = list(_of_host(contract, operation, url, facts))
    met = contract.match(method, url)
    alias = _alias(contract, method, url)
    facts |= {"right": f"{operation.method} {operation.path}"}
    if met is not None and met.id != operation.id:
        found.append(_doubt(_OTHER, _NAME, facts | {"other": met.id}, Blame.PARAMETERS))
    elif met is None and alias is not None:
        found.append(_doubt(_OLD, _CALL, facts | {"set": alias.set}, Blame.ENDPOINT))
    elif met is None:
        found.append(_doubt(_UNKNOWN, _CALL, facts, Blame.ENDPOINT))
    return found


def _of_host(
    contract: Contract, operation: Operation, url: str, facts: dict[str, str]
) -> Iterable[Finding]:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return
    if not host or _LOCAL.fullmatch(host):
        return
    facts = {**facts, "host": host, "right": operation.url}
    if host not in contract.hosts:
        yield _doubt(_HOST, _CALL, facts, Blame.ENDPOINT)
    elif parts.scheme == "http":
        yield _doubt(_PLAIN, _CALL, facts, Blame.ENDPOINT)


def of_headers(contract: Contract, names: Iterable[str]) -> list[Finding]:
    """Credentials sent twice: one of them is thrown away."""
    given = {name.lower() for name in names}
    headers = {scheme.header.lower() for scheme in contract.schemes}
    if len(headers) < 2 or not headers <= given:  # noqa: PLR2004  # two ways at once
        return []
    return [
        _doubt(pitfall.says, _ONE, {"source": pitfall.source.page}, Blame.CREDENTIALS, "headers")
        for pitfall in contract.pitfalls
        if pitfall.kind == "both-auth"
    ]


def _doubt(
    says: Text, remedy: Text, facts: dict[str, str], blame: Blame, subject: str = "url"
) -> Finding:
    texts = {
        f"{kind}_{language}": text.fill(language, facts)
        for kind, text in (("text", says), ("remedy", remedy))
        for language in ("en", "ru")
    }
    return Finding(
        rule=DOUBTFUL,
        subject=subject,
        facts={**texts, "source": facts.get("source", ""), "place": subject},
        certainty=0.7,
        blame=blame,
    )


def _alias(contract: Contract, method: str, url: str) -> Alias | None:
    path = _path(url)
    fits = (a for a in contract.aliases if a.method == method)
    return next((a for a in fits if re.fullmatch(_shape(_path(a.url)), path)), None)


def _path(url: str) -> str:
    try:
        return "/" + urlsplit(url).path.lstrip("/")
    except ValueError:
        return ""


def _shape(path: str) -> str:
    return re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path))


def path_values(operation: Operation, address: str) -> dict[str, Json]:
    """The path parameters of a real address: `/voice/detail/abc` against `/voice/detail/{_id}`."""
    shape = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/?#]+)", re.escape(operation.path))
    found = re.search(f"{shape}$", address)
    values = found.groupdict() if found else {}
    return {name: unquote(value) for name, value in values.items() if value[0] not in "{:"}
