"""Of what values is a contract made? Its words are in `contracts/extensions.schema.yaml`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from diagnostics.model import Blame, Certainty, Json, Retry, Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a fact stands (page or file) and how sure it is."""

    page: str
    certainty: Certainty = Certainty.DOCUMENTED
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """One wording of an error code and the pages that give it."""

    text: str
    pages: tuple[str, ...] = ()
    pattern: str = ""  # by these words of the answer it is this meaning, and none of the others
    blame: Blame | None = None  # whom this meaning blames, where that is not whom the code does


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorCode:
    """A provider's code with *every* meaning its pages give.

    `inspect_inputs`: look at the input media before anybody is blamed (AKOOL 1015).
    `alternatives`: other blames that some page or vendor code gives to the same code.
    """

    code: str
    meanings: tuple[Meaning, ...]
    blame: Blame
    retry: Retry
    remedy: Text
    source: Source
    alternatives: tuple[Blame, ...] = ()
    inspect_inputs: bool = False
    note: str = ""
    http: int | None = None
    """The HTTP status that goes with it; None: 200, where the body alone says it."""
    state: str = ""
    """The job state that this answer to a status read amounts to (`not_found`)."""
    pattern: str = ""
    """Finds the code in free text, where a failed job's reason only quotes it."""
    also: Mapping[str, Json] = field(default_factory=dict)  # of the failure body, by dotted path


class StateKind(StrEnum):
    """What a job state means to a client. Only `PENDING` and `RUNNING` are worth another poll."""

    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    READY = "ready"
    """Usable now though not over: AKOOL's live face swap says 2 for "connect now"."""
    CLOSED = "closed"
    WAITING = "waiting"
    """Goes no further until a person acts: another poll will say the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """One value of a job's status field."""

    value: str
    name: str
    kind: StateKind

    @property
    def final(self) -> bool:
        """No later poll will say anything else, unless somebody acts."""
        return self.kind not in {StateKind.PENDING, StateKind.RUNNING}


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A create that may keep its answer back until the job is over: `Prefer: wait=30`."""

    header: str
    pattern: str
    """On the header's value; group 1, if it matches, is how many seconds."""
    max_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """A header of the create (`Cancel-After: 1h30m`) after which the provider ends the job.

    In the state `before` if it had not begun, else in `running`. `field`: where answers tell when.
    """

    header: str
    before: str
    running: str
    least_s: float = 0.0
    field: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paging:
    """How a list goes on: the fields with the addresses of its neighbours, and their parameter."""

    cursor: str
    next: str
    size: int
    previous: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """How a create operation's job is followed. Paths are dotted: `data.result[].url`.

    Several paths are alternatives, tried in order. `read_name` is the parameter that carries the
    id, `read_in` is `query`, `path` or `body`. `lookup` is the operation that lists recent jobs
    (to look for a create whose answer was lost), `cancel` the one that stops a job (its id travels
    as in `read`); empty: the provider has none. `record` is where the other fields of a status
    answer stand: progress, duration, file_size, created_at, estimated_time.
    """

    family: str
    id: tuple[str, ...]
    read: str
    read_in: str
    read_name: str
    status: tuple[str, ...]
    states: Mapping[str, State]
    output: tuple[str, ...]
    reason: tuple[str, ...] = ()
    code: tuple[str, ...] = ()
    """Where a failed job names its error code."""
    details: tuple[str, ...] = ()
    record: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    lifetime_days: float | None = None
    lookup: str = ""
    cancel: str = ""
    advised_interval_s: float | None = None  # how often its own words or clients poll
    expected_s: float | None = None  # how long a job usually takes
    most_s: float | None = None  # after that it is stuck, or given up
    wait: Hold | None = None
    background: Mapping[str, Json] = field(default_factory=dict)  # a create without it waits
    deadline: Deadline | None = None
    removed: Mapping[str, Json] = field(default_factory=dict)  # told after `lifetime_days`
    source: Source = Source(page="")


