"""What are the nouns? Frozen values, standard library only; imports nothing of ours."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Json = Any
"""A decoded JSON value: `Any`, since whoever reads a stranger's JSON has to check it anyway."""

Headers = tuple[tuple[str, str], ...]
"""Header fields in the order and case in which they travelled."""


class Verdict(StrEnum):
    """What a run or a scenario comes to. Silence is `INCONCLUSIVE`, never `PASS`."""

    PASS = "pass"  # noqa: S105  # a verdict, no password
    WARN = "warn"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


class Severity(StrEnum):
    """How much a finding weighs."""

    INFO = "info"
    WARN = "warn"
    FAIL = "fail"


class Blame(StrEnum):
    """Whose fault it is: the closed list of design section 4."""

    NONE = "none"
    PARAMETERS = "parameters"
    MEDIA = "media"
    CREDENTIALS = "credentials"
    ACCOUNT = "account"
    QUOTA = "quota"
    RATE_LIMIT = "rate-limit"
    NETWORK = "network"
    ENDPOINT = "endpoint"
    CONTENT_POLICY = "content-policy"
    PROVIDER = "provider"
    CLIENT = "client"
    DELIVERY = "delivery"
    UNDECIDED = "undecided"


class Retry(StrEnum):
    """When a call that met an error may be sent again."""

    NEVER = "never"
    BACKOFF = "backoff"
    AFTER_RESET = "after-reset"
    AFTER_FIX = "after-fix"


class Certainty(StrEnum):
    """How sure a fact about a provider is."""

    DOCUMENTED = "documented"
    OBSERVED = "observed"
    INFERRED = "inferred"


LANGUAGES = ("en", "ru")


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One sentence in both languages. May hold `{name}` places filled by `fill`."""

    en: str
    ru: str

    def in_language(self, language: str) -> str:
        """The sentence in `language`; English when we do not speak it."""
        return self.ru if language == "ru" else self.en

    def fill(self, language: str, facts: Mapping[str, object]) -> str:
        """Put the facts into their places; a missing fact shows as `?`, never raises."""
        return self.in_language(language).format_map(_Facts(facts))


class _Facts(dict[str, object]):
    """Facts for `str.format_map` that never raise: a fact nobody knows reads as `?`."""

    def __missing__(self, key: str) -> str:
        return "?"


class Purpose(StrEnum):
    """Why a request is made; decides credentials, retries and what is kept of the body."""

    CALL = "call"  # an operation of the contract: credentials go along, errors may be retried
    PROBE = "probe"  # does it answer? One attempt, no retry; credentials only if `authenticated`
    MEDIA = "media"  # fetch an input or result file: no credentials, the body becomes facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a scenario asks. Never holds a key: drivers add credentials after it is built.

    `wait_s` is how long the driver waits before it sends this (polls); `credits` is the price the
    contract gives (None: free, or paid at a price nobody documents: see `spends`).
    """

    method: str
    url: str
    headers: Headers = ()
    body: bytes = b""
    operation: str | None = None
    purpose: Purpose = Purpose.CALL
    authenticated: bool = True
    spends: bool = False
    credits: float | None = None
    wait_s: float = 0.0
    label: str = ""  # what it stands for in the scenario's own words (an alias set, a parameter)
    provider: str = ""  # whom it is for; empty: the provider of the case


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaFacts:
    """What a media file really is, from its bytes. None: not known, or does not apply."""

    container: str  # jpeg, png, mp3, mp4 …, html, json, xml, pdf, text, empty or unknown
    size_bytes: int
    sha256: str = ""
    complete: bool = True  # False: only the first bytes were examined
    width: int | None = None
    height: int | None = None
    duration_s: float | None = None
    fps: float | None = None
    video_codec: str | None = None
    audio_codec: str | None = None
    has_audio: bool | None = None
    animated: bool | None = None
    problem: str | None = None  # why the bytes cannot be decoded


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """An HTTP answer whose body arrived whole (decoded of its content encoding).

    For `Purpose.MEDIA` the body is replaced by `media`; `size_bytes` is what arrived.
    """

    status: int
    headers: Headers = ()
    body: bytes = b""
    reason: str = ""
    http_version: str = "HTTP/1.1"
    media: MediaFacts | None = None
    size_bytes: int = 0
    truncated: bool = False  # we stopped reading at our own limit
    chunks: tuple[tuple[float, int], ...] = ()
    """Of a stream: when each part came (seconds after the head) and how many bytes it had."""

    def header(self, name: str) -> str | None:
        """First header of that name, whatever its case."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)


class FaultKind(StrEnum):
    """How an exchange failed without a whole HTTP answer."""

    BAD_REQUEST = "bad-request"  # it could not be put on the wire (an illegal header value)
    DNS = "dns"
    REFUSED = "refused"
    CONNECT_TIMEOUT = "connect-timeout"
    CONNECT = "connect"
    TLS = "tls"
    PROXY = "proxy"
    WRITE = "write"
    READ_TIMEOUT = "read-timeout"
    RESET = "reset"
    CUT_BODY = "cut-body"
    PROTOCOL = "protocol"  # what came back is not HTTP, or cannot be decoded
    REDIRECTS = "redirects"
    LOCAL = "local"  # this machine could not do its part: disk full, out of memory


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """No whole answer. `may_have_arrived`: the other side may have done the work."""

    kind: FaultKind
    message: str
    may_have_arrived: bool = False
    status: int | None = None  # of an answer whose body was cut
    headers: Headers = ()
    body: bytes = b""  # what had arrived when it was cut


class UnsentReason(StrEnum):
    """Why a request never left."""

    DRY = "dry"
    NO_BUDGET = "no-budget"
    OVER_BUDGET = "over-budget"
    EARLIER_FAILURE = "earlier-failure"
    NOT_RECORDED = "not-recorded"
    FOREIGN_HOST = "foreign-host"  # a load would have gone to a host that nobody named


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsent:
    """The request was built and kept back."""

    reason: UnsentReason
    message: str = ""


Answer = Response | Fault | Unsent


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """How the bytes travelled: seconds per phase, and the peer. None where not measured."""

    dns_s: float | None = None
    connect_s: float | None = None
    tls_s: float | None = None
    first_byte_s: float | None = None
    body_s: float | None = None
    address: str | None = None
    tls_version: str | None = None
    certificate_expires: str | None = None
    reused: bool = False
    proxy: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A request and what came of it. `position` is its index on the run's tape."""

    request: Request
    answer: Answer
    started_s: float  # seconds since the epoch, of the run's own clock (which may be virtual)
    duration_s: float = 0.0
    attempt: int = 1
    conversation: int = 0
    scenario: str = ""
    position: int = 0
    wire: Wire | None = None
    flow: str = ""  # what the caller calls this conversation, if it said so
    source: str = ""  # where it stands in an imported file: `capture.har: entry 17`

    @property
    def response(self) -> Response | None:
        """The answer, if it is a whole HTTP answer."""
        return self.answer if isinstance(self.answer, Response) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Together:
    """Several conversations at once. The `ask` that yields it is sent their results in order."""

    asks: "tuple[Ask, ...]"


