"""Does a name (a JSON key, a header, a query parameter, a variable) promise a secret value?

Names are split into words, so that `max_tokens`, `author` and `keyframe` stay what they are.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache


class Strength(StrEnum):
    """How far a name alone is to be believed."""

    SURE = "sure"
    """Any value goes, short and plain ones too."""
    LIKELY = "likely"
    """A value goes unless it is short, a plain word or a path."""
    MAYBE = "maybe"
    """Only a value that looks random, and not like an id, goes."""
    IDENTITY = "identity"
    """Not a secret, but personal to the account: the first characters stay."""


class Place(StrEnum):
    """Where a name and its value stand; also the kind of place that a removal is counted under."""

    HEADER = "header"
    QUERY = "query"
    FORM = "form"
    COOKIE = "cookie"
    JSON = "json"
    TEXT = "text"
    URL = "url"
    FILE_NAME = "file-name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicion:
    """What a name promises."""

    kind: str
    strength: Strength


_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")

_RUN_TOGETHER = {
    "apikey": "api key", "apikeys": "api keys", "xapikey": "api key", "apisecret": "api secret",
    "apitoken": "api token", "authkey": "auth key", "authtoken": "auth token", "appkey": "app key",
    "appsecret": "app secret", "accesskey": "access key", "accesstoken": "access token",
    "accesskeyid": "access key id", "awsaccesskeyid": "access key id",
    "ossaccesskeyid": "access key id", "googleaccessid": "access key id",
    "secretkey": "secret key", "secretaccesskey": "secret access key", "clientid": "client id",
    "clientsecret": "client secret", "refreshtoken": "refresh token", "idtoken": "id token",
    "bearertoken": "bearer token", "sessiontoken": "session token", "csrftoken": "csrf token",
    "xsrftoken": "xsrf token", "privatekey": "private key", "signingkey": "signing key",
    "webhooksecret": "webhook secret", "usersig": "user sig", "txsecret": "tx secret",
    "wssecret": "ws secret", "passwd": "password", "pwd": "password", "passphrase": "password",
    "passcode": "password",  "userpass": "password", "xsrf": "csrf",
    "subscriptionkey": "subscription key", "pgpassword": "password", "mysqlpwd": "password",
    "phpsessid": "session cookie", "jsessionid": "session cookie", "connectsid": "session cookie",
    "authorisation": "authorization", "csrfmiddlewaretoken": "csrf token",
}  # fmt: skip

_SAFE = frozenset({
    "idempotency key", "x idempotency key", "sec websocket key", "public key", "primary key",
    "foreign key", "sort key", "partition key", "cache key", "surrogate key", "unique key",
    "hot key", "key frame", "key frames", "translation key", "publishable key",
    "session id", "token type", "signature version", "signature method",
    "authentication method", "auth type", "auth method", "secret name", "password policy",
    "answer key", "map key", "group key", "object key", "content key", "token id",
    "page token", "next page token", "next token", "continuation token", "cancellation token",
    "signed headers", "x amz signed headers", "x goog signed headers", "color key", "chroma key",
    "auth headers", "auth header", "api key name", "file key", "storage key", "routing key",
    "access control allow credentials", "accept signature", "sec token binding",
})  # fmt: skip

_SURE_ANYWHERE = {
    "password": "password", "secret": "secret", "secrets": "secret", "jwt": "jwt",
    "csrf": "csrf-token", "authorization": "authorization", "cookie": "cookie",
    "cookies": "cookie", "bearer": "token", "hmac": "signature", "signature": "signature",
    "credential": "credential", "credentials": "credential",
}  # fmt: skip

NAMING = (
    *(b"token", b"secret", b"pass", b"pwd", b"key", b"auth", b"sig", b"credential", b"cookie"),
    *(b"sess", b"sid", b"jwt", b"bearer", b"srf", b"hmac", b"phone", b"mobile", b"forwarded"),
    *(b"real", b"client", b"connecting"),
)
"""A name without any of these promises nothing in free text."""
CONTENT = (
    *(b"prompt", b"script", b"text", b"caption", b"lyric", b"narration", b"subtitle"),
    *(b"storyboard", b"dialog", b"instruction", b"voice"),
)
"""The same for somebody's own words."""
_HAS_A_PASSWORD = frozenset({"user", "db", "smtp", "ftp", "proxy", "admin", "root", "login"})
"""A bare `pass` is a verdict."""
_WORDS_OF_PROSE = frozenset({"credential", "credentials", "signature", "secrets", "jwt", "hmac"})