_DURATION_S_MAX = 1e9
"""Nobody means a longer one, and its price would overflow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What a call costs, in credits. `free` reads cost nothing.

    amount: fixed. by/values: a table keyed by the named fields, joined with "/", their defaults
    in `defaults`. per_s of `duration_field`: times the started blocks of that many seconds.
    per_chars of `text_field`: times length / per_chars. Nothing of it: paid, price unknown.
    """

    free: bool = False
    amount: float | None = None
    by: tuple[str, ...] = ()
    values: Mapping[str, float] = field(default_factory=dict)
    defaults: Mapping[str, Json] = field(default_factory=dict)
    per_s: float | None = None
    duration_field: str = ""
    per_chars: float | None = None
    text_field: str = ""
    emulated: float = 0.0
    """What our emulator charges where the documents name no price. Says nothing of the provider."""
    source: Source = Source(page="")

    def of(self, body: Json) -> float | None:
        """The price of a call with that body; None when the documents do not decide it."""
        if self.free:
            return 0.0
        if self.amount is not None:
            return self.amount
        given = body if isinstance(body, dict) else {}
        unit = self._unit(given)
        return None if unit is None else self._times(unit, given)

    def _unit(self, given: Mapping[str, Json]) -> float | None:
        if not self.values:
            return None
        key = "/".join(str(given.get(name, self.defaults.get(name))) for name in self.by)
        return self.values.get(key)

    def _times(self, unit: float, given: Mapping[str, Json]) -> float | None:
        if self.per_s:
            duration_s = given.get(self.duration_field)
            if not isinstance(duration_s, int | float) or isinstance(duration_s, bool):
                return None
            if not abs(duration_s) <= _DURATION_S_MAX:  # NaN included
                return None
            return unit * max(1, -(-duration_s // self.per_s))
        if self.per_chars:
            text = given.get(self.text_field)
            return unit * len(text) / self.per_chars if isinstance(text, str) else None
        return unit


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaLimits:
    """What an input file must be. `codes` name the answer to each breach.

    Keys of `codes`: unreachable, format, size, duration, fps, codec, audio, dimensions.
    """

    role: str
    """image, video, audio, image-or-video, document, subtitles, any."""
    formats: tuple[str, ...] = ()
    size_bytes_max: int | None = None
    data_url_bytes_max: int | None = None  # of a file in the call itself
    duration_s_min: float | None = None
    duration_s_max: float | None = None
    fps_max: float | None = None
    fps_advised_max: float | None = None
    width_max: int | None = None
    height_max: int | None = None
    video_codecs: tuple[str, ...] = ()
    audio_codecs: tuple[str, ...] = ()
    audio: str | None = None
    """required, forbidden, or None: no matter."""
    codes: Mapping[str, str] = field(default_factory=dict)
    source: Source = Source(page="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias:
    """Another address seen in the wild for an operation."""

    set: str
    """documentation, scripts, postman, notes, vendor-old, vendor-later."""
    method: str
    url: str
    stale: bool
    operation: str
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Pitfall:
    r"""A near-miss name or shape, with the message to print.

    kind `name`: parameter `seen` is sent instead of `parameter`. kind `value`: `parameter` has a
    value matching the regex `seen`; `instead` is the replacement template (`\1`). kind `type`:
    `parameter` has JSON type `seen`. kind `both-auth`: both credential headers are sent.
    """

    kind: str
    parameter: str
    says: Text
    seen: str = ""
    instead: str = ""
    source: Source = Source(page="")


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossRule:
    """A rule between fields that JSON Schema cannot say (kinds: see extensions.schema.yaml)."""

    id: str
    kind: str
    parameters: tuple[str, ...]
    says: Text
    warn: bool = False
    limit: float | None = None
    needs: str = ""
    when: Mapping[str, Json] = field(default_factory=dict)
    code: str | None = None
    source: Source = Source(page="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A query or path parameter."""

    name: str
    place: str
    required: bool
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """Where a body says success or failure. Two styles, which may be mixed.

    With `success`: these values of the first of `codes` mean it, whatever the HTTP status says.
    Without: the HTTP status says it. In both, a value at one of the paths in `failure` means that
    it failed. Paths are dotted; of several the first that holds something counts.
    """

    name: str
    code: str = ""
    success: tuple[Json, ...] = ()
    message: str = ""
    data: str = ""
    """Where the answer's own content stands; without `success`, a success has to have it."""
    partial: tuple[str, ...] = ()
    """Lists that hide failed parts inside a success (`data.errorList`)."""
    codes: tuple[str, ...] = ()
    messages: tuple[str, ...] = ()
    failure: tuple[str, ...] = ()
    example: Json = None  # a failure body, into which the emulator lays code and message
    media_type: str = "application/json"
    """Of failures."""

    def __post_init__(self) -> None:
        if self.code and not self.codes:
            object.__setattr__(self, "codes", (self.code,))
        if self.message and not self.messages:
            object.__setattr__(self, "messages", (self.message,))


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """One way to authenticate: a key in `header`, or a token bought with id and secret.

    `variables` are the environment variables; `token_operation` is called once with
    `token_fields` (body field to variable) and answers with the token at `token`.
    """

    name: str
    header: str
    variables: tuple[str, ...]
    prefix: str = ""
    token_operation: str = ""
    token_fields: Mapping[str, str] = field(default_factory=dict)
    token: str = ""
    token_life_s: float | None = None
    pattern: str = ""
    """What a key usually looks like: a warning, never a rule."""
    mark: str = ""
    """By this a key betrays its provider, whoever it was given to."""
    length: tuple[int, ...] = ()
    """Lengths that were seen: another one is a reason to ask whether it was cut."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What an answer says in the provider's own terms. `code` None: the body gives none."""

    ok: bool
    code: str | None
    message: str
    body: Json
    partial: tuple[Json, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One call of the documentation."""

    id: str
    method: str
    host: str
    path: str
    title: str
    source: Source
    authenticated: bool = True
    destructive: bool = False  # deletes, cancels, updates, closes: never probed
    price: Price = Price()
    body_schema: Mapping[str, Any] | None = None
    parameters: tuple[Parameter, ...] = ()
    envelope: str = "default"
    job: Job | None = None
    media: Mapping[str, MediaLimits] = field(default_factory=dict)
    """By dotted parameter path; `[]` for any element."""
    aliases: tuple[Alias, ...] = ()
    pitfalls: tuple[Pitfall, ...] = ()
    rules: tuple[CrossRule, ...] = ()
    codes: Mapping[str, str] = field(default_factory=dict)
    """Codes that this operation's own page lists, with that page's words."""
    examples: Mapping[str, Json] = field(default_factory=dict)  # request bodies; the first is sent
    answer: Json = None  # a documented success body
    answers: Mapping[str, Json] = field(default_factory=dict)
    """The same by the state of the job that it tells of, where the documents show several."""
    success_status: int = 200
    paging: Paging | None = None
    retired: str = ""  # the day that was announced as its end: probe, don't assume
    catches: Mapping[str, Json] = field(default_factory=dict)  # path, value, then code

    @property
    def spends(self) -> bool:
        """It costs credits, whether or not the price is known."""
        return not self.price.free

    @property
    def url(self) -> str:
        """Absolute address as documented, path parameters in braces."""
        return f"{self.host}{self.path}"
