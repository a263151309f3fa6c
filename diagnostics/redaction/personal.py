"""What in a text tells who and where somebody is: folders, e-mail, this machine's name?"""

import getpass
import platform
import re
from collections.abc import Callable, Iterator
from functools import lru_cache

from diagnostics.redaction.addresses import addresses
from diagnostics.redaction.ledger import Clean
from diagnostics.redaction.names import Place
from diagnostics.redaction.survey import replaced, survey

_HOME = re.compile(
    r"((?<![\w./\-])(?:file:/{0,2})?/(?:home|Users)/|(?<![A-Za-z])[A-Za-z]:(?:\\{1,4}|/)Users(?:\\{1,4}|/))"
    r"([^/\\\s\"'<>:;,)\]]{1,64})"
)
_NEXT_HOME = re.compile(r"(?<=/<user>)(?:/(?:home|Users)/[^/\\\s\"'<>:;,)\]]{1,64})+")
_OWNER = re.compile(r"(/(?:home|Users)/)([^/]+)")
"""Home folders that follow one another without a gap, as in glued paths."""
_EVERYBODY = frozenset(
    {"shared", "public", "default", "all", "runner", "user", "username", "you", "name"}
)
_MAIL = re.compile(
    r"(?<![\w.+%\-])([\w.+%\-]{1,64}+)@((?:[A-Za-z0-9\-]{1,63}\.){1,6}[A-Za-z]{2,24})(?![\w\-])"
)
_LOCAL_PART = re.compile(r"[\w.+%\-]{0,66}\Z")
_MAIL_MOST = 66
_ROLES = frozenset(
    [
        "support",
        "help",
        "info",
        "sales",
        "billing",
        "security",
        "hello",
        "contact",
        "noreply",
        "no-reply",
        "team",
        "api",
        "press",
        "privacy",
        "legal",
        "abuse",
        "admin",
        "postmaster",
        "webmaster",
        "git",
        "service",
        "feedback",
        "developers",
    ]
)
_EXAMPLES = ("example.com", "example.org", "example.net", ".test", ".invalid", ".example", ".local")
_FILES = frozenset(
    {"png", "jpg", "jpeg", "webp", "gif", "mp4", "mp3", "wav", "svg", "js", "css", "py"}
)
_TILDE = re.compile(r"(?<![\w/~.\-])~([A-Za-z_][\w\-]{2,31})(?=[/\\])")
_ONE_DRIVE = re.compile(
    r"(OneDrive(?: |%20){0,2}-(?: |%20){0,2})((?:[^/\\\"'\r\n<>%&]|%20){1,200})"
)
_HARDWARE = re.compile(
    r"(?<![\w:\-])(?:[0-9A-Fa-f]{2}([:\-]))(?:[0-9A-Fa-f]{2}\1){4}[0-9A-Fa-f]{2}(?![\w:\-])"
)
_DULL = frozenset(
    [
        "root",
        "user",
        "admin",
        "ubuntu",
        "debian",
        "runner",
        "docker",
        "vagrant",
        "localhost",
        "main",
        "server",
        "default",
        "build",
        "test",
        "akool",
        "heygen",
        "openai",
        "replicate",
        "video",
        "media",
        "emulator",
        "host",
        "machine",
    ]
)
_NAME_LEAST = 4


@lru_cache(maxsize=1)
def this_machine(user_name: Callable[[], str] = getpass.getuser) -> tuple[str, str]:
    """User and host name of this machine; empty where they would say nothing or hit by chance."""
    try:
        user = user_name()
    except (KeyError, OSError, ImportError):
        user = ""
    host = platform.node()
    telling = len(host) >= _NAME_LEAST and any(c.isdigit() or c in "-." for c in host)
    return _unless_dull(user), host if telling and host.lower() not in _DULL else ""


def _unless_dull(name: str) -> str:
    return "" if len(name) < _NAME_LEAST or name.lower() in _DULL else name


def personal(clean: Clean, text: str, place: Place, machine: tuple[str, str]) -> str:
    """The text without home folders' owners, e-mail addresses, hardware addresses, this host."""

    def home(found: re.Match[str]) -> str:
        if found[2].lower() in _EVERYBODY or found[2].startswith(("&lt;", "%3C", "$", "{")):
            return found[0]
        clean.ledger.count("home-folder", place)
        return f"{found[1]}<user>"

    def mail(found: re.Match[str]) -> str:
        domain = found[2].lower()
        host, _, ending = domain.rpartition(".")
        known = domain.endswith(_EXAMPLES) or (ending in _FILES and "." not in host)
        if "%3C" in found[1] or "%3E" in found[1]:
            return found[0]  # a placeholder before the host of a URL
        if known or found[1].lower() in _ROLES:
            return found[0]
        return clean.ledger.hide(found[0], kind="email", rule="email", place=place)

    def hardware(found: re.Match[str]) -> str:
        return clean.ledger.hide(
            found[0], kind="hardware-address", rule="hardware-address", place=place
        )

    seen = survey(text)
    if "@" in text:
        text = replaced(text, _mails(text), mail)
    if seen.has(b"/home/", b"/users/", b"users\\"):
        text = _HOME.sub(home, text)
    if "/<user>/" in text:
        text = _NEXT_HOME.sub(lambda found: _OWNER.sub(home, found[0]), text)
    text = _folders(clean, text, place)
    text = addresses(clean, text, place)
    text = _HARDWARE.sub(hardware, text) if seen.has_hardware else text
    return _this_host(clean, text, place, machine)


def _mails(text: str) -> Iterator[re.Match[str]]:
    """Every e-mail address; looked for backwards from its sign."""
    done = 0
    at = text.find("@")
    while at >= 0:
        before = text[max(done, at - _MAIL_MOST) : at]
        start = at - len(_LOCAL_PART.search(before)[0])  # type: ignore[index]  # it matches nothing as well
        found = _MAIL.match(text, start) if start < at else None
        if found is not None:
            done = found.end()
            yield found
        at = text.find("@", at + 1)


def _folders(clean: Clean, text: str, place: Place) -> str:
    """`~name/` and the company that a synchronised folder is called after."""
    if "~" in text:
        text = _TILDE.sub(lambda found: _owner(clean, "~", found[1], place), text)
    if "OneDrive" in text:
        text = _ONE_DRIVE.sub(lambda found: _owner(clean, found[1], found[2], place), text)
    return text


def _owner(clean: Clean, head: str, name: str, place: Place) -> str:
    if name.lower() in _EVERYBODY:
        return head + name
    clean.ledger.count("home-folder", place)
    return f"{head}<user>"


def _this_host(clean: Clean, text: str, place: Place, machine: tuple[str, str]) -> str:
    _, host = machine
    if not host or host not in text:
        return text
    shown, count = re.subn(rf"(?<![\w\-]){re.escape(host)}(?![\w\-])", "<host>", text)
    for _ in range(count):
        clean.ledger.count("hostname", place)
    return shown