_QUALIFIES_KEY = frozenset(
    [
        "api",
        "access",
        "secret",
        "private",
        "auth",
        "encryption",
        "encrypt",
        "signing",
        "subscription",
        "license",
        "account",
        "master",
        "webhook",
        "admin",
        "app",
        "shared",
        "service",
        "functions",
        "client",
        "akool",
        "heygen",
        "openai",
        "replicate",
        "goog",
        "google",
        "azure",
        "aws",
        "gcp",
        "stripe",
        "anthropic",
        "gemini",
        "elevenlabs",
        "fal",
        "hf",
        "deploy",
        "user",
        "consumer",
        "decryption",
        "aes",
        "project",
        "server",
    ]
)
_TOKEN_IS_NOT_ONE = frozenset(
    [
        "get",
        "create",
        "fetch",
        "page",
        "next",
        "eos",
        "bos",
        "pad",
        "unk",
        "stop",
        "mask",
        "per",
        "each",
        "start",
        "end",
        "last",
        "first",
        "sync",
        "cancellation",
        "continuation",
        "max",
        "min",
        "cost",
        "time",
    ]
)
_SAYS_ABOUT = frozenset(
    [
        "count",
        "counts",
        "limit",
        "limits",
        "type",
        "valid",
        "expires",
        "expiry",
        "expired",
        "ttl",
        "length",
        "len",
        "at",
        "in",
        "url",
        "uri",
        "usage",
        "name",
        "names",
        "id",
        "ids",
        "policy",
        "version",
        "path",
        "file",
        "header",
        "headers",
        "method",
        "status",
        "state",
        "algorithm",
        "alg",
        "hint",
        "error",
        "message",
        "required",
        "enabled",
        "disabled",
        "present",
        "missing",
        "used",
        "left",
        "remaining",
        "index",
        "format",
        "rule",
        "rules",
        "kind",
        "scheme",
        "prefix",
        "location",
        "source",
        "origin",
        "rotation",
        "days",
        "date",
        "created",
        "updated",
        "env",
        "problems",
        "facts",
        "age",
        "max",
        "min",
        "size",
    ]
)
_PERSONAL = {
    "phone": "phone", "mobile": "phone", "telephone": "phone", "phone number": "phone",
    "forwarded for": "client-address", "real ip": "client-address",
    "client ip": "client-address", "connecting ip": "client-address",
}  # fmt: skip
PERSONAL_KINDS = frozenset(_PERSONAL.values())
_CONTENT = frozenset({
    "prompt", "prompts", "negative prompt", "input text", "script", "script text", "caption",
    "captions", "lyrics", "narration", "transcript", "transcription", "voice text", "user prompt",
    "system prompt", "subtitle", "subtitles", "storyboard", "scene text", "dialogue", "dialog",
    "revised prompt", "enhanced prompt", "promptextend", "text prompt", "prompt text",
    "instructions", "script content", "voiceover", "voice over",
})  # fmt: skip
"""Names of what somebody wrote to be spoken or shown; never a name of our own reports."""
_ORGANISATION = frozenset({
    "openai organization", "openai project", "organization", "organization id", "org id",
    "open ai organization", "open ai project", "project id", "x goog user project",
})  # fmt: skip

_QUERY_SURE = {
    "key pair id": "key-id", "access key id": "key-id", "x amz credential": "key-id",
    "x goog credential": "key-id", "x oss credential": "key-id", "token": "token",
    "google access id": "key-id", "hdnts": "signature", "hdnea": "signature", "hdntl": "signature",
    "q ak": "key-id",
}  # fmt: skip
_QUERY_LIKELY = {
    "key": "url-key", "sig": "signature", "sign": "signature", "policy": "signature",
    "auth": "token", "upsig": "signature", "verify": "signature", "st": "token", "sid": "token",
    "session": "token", "ticket": "token", "q sign": "signature",
}  # fmt: skip
_QUERY_MAYBE = {
    "code": "oauth-code", "state": "oauth-state", "nonce": "nonce", "t": "token", "k": "url-key",
    "hash": "signature", "md 5": "signature", "s": "signature", "h": "signature", "otp": "token",
    "secure": "signature", "hdr": "signature",
}  # fmt: skip
WHEN_SIGNED = frozenset({"hash", "md 5", "s", "h", "st", "secure", "token", "sign", "auth"})
"""Short names that are signatures when an expiry stands beside them."""


