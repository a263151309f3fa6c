"""Which addresses in a text say where somebody is: IPs, host names, telephone numbers?

Hosts of URLs stay (whoever helps has to know what was called), and so do loopback, documentation
ranges, versions that look like an IP, and public addresses that nobody calls a client's.
"""

import re
from collections.abc import Iterator
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from diagnostics.redaction.ledger import Clean
from diagnostics.redaction.names import Place
from diagnostics.redaction.survey import found_at, replaced, survey

MAYBE = re.compile(r"\d\.\d{1,3}\.\d{1,3}\.\d|[0-9a-fA-F]{3,4}:[0-9a-fA-F:]{2}|-\d{1,3}-\d{1,3}-\d")
"""What every address that is looked for here has in it."""
_IPV4 = re.compile(r"(?<![\w.\-/@%])(?:\d{1,3}\.){3}\d{1,3}(?![\w%]|\.\d|-\w)")
_IPV6 = re.compile(
    r"(?<![\w:.\-/@])(?<![\w/@]\[)[23fF][0-9a-fA-F]{2,3}(?::[0-9a-fA-F]{0,4}){2,7}(?![\w:])"
)
_NEAR = 40
_VERSION = re.compile(
    r"(?i)(?:(?:version|release|build|revision|\bver|tag|update)\W{0,4}(?:\w{1,8}\W{1,3})?|\bv)$"
)
_CLIENT = re.compile(
    r"(?i)(?:\b(?:from|via|client|user|my|our|egress|outbound|source|src|forwarded|caller|visitor|peer"
    r"|whitelist|allow-?list|home|office|local|private|remoteaddr)"
    r"[\w\- ]{0,16}\W{0,6}|\bfor=\W{0,3})$"
)
_FULL_OCTETS = 20
"""`1.2.3.4` and `10.15.7.1` may be versions; an octet above this hardly is."""
_DOCUMENTED = tuple(
    (int(IPv4Address(first)), int(IPv4Address(last)))
    for first, last in (
        ("192.0.2.0", "192.0.2.255"),
        ("198.51.100.0", "198.51.100.255"),
        ("203.0.113.0", "203.0.113.255"),
        ("127.0.0.0", "127.255.255.255"),
        ("0.0.0.0", "0.255.255.255"),  # noqa: S104  # a range to leave alone
        ("224.0.0.0", "255.255.255.255"),
    )
)
_HOST = re.compile(
    r"(?i)(?<![\w.\-/@])(?:"
    r"(?:[a-z][a-z0-9]{0,15}-){1,3}(?:\d{1,3}-){3}\d{1,3}(?:\.[a-z][\w\-]{0,62}){0,6}"
    r"|(?:desktop|laptop)-[a-z0-9]{6,8}"
    r"|[a-z0-9\-]{0,40}(?:macbook|imac|laptop|desktop)[a-z0-9\-]{0,40}\.(?:local|lan|home)"
    r"|(?=[a-z0-9\-.]{0,80}[0-9\-])[a-z0-9][a-z0-9\-]{1,62}(?:\.[a-z0-9\-]{1,62}){0,4}"
    r"\.(?:lan|corp|intranet|localdomain|home\.arpa)"
    r")(?![\w\-])"
)
_NAME_MOST = 200
_HOST_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-"
_PHONE = re.compile(
    r"(?<![\w+.\-/=%])(?:\+[1-9]\d{0,2}[ \-.(]{0,2}\(?|8 ?\(|\()\d{2,4}\)?[ \-.]{0,2}\d{2,4}"
    r"(?:[ \-.]{0,2}\d{2,4}){1,3}(?![\w.\-]\d|\w)"
)
_PHONE_DIGITS = range(10, 16)


def addresses(clean: Clean, text: str, place: Place) -> str:
    """The text without telephone numbers, clients' addresses and names of their machines."""
    seen = survey(text)
    if seen.has_phone:
        text = _PHONE.sub(lambda found: _phone(clean, found, place), text)
    if seen.has_address:
        text = _IPV4.sub(lambda found: _ipv4(clean, found, place), text)
        text = _IPV6.sub(lambda found: _ipv6(clean, found, place), text)
    if seen.has_host:
        found = found_at(_HOST, text, _hosts(text))
        text = replaced(text, found, lambda one: _hide(clean, one[0], "hostname", place))
    return text


def _hosts(text: str) -> Iterator[int]:
    """Where names begin in which a hint stands."""
    seen = survey(text)
    for at in (*seen.machines(), *seen.places((b"desktop-", b"laptop-", b"macbook", b"imac"))):
        before = text[max(0, at - _NAME_MOST) : at]
        yield at - len(before) + len(before.rstrip(_HOST_CHARACTERS))


def is_private_address(value: str) -> bool:
    """Whether a whole value is an address that nobody outside may learn."""
    try:
        address = IPv4Address(value) if "." in value else IPv6Address(value)
    except AddressValueError:
        return False
    return address.is_private and not address.is_loopback and not _is_documented(address)


def _hide(clean: Clean, value: str, kind: str, place: Place) -> str:
    return clean.ledger.hide(value, kind=kind, rule=kind, place=place)


def _phone(clean: Clean, found: re.Match[str], place: Place) -> str:
    if sum(map(str.isdigit, found[0])) not in _PHONE_DIGITS:
        return found[0]
    return _hide(clean, found[0], "phone", place)


def _ipv4(clean: Clean, found: re.Match[str], place: Place) -> str:
    try:
        address = IPv4Address(found[0])
    except AddressValueError:
        return found[0]
    before = found.string[max(0, found.start() - _NEAR) : found.start()]
    if _is_documented(address) or _VERSION.search(before):
        return found[0]
    if found[0] in clean.ledger.hosts and not clean.hides_hosts:
        return found[0]
    called = _CLIENT.search(before) is not None
    small = max(address.packed) <= _FULL_OCTETS and address.packed[0] != 10  # noqa: PLR2004  # the private 10/8
    if called or (address.is_private and not small):
        return _hide(clean, found[0], "client-address", place)
    return found[0]


def _ipv6(clean: Clean, found: re.Match[str], place: Place) -> str:
    try:
        address = IPv6Address(found[0])
    except AddressValueError:
        return found[0]
    before = found.string[max(0, found.start() - _NEAR) : found.start()]
    if _is_documented(address) or not (address.is_private or _CLIENT.search(before)):
        return found[0]
    return _hide(clean, found[0], "client-address", place)


def _is_documented(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv6Address):
        return int(address) >> 96 == 0x20010DB8 or address.is_loopback  # noqa: PLR2004  # 2001:db8::/32
    return any(first <= int(address) <= last for first, last in _DOCUMENTED)