Ask = Generator[Request | Together, Any, Any]
"""Yields requests, is sent `Exchange`s (or a list of results for `Together`), does no I/O."""


class TargetKind(StrEnum):
    """What answers. A verdict names it, so that the emulator never reads as the provider."""

    EMULATOR = "emulator"
    CASSETTE = "cassette"
    LIVE = "live"
    DRY = "dry"
    IMPORTED = "imported"


class Origin(StrEnum):
    """How a recording came to be; it decides what its verdict may say."""

    LIVE = "live"
    EMULATED = "emulated"
    WRITTEN = "written"  # by hand
    IMPORTED = "imported"  # from somebody else's tool: nobody here saw it happen


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where requests go. `media_base` serves sample inputs (emulator only)."""

    kind: TargetKind
    provider: str
    base_url: str
    media_base: str | None = None
    recorded: str | None = None  # date of a cassette
    fault: str | None = None  # the fault plan the emulator was asked to play
    origin: Origin | None = None  # of a recording
    version: str = ""  # of the provider's contract that it was recorded with

    @property
    def emulated(self) -> bool:
        """The emulator answers, or did when it was recorded: no word about the provider."""
        played = self.origin is Origin.EMULATED or self.media_base is not None
        return self.kind is TargetKind.EMULATOR or played


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFacts:
    """What can be said of a credential without saying it. `name` is its variable."""

    name: str
    present: bool
    length: int = 0
    problems: tuple[str, ...] = ()
    """blank, newline, quotes, inner-space, edge-space, non-ascii, look-alike, bearer-prefix, cut,
    placeholder, too-short, control-character, same-as-client-id, other-provider:<name>."""
    origin: str = "environment"  # or ".env file", "emulator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The call the run is about: the user's own failing request, or the emulator's example."""

    operation: str
    body: Json = None
    query: Mapping[str, Json] = field(default_factory=dict)
    path: Mapping[str, Json] = field(default_factory=dict)
    file: str | None = None  # where the body came from; None: the example of the contract


@dataclass(frozen=True, slots=True, kw_only=True)
class PollPolicy:
    """How a job is followed (seed 003: every 5 s, at most 60 times)."""

    interval_s: float = 5.0
    max_polls: int = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How often a call is tried (seed 000: at once, then after 2, 4, 8, 16 s; cap 30 s)."""

    max_retries: int = 5  # all attempts, as the seed counts them: the first and four repeats
    base_delay_s: float = 2.0
    cap_s: float = 30.0
    jitter: float = 0.1  # share of the delay that is random, either way
    put_back: int = 0  # how often a call that was only throttled is tried all over again (5 min)


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """Where the run took place, as far as support may know."""

    harness: str = ""
    python: str = ""
    system: str = ""
    libraries: Mapping[str, str] = field(default_factory=dict)
    proxy: str | None = None
    container: bool = False
    ci: str | None = None
    timezone: str = "+00:00"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Everything a judge needs beside the exchanges; the first line of a tape file."""

    run_id: str
    target: Target
    plan: Plan | None = None
    keys: tuple[KeyFacts, ...] = ()
    auth_headers: tuple[str, ...] = ()  # credential headers the driver sends; two: both configured
    poll: PollPolicy = PollPolicy()
    retry: RetryPolicy = RetryPolicy()
    environment: Environment = Environment()
    started_s: float = 0.0
    virtual_time: bool = False
    budget: float | None = None
    seed: int = 0
    scenarios: tuple[str, ...] = ()  # of this run, in order
    film: Mapping[str, Json] = field(default_factory=dict)  # as `film.order` writes it


@dataclass(frozen=True, slots=True, kw_only=True)
class Tape:
    """A case and the exchanges made for it, in order of start."""

    case: Case
    exchanges: Sequence[Exchange] = ()

    def __iter__(self) -> Iterator[Exchange]:
        return iter(self.exchanges)

    def __len__(self) -> int:
        return len(self.exchanges)

    def of(self, scenario: str) -> "Tape":
        """Only what one scenario asked; positions stay those of the whole tape."""
        return Tape(case=self.case, exchanges=[e for e in self.exchanges if e.scenario == scenario])
