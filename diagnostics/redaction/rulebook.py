"""By which rules does the gate hide things, and what is an example of each, both ways?

Shapes and ways of standing in text are rules already; what names promise, where addresses hide
something and what is personal are tables, and each of their entries is an alternative of a rule.
"""

# ruff: noqa: SLF001  # the tables are read entry by entry

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from diagnostics.redaction import names, url
from diagnostics.redaction.pictures import RULES as PICTURE_RULES
from diagnostics.redaction.rules import SHAPES, Rule
from diagnostics.redaction.text_rules import TEXT_RULES

FIRST = "0.1.0"
KNOWN = "invented-akool-key-0001"
"""What the examples of known secrets take for registered."""
_VALUE = "Qz7Invent3dKey9xWv2Lp"
_NUMBER = "93.184.215.14"
_HOST = "https://cdn.lumen.io"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One rule. Positive: an alternative, a text, and what must be gone from it."""

    id: str
    kind: str
    positive: tuple[tuple[str, str, str], ...]
    negative: tuple[str, ...]
    """Texts that stay as they are: one for each alternative, or more."""
    since: str = FIRST
    changed: str = ""
    marks: str = ""

    @property
    def line(self) -> str:
        """What the version of all rules is made from."""
        return f"{self.id} {self.since} {self.changed}".rstrip()


@cache
def rulebook() -> tuple[Listed, ...]:
    """Every rule of the gate, those for pictures apart from which have pictures as examples."""
    in_text = (
        Listed(
            id=rule.id,
            kind="in-text",
            positive=tuple((rule.id, text, gone) for text, gone in rule.positive),
            negative=rule.negative,
            since=rule.since,
            changed=rule.changed,
        )
        for rule in TEXT_RULES
    )
    return (*map(_shape, SHAPES), *in_text, *_by_name(), *_in_addresses(), *_PERSONAL, *_OTHERS)


def lines() -> tuple[str, ...]:
    """Each rule's name and age, never what it looks for in whose files."""
    return tuple(
        sorted([*(rule.line for rule in rulebook()), *(f"{r} {FIRST}" for r in PICTURE_RULES)])
    )


def _shape(rule: Rule) -> Listed:
    first = {
        alternative: next(one for one in rule.positive if rule.pattern_for(alternative).search(one))
        for alternative in rule.alternatives
    }
    return Listed(
        id=rule.id,
        kind=rule.kind,
        positive=tuple((name, f"see {one} there", one) for name, one in first.items()),
        negative=tuple(f"see {one} there" for one in rule.negative),
        since=rule.since,
        changed=rule.changed,
        marks=", ".join(needle for needle in rule.needles if needle.strip()),
    )


# --- what names promise -------------------------------------------------------------------------


def _by_name() -> Iterator[Listed]:
    """A rule for each kind of thing that a name promises; its entries are the alternatives."""
    found: dict[str, list[tuple[str, str, str]]] = {}
    for kind, name, text, spared in _entries():
        found.setdefault(kind, []).append((name, text, spared))
    for kind, rows in found.items():
        yield Listed(
            id=f"named-{kind}",
            kind=kind,
            positive=tuple(
                (name, text, _VALUE if _VALUE in text else _NUMBER) for name, text, _ in rows
            ),
            negative=tuple(spared for *_, spared in rows),
            marks=", ".join(name for name, *_ in rows),
        )


def _entries() -> Iterator[tuple[str, str, str, str]]:
    """Kind, entry, a text with its value, and one that only looks like it."""
    for name in (*names._SURE_ANYWHERE, *(f"{word} key" for word in sorted(names._QUALIFIES_KEY))):
        yield from _in_json(name)
    for name in (*names._RUN_TOGETHER, "access token", "refresh token", "db pass", "auth tokens"):
        yield from _in_json(name)
    jar = f'{{"cookies": {{"lang": "{_VALUE}"}}}}'
    yield "cookie", "any of a jar", jar, '{"cookies": {"path": "/video"}}'
    yield from _in_json("client id")
    for name in names._PERSONAL:
        yield from _in_json(name, _NUMBER)
    for name in sorted(names._ORGANISATION):
        shown = name.replace(" ", "-")
        yield "organisation", name, _header(shown, _VALUE), _header(f"{shown}-count", "1")
    tables = (names._QUERY_SURE, names._QUERY_LIKELY, names._QUERY_MAYBE)
    for name, kind in ((name, kind) for table in tables for name, kind in table.items()):
        shown = name.replace("md 5", "md5").replace(" ", "-")
        text = f"{_HOST}/v.mp4?{shown}={_VALUE}"
        yield kind, f"?{shown}=", text, f"{_HOST}/v.mp4?{shown}-count=12"


def _in_json(name: str, value: str = _VALUE) -> Iterator[tuple[str, str, str, str]]:
    shown = name.replace(" ", "_")
    suspicion = names.suspect(shown)
    if suspicion is not None and suspicion.strength is not names.Strength.MAYBE:
        text = f'{{"{shown}": "{value}"}}'
        yield suspicion.kind, name, text, f'{{"{shown}": "${shown.upper()}"}}'


def _header(name: str, value: str) -> str:
    return f'{{"headers": [{{"name": "{name}", "value": "{value}"}}]}}'


# --- where addresses hide something -------------------------------------------------------------