def words(name: str) -> tuple[str, ...]:
    """The lower-case words of a name in any convention: `X-Api-Key`, `apiKey`, `APIKEY`."""
    found: list[str] = []
    for word in _WORD.findall(name[:200]):
        lower = word.lower()
        found += _RUN_TOGETHER.get(lower, lower).split()
    joined = "".join(found)
    return tuple(_RUN_TOGETHER[joined].split()) if joined in _RUN_TOGETHER else tuple(found)


@lru_cache(maxsize=8192)
def suspect(name: str, place: Place = Place.JSON) -> Suspicion | None:
    """What the name promises at that place, or None."""
    parts = words(name)
    joined = " ".join(parts)
    if not parts or joined in _SAFE or " ".join(parts[-2:]) in _SAFE:
        return None
    if joined == "client id":
        return Suspicion(kind="client-id", strength=Strength.IDENTITY)
    if joined in _ORGANISATION and place is Place.HEADER:
        return Suspicion(kind="organisation", strength=Strength.SURE)
    return _personal(joined, place) or _in_url(joined, place) or _in_words(parts, place)


def _personal(joined: str, place: Place) -> Suspicion | None:
    for ending, kind in _PERSONAL.items():
        if joined == ending or (place is Place.HEADER and joined.endswith(" " + ending)):
            return Suspicion(kind=kind, strength=Strength.SURE)
    return None


@lru_cache(maxsize=8192)
def is_content(name: str) -> bool:
    """Whether what stands under the name is somebody's own words: a prompt, a script."""
    return " ".join(words(name)) in _CONTENT


@lru_cache(maxsize=8192)
def is_version(name: str) -> bool:
    """Whether a version stands under the name, which may look like an address."""
    return (words(name) or ("",))[-1] in {"version", "release", "build", "revision", "ver"}


def _in_url(joined: str, place: Place) -> Suspicion | None:
    if place not in {Place.QUERY, Place.FORM}:
        return None
    if joined in _QUERY_SURE:
        return Suspicion(kind=_QUERY_SURE[joined], strength=Strength.SURE)
    if joined in _QUERY_LIKELY:
        return Suspicion(kind=_QUERY_LIKELY[joined], strength=Strength.LIKELY)
    if joined in _QUERY_MAYBE:
        return Suspicion(kind=_QUERY_MAYBE[joined], strength=Strength.MAYBE)
    return None


def _in_words(parts: tuple[str, ...], place: Place) -> Suspicion | None:
    last = parts[-1]
    if last in _SAYS_ABOUT and parts[-2:] not in {("secret", "id"), ("key", "id")}:
        return None
    for word in parts:
        if word in _SURE_ANYWHERE:
            prose = place is Place.TEXT and len(parts) == 1 and word in _WORDS_OF_PROSE
            strength = Strength.MAYBE if prose else Strength.SURE
            return Suspicion(kind=_SURE_ANYWHERE[word], strength=strength)
    return _by_last_word(parts, place)


def _by_last_word(parts: tuple[str, ...], place: Place) -> Suspicion | None:
    last, before = parts[-1], parts[-2] if len(parts) > 1 else ""
    if last == "token" or (last in {"value", "raw"} and before == "token"):
        return None if before in _TOKEN_IS_NOT_ONE else _token(before, place)
    if last in {"key", "keys"}:
        sure = before in _QUALIFIES_KEY or (place is Place.HEADER and before != "")
        return Suspicion(kind="api-key", strength=Strength.SURE if sure else Strength.MAYBE)
    if last in {"sig", "sign", "auth", "session", "sid"}:
        sure = (place is Place.HEADER and last == "auth") or (last == "sig" and before != "")
        kind = "signature" if last in {"sig", "sign"} else "token"
        return Suspicion(kind=kind, strength=Strength.SURE if sure else Strength.MAYBE)
    return _by_two_words(before, last, parts)


def _by_two_words(before: str, last: str, parts: tuple[str, ...]) -> Suspicion | None:
    if last == "tokens" and before in {"access", "refresh", "auth", "api", "bearer"}:
        return Suspicion(kind="token", strength=Strength.SURE)
    if last == "pass" and before in _HAS_A_PASSWORD:
        return Suspicion(kind="password", strength=Strength.SURE)
    if parts[-3:] == ("access", "key", "id"):
        return Suspicion(kind="key-id", strength=Strength.SURE)
    return None


def _token(before: str, place: Place) -> Suspicion:
    """A bare `token` in prose is a word of the language; anywhere else it names a value."""
    prose = place is Place.TEXT and before == ""
    return Suspicion(kind="token", strength=Strength.MAYBE if prose else Strength.SURE)
