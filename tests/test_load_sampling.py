"""Are the right conversations of a load kept, whole, and in bounded memory?"""

from diagnostics import contract_load
from diagnostics.loading import sampling
from diagnostics.loading.sampling import AMBIGUOUS_MOST, EACH_CODE, HEALTHY, SLOWEST, Kept, Sampling
from diagnostics.model import Answer, Exchange, Fault, FaultKind, Request, Response

CONTRACT = contract_load.load("akool")
CREATE, READ = "createTalkingPhoto", "getVideo"
GOOD = Response(status=200, body=b'{"code":1000,"msg":"OK"}')


class Told:
    """A sampling, told of answers as an engine would."""

    def __init__(self) -> None:
        self.kept: list[Kept] = []
        self.sampling = Sampling(contract=CONTRACT, keep=self.kept.append)

    def hear(  # noqa: PLR0913  # what an engine tells
        self,
        conversation: int,
        answer: Answer = GOOD,
        *,
        at_s: float = 0.0,
        took_s: float = 0.1,
        code: str | None = None,
        spends: bool = False,
    ) -> None:
        name = CREATE if spends else READ
        request = Request(method="POST", url="https://x.test/", operation=name, spends=spends)
        exchange = Exchange(
            request=request,
            answer=answer,
            started_s=at_s,
            duration_s=took_s,
            conversation=conversation,
            scenario="job",
        )
        ok = answer is GOOD and code is None
        self.sampling.answered(exchange, due_s=at_s, sent_s=at_s, name=name, code=code, ok=ok)

    @property
    def why(self) -> list[str]:
        return [one.sample.why for one in self.kept]


def test_the_first_conversations_of_every_failing_code_are_kept_whole() -> None:
    told = Told()
    for number in range(20):
        told.hear(number)
        told.hear(number, Response(status=200), code="1015")
        told.hear(number)
        told.sampling.ended(number)

    kept = [one for one in told.kept if one.sample.why == "code 1015"]
    assert len(kept) == EACH_CODE
    assert all(len(one.exchanges) == 3 for one in kept)
    assert kept[0].sample.code == "1015"


def test_a_create_of_unknown_outcome_is_kept_as_ambiguous() -> None:
    told = Told()
    lost = Fault(kind=FaultKind.RESET, message="reset", may_have_arrived=True)
    told.hear(7, lost, spends=True)
    told.hear(7, Response(status=200), code="1015")
    told.sampling.ended(7)

    assert told.why == ["ambiguous"]


def test_ambiguous_creates_are_bounded() -> None:
    told = Told()
    lost = Fault(kind=FaultKind.RESET, message="reset", may_have_arrived=True)
    for number in range(AMBIGUOUS_MOST + 30):
        told.hear(number, lost, spends=True)
        told.sampling.ended(number)

    assert told.why.count("ambiguous") == AMBIGUOUS_MOST


def test_the_slowest_conversations_are_kept_at_the_end_and_no_others() -> None:
    told = Told()
    for number in range(100):
        told.hear(number, took_s=(number * 37 % 100) / 10)
        told.sampling.ended(number)
    healthy = list(told.why)
    told.sampling.finish()

    slow = [one.sample.duration_s for one in told.kept if one.sample.why == "slow"]
    assert healthy == ["healthy"] * HEALTHY
    assert slow == sorted(slow, reverse=True)
    assert len(slow) == SLOWEST
    assert min(slow) >= 8.9


def test_of_a_long_conversation_the_first_and_the_latest_exchanges_stay() -> None:
    told = Told()
    for number in range(500):
        told.hear(1, at_s=float(number))
    told.hear(1, Response(status=500), at_s=500.0)
    told.sampling.ended(1)

    (kept,) = told.kept
    moments = [one.started_s for one in kept.exchanges]
    assert moments[: sampling.HEAD] == [float(n) for n in range(sampling.HEAD)]
    assert moments[-1] == 500.0
    assert len(moments) == sampling.HEAD + sampling.TAIL


def test_conversations_that_never_end_are_held_within_bounds() -> None:
    told = Told()
    for number in range(sampling.HELD_MOST + 5_000):
        told.hear(number)

    assert told.sampling.held == sampling.HELD_MOST


def test_a_failure_is_kept_even_when_no_more_conversations_are_held() -> None:
    told = Told()
    for number in range(sampling.HELD_MOST):
        told.hear(number)
    told.hear(999_999, Response(status=200), code="1015")
    told.sampling.ended(999_999)

    assert told.why == ["code 1015"]


def test_what_had_failed_and_has_not_ended_is_kept_at_the_end() -> None:
    told = Told()
    told.hear(3, Response(status=503))
    told.sampling.finish()

    assert told.why == ["HTTP 503"]


def test_a_server_that_fails_with_a_new_code_each_time_does_not_fill_the_disk() -> None:
    told = Told()
    for number in range(1_000):
        told.hear(number, Response(status=200), code=f"x{number}")
        told.sampling.ended(number)

    assert len(told.kept) <= sampling.KINDS_MOST + HEALTHY


def test_a_large_body_is_not_held() -> None:
    told = Told()
    told.hear(1, Response(status=500, body=b"x" * (sampling.BODY_BYTES_MOST + 1)))
    told.hear(1)
    told.sampling.ended(1)

    (kept,) = told.kept
    assert len(kept.exchanges) == 1