def _in_addresses() -> Iterator[Listed]:
    words = sorted(url.AFTER_WORD)
    yield Listed(
        id="url-path",
        kind="url-path",
        positive=tuple((word, f"{_HOST}/{word}/{_VALUE}", _VALUE) for word in words),
        negative=tuple(f"{_HOST}/{word}/2026/clip.mp4" for word in words),
        marks=", ".join(words),
    )
    hosts = sorted(url._WEBHOOK_HOSTS)
    yield Listed(
        id="webhook-path",
        kind="webhook-path",
        positive=tuple(
            (host, f"https://{host}/api/webhooks/{_VALUE}/x{_VALUE}", _VALUE) for host in hosts
        ),
        negative=tuple(f"see https://{host}/ for more" for host in hosts),
        marks=", ".join(hosts),
    )
    signed = sorted({"md5" if name == "md 5" else name for name in names.WHEN_SIGNED})
    value = "abcdefabcdefabcdefabcdef"
    yield Listed(
        id="signed-url",
        kind="signature",
        positive=tuple(
            (name, f"{_HOST}/v.mp4?expires=1795248000&{name}={value}", value) for name in signed
        ),
        negative=tuple(f"{_HOST}/v.mp4?{name}-type={value}" for name in signed),
        marks=", ".join(signed),
    )
    login = f"invented:{_VALUE}"
    yield Listed(
        id="url-userinfo",
        kind="userinfo",
        positive=(
            ("login", f"https://{login}@cdn.lumen.io/", login),
            ("token", f"wss://{_VALUE}@cdn.lumen.io/", _VALUE),
        ),
        negative=(f"{_HOST}/@anna/video", "https://cdn.lumen.io:8080/"),
    )
    yield Listed(
        id="command-user",
        kind="userinfo",
        positive=(
            ("-u", f"curl -u {login} {_HOST}", login),
            ("-a", f"http -A bearer -a {_VALUE} {_HOST}", _VALUE),
        ),
        negative=("sort -u a:b",),
    )


# --- who and where somebody is ------------------------------------------------------------------

_PERSONAL = (
    Listed(
        id="email",
        kind="email",
        positive=(("address", "mail from anna.petrova@studio-lumen.ru", "anna.petrova"),),
        negative=("mail support@heygen.com", "ada@example.com", "icon@2x.png"),
    ),
    Listed(
        id="phone",
        kind="phone",
        positive=(
            ("+", "call +44 20 7946 0958", "7946 0958"),
            ("8 (", "звоните 8 (495) 123-45-67", "123-45-67"),
            ("(", "call (202) 555-0143 then", "555-0143"),
        ),
        negative=("1763640067123456", "2026-11-20 12:00:00", "+100", "f(123)"),
    ),
    Listed(
        id="client-address",
        kind="client-address",
        positive=(
            ("IPv4, private", "host 10.20.30.40", "10.20.30.40"),
            ("IPv4, a client's", "from 93.184.215.14", "93.184.215.14"),
            ("IPv6, private", "host fd12:3456::1", "fd12:3456::1"),
            ("IPv6, a client's", "from 2a00:1450:4010::65", "2a00:1450:4010::65"),
        ),
        negative=("version 1.2.3.4", "at 127.0.0.1", "at 192.0.2.7", "on ::1", "at 104.18.2.3"),
    ),
    Listed(
        id="hostname",
        kind="hostname",
        positive=(
            ("numbered", "on dhcp-10-0-0-5.lumen.io", "dhcp-10-0-0-5"),
            ("Windows", "on DESKTOP-AB12CD3 now", "DESKTOP-AB12CD3"),
            ("Apple", "on annas-macbook-pro.local", "annas-macbook-pro"),
            ("inner", "on nas-01.lan", "nas-01"),
        ),
        negative=("api.heygen.com", "on 2026-11-20", "a.lan(b)"),
    ),
    Listed(
        id="hardware-address",
        kind="hardware-address",
        positive=(
            ("colons", "eth0 3c:22:fb:a1:b2:c3 up", "3c:22:fb"),
            ("dashes", "is 3C-22-FB-A1-B2-C3", "3C-22-FB"),
        ),
        negative=("12:30:45", "65a0b1c2d3e4f5a6b7c8d9e0"),
    ),
    Listed(
        id="home-folder",
        kind="home-folder",
        positive=(
            ("/home/", 'File "/home/mkovalev/run.py"', "mkovalev"),
            ("/Users/", "at /Users/mkovalev/run.js", "mkovalev"),
            ("Users", r"in C:\Users\mkovalev\run.py", "mkovalev"),
            ("~", "in ~mkovalev/run.py", "mkovalev"),
            ("OneDrive", r"in D:\OneDrive - Lumen Studio\a.py", "Lumen Studio"),
        ),
        negative=("/home/user/x", "https://akool.com/home/video", "~/x"),
    ),
)

_OTHERS = (
    Listed(
        id="exact",
        kind="known-secret",
        positive=(("as it is", f"sent {KNOWN} there", KNOWN),),
        negative=("sent invented-akool there",),
        marks="secrets of this run, in every spelling",
    ),
    Listed(
        id="exact-masked",
        kind="known-secret",
        positive=(
            ("*", "key invent***0001", "invent***0001"),
            ("…", "key invent…0001", "invent…0001"),
        ),
        negative=("key other***9999",),
        marks="secrets of this run that are masked in their middle",
    ),
    Listed(
        id="named-digest",
        kind="digest",
        positive=tuple(
            (name, _header("Authorization", f"Digest {name}={_VALUE}"), _VALUE)
            for name in ("response", "nonce", "cnonce", "opaque", "username")
        ),
        negative=(_header("Authorization", "Digest qop=auth"),),
    ),
    Listed(
        id="content",
        kind="content",
        positive=(),
        negative=('{"prompt": "a fox"}',),
        marks="prompts and scripts, when that is asked for",
    ),
)
