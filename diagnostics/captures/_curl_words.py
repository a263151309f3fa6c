"""Which request does a command make? The words of `curl` and HTTPie, as a draft."""

import base64
import json
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode, urlsplit

from diagnostics.captures._draft import Draft
from diagnostics.captures._objects import decoded
from diagnostics.captures._shell import Command
from diagnostics.model import Headers, Json

_NOT_KNOWN = "the body came from {files}, which is not here"
_DATA = frozenset({"-d", "--data", "--data-ascii", "--data-raw", "--data-binary", "--json"})
_TAKE = frozenset(
    {
        *("-X", "--request", "-H", "--header", "-u", "--user", "-A", "--user-agent", "-e"),
        *("--referer", "-b", "--cookie", "-F", "--form", "--form-string", "--url", "--url-query"),
        *("--data-urlencode", "-x", "--proxy", "-U", "--proxy-user", "-T", "--upload-file"),
        *("--oauth2-bearer", "-o", "--output", "-m", "--max-time", "--connect-timeout", "-w"),
        *("--write-out", "--retry", "--retry-delay", "--retry-max-time", "-c", "--cookie-jar"),
        *("-D", "--dump-header", "--cacert", "--capath", "-E", "--cert", "--key", "--resolve"),
        *("--interface", "--ciphers", "-K", "--config", "--limit-rate", "-r", "--range", "-C"),
        *("--continue-at", "--max-redirs", "--noproxy", "--connect-to", "-Y", "-y", "-z", "-t"),
        *(
            "--trace",
            "--trace-ascii",
            "--stderr",
            "--aws-sigv4",
            "--max-filesize",
            "--expect100-timeout",
        ),
        *("--keepalive-time", "--dns-servers", "--unix-socket", "--tls-max", "--output-dir"),
        *_DATA,
    }
)
_SHORT_TAKE = {word[1] for word in _TAKE if len(word) == 2}  # noqa: PLR2004  # a dash and a letter
_HTTPIE_TAKE = frozenset(
    {
        *("-a", "--auth", "-A", "--auth-type", "-b", "--body-", "-o", "--output", "--raw"),
        *("--timeout", "--proxy", "--verify", "--cert", "--session", "-p", "--print", "--style"),
        *("--max-redirects", "-s", "--pretty", "--cert-key", "--boundary"),
    }
)
FORM = "application/x-www-form-urlencoded"
_BOUNDARY = "diagnostics-boundary"


@dataclass(slots=True)
class _Call:
    """What the words of one command have said so far."""

    method: str = ""
    urls: list[str] = field(default_factory=list)
    headers: list[tuple[str, str]] = field(default_factory=list)
    data: list[str] = field(default_factory=list)
    parts: list[tuple[str, str]] = field(default_factory=list)
    query: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    get: bool = False
    head: bool = False
    json: bool = False
    upload: bool = False
    shows_head: bool = False
    secrets: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The drafts of one command (`--next` and several addresses make several)."""

    drafts: list[Draft]
    secrets: list[tuple[str, str]]


def asked(command: Command) -> Asked:
    """The requests that a command makes."""
    words = command.words[1:]
    httpie = command.tool in {"http", "https", "xh", "xhs"}
    calls = [_httpie(command.tool, words)] if httpie else list(_calls(words, command.stdin))
    drafts = [draft for call in calls for draft in _drafts(call)]
    return Asked(drafts=drafts, secrets=[pair for call in calls for pair in call.secrets])


def _calls(words: list[str], stdin: str | None) -> list[_Call]:
    calls = [_Call()]
    at = 0
    while at < len(words):
        word, at = words[at], at + 1
        if word in {"--next", "-:"}:
            calls.append(_Call())
            continue
        name, value, more = _option(word, words, at)
        at += more
        _apply(calls[-1], name, value, stdin)
    return calls


def _option(word: str, words: list[str], at: int) -> tuple[str, str, int]:
    """An option, its value, and how many further words it took."""
    following = words[at] if at < len(words) else ""
    if not word.startswith("-") or word == "-":
        return "", word, 0
    if word.startswith("--"):
        name, equals, value = word.partition("=")
        if equals and name in _TAKE:
            return name, value, 0
        return (word, following, 1) if word in _TAKE else (word, "", 0)
    return _letters(word, following)


def _letters(word: str, following: str) -> tuple[str, str, int]:
    """`-sSXPOST`: flags, then one option that takes the rest or the next word."""
    for place, letter in enumerate(word[1:40], 1):
        if letter in _SHORT_TAKE:
            rest = word[place + 1 :]
            return f"-{letter}", rest or following, 0 if rest else 1
    flags = {"G": "-G", "I": "-I", "i": "-i"}
    return next((name for letter, name in flags.items() if letter in word), word), "", 0


def _apply(call: _Call, name: str, value: str, stdin: str | None) -> None:
    if name in {"", "--url"}:
        call.urls.append(value)
    elif name in _DATA or name == "--data-urlencode":
        _data(call, name, value, stdin)
    elif name in {"-H", "--header"}:
        _header(call, value)
    elif name in {"-X", "--request"}:
        call.method = value.upper()[:20]
    elif name in {"-F", "--form", "--form-string"}:
        field_name, _, held = value.partition("=")
        call.parts.append((field_name, held))
    elif name in {"-G", "--get"}:
        call.get = True
    elif name in {"-I", "--head"}:
        call.head = True
    elif name == "--url-query":
        call.query.append(value)
    elif name in {"-T", "--upload-file"}:
        call.upload = True
        call.files.append(value)
    else:
        _credential(call, name, value)


def _credential(call: _Call, name: str, value: str) -> None:
    if name in {"-u", "--user"}:
        token = base64.b64encode(value.encode("utf-8", "surrogateescape")).decode()
        call.headers.append(("Authorization", f"Basic {token}"))
        call.secrets.append((value.partition(":")[2] or value, "password"))
    elif name == "--oauth2-bearer":
        call.headers.append(("Authorization", f"Bearer {value}"))
    elif name in {"-U", "--proxy-user"}:
        call.secrets.append((value.partition(":")[2], "proxy-password"))
    elif name in {"-x", "--proxy"}:
        call.secrets.append((_password(value), "proxy-password"))
    elif name in {"-A", "--user-agent"}:
        call.headers.append(("User-Agent", value))
    elif name in {"-b", "--cookie"} and "=" in value:
        call.headers.append(("Cookie", value))


def _password(url: str) -> str:
    try:
        return urlsplit(url if "://" in url else f"http://{url}").password or ""
    except ValueError:
        return ""


def _header(call: _Call, value: str) -> None:
    name, colon, held = value.partition(":")
    if not colon and value.endswith(";"):
        name, colon, held = value[:-1], ":", ""
    if colon and name.strip():
        call.headers.append((name.strip(), held.strip()))


def _data(call: _Call, name: str, value: str, stdin: str | None) -> None:
    call.json = call.json or name == "--json"
    if name == "--data-urlencode":
        held, equals, rest = value.partition("=")
        value = f"{held}{equals}{quote(rest, safe='')}" if equals else quote(value, safe="")
    elif value.startswith("@") and name != "--data-raw":
        if value == "@-" and stdin is not None:
            value = stdin if name in {"--data-binary", "--json"} else _one_line(stdin)
        else:
            call.files.append(value[1:])
            return
    call.data.append(value)


def _one_line(text: str) -> str:
    return text.replace("\r", "").replace("\n", "")


# --- HTTPie -----------------------------------------------------------------------------------


def _httpie(tool: str, words: list[str]) -> _Call:
    call = _Call(json=True)
    fields: dict[str, Json] = {}
    form, at, plain = False, 0, []
    while at < len(words):
        word, at = words[at], at + 1
        name, equals, value = word.partition("=") if word.startswith("--") else (word, "", "")
        if not word.startswith("-") or word == "-":
            plain.append(word)
            continue
        if name in _HTTPIE_TAKE and not equals:
            value = words[at] if at < len(words) else ""
            at += 1
        form = form or name in {"-f", "--form", "--multipart"}
        if name == "--raw":
            call.data.append(value)
        elif name in {"-a", "--auth"}:
            _credential(call, "-u" if ":" in value else "--oauth2-bearer", value)
    if plain and plain[0].isalpha() and plain[0].isupper():
        call.method = plain.pop(0)
    if plain:
        call.urls.append(_full(plain.pop(0), tool))
    for item in plain:
        _item(call, item, fields)
    _fields(call, fields, form=form)
    return call


def _full(url: str, tool: str) -> str:
    if "://" in url:
        return url
    host = f"localhost{url}" if url.startswith(":") else url
    return f"{'https' if tool in {'https', 'xhs'} else 'http'}://{host}"


def _item(call: _Call, item: str, fields: dict[str, Json]) -> None:
    """`name:value` a header, `==` the query, `=` a text, `:=` JSON, `@` a file."""
    places = [(item.find(mark), -len(mark), mark) for mark in (":=", "==", "=@", "=", ":", "@")]
    found = min((place for place in places if place[0] > 0), default=None)
    if found is None:
        return
    place, _, mark = found
    name, value = item[:place], item[place + len(mark) :]
    if mark == ":=":
        fields[name] = value if value.startswith("@") else _json(value)
    elif mark == "=":
        fields[name] = value
    elif mark == ":":
        call.headers.append((name, value))
    elif mark == "==":
        call.query.append(urlencode({name: value}, errors="replace"))
    else:
        call.files.append(value)


def _json(text: str) -> Json:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return decoded(text)


def _fields(call: _Call, fields: dict[str, Json], *, form: bool) -> None:
    if fields and form:
        call.json = False
        call.data.append(urlencode({k: str(v) for k, v in fields.items()}, errors="replace"))
    elif fields:
        call.data.append(json.dumps(fields, ensure_ascii=False))
    call.json = call.json and bool(call.data)


# --- the request ------------------------------------------------------------------------------


def _drafts(call: _Call) -> list[Draft]:
    body = None if call.get else _body(call)
    query = [*call.query, *(call.data if call.get else ())]
    headers = _headers(call, body)
    note = _NOT_KNOWN.format(files=", ".join(call.files[:3])) if call.files else ""
    return [
        Draft(
            method=_method(call, sent=body is not None or bool(call.files)),
            url=_with_query(_address(url), query),
            headers=headers,
            body=body,
            note=note,
        )
        for url in call.urls
        if url
    ]


def _method(call: _Call, *, sent: bool) -> str:
    if call.method:
        return call.method
    if call.head:
        return "HEAD"
    if call.upload:
        return "PUT"
    return "POST" if sent and not call.get else "GET"


def _address(url: str) -> str:
    return url if "://" in url[:9] or url.startswith(("$", "/", "{", "<", "%")) else f"http://{url}"


def _with_query(url: str, query: list[str]) -> str:
    if not query:
        return url
    head, mark, fragment = url.partition("#")
    joined = "&".join(part.removeprefix("+") for part in query)
    return f"{head}{'&' if '?' in head else '?'}{joined}{mark}{fragment}"


def _body(call: _Call) -> bytes | None:
    if call.data:
        text = ("" if call.json else "&").join(call.data)
        if text.startswith('{\\"'):  # as Windows needs its quotes
            plain = text.replace('\\"', '"')
            text = plain if isinstance(_json(plain), dict) else text
        return text.encode("utf-8", "surrogateescape")
    return _multipart(call) if call.parts else None


def _multipart(call: _Call) -> bytes:
    lines = []
    for name, value in call.parts:
        if value[:1] in {"@", "<"}:
            path = value[1:].partition(";")[0]
            call.files.append(path)
            file_name = path.replace("\\", "/").rpartition("/")[2]
            lines.append(
                f'Content-Disposition: form-data; name="{name}"; filename="{file_name}"\r\n\r\n'
            )
        else:
            lines.append(f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}')
    text = "".join(f"--{_BOUNDARY}\r\n{line}\r\n" for line in lines) + f"--{_BOUNDARY}--\r\n"
    return text.encode("utf-8", "surrogateescape")


def _headers(call: _Call, body: bytes | None) -> Headers:
    """As given, with the content type that the tool would add by itself."""
    headers = list(call.headers)
    if body is None or any(name.lower() == "content-type" for name, _ in headers):
        return tuple(headers)
    kind = FORM
    if call.parts and not call.data:
        kind = f"multipart/form-data; boundary={_BOUNDARY}"
    elif call.json:
        kind = "application/json"
    return (*headers, ("Content-Type", kind))
