"""Is each parameter told once, however many ways it is wrong?"""

import copy
from collections import Counter
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.check import check
from diagnostics.model import Json
from tests.contract_cases import AKOOL, OPERATIONS

WITH_BODY = [op for op in OPERATIONS if op.examples]
HOSTILE: tuple[Json, ...] = (
    *(None, True, -1, 1.5, 10**30, float("inf"), float("nan"), "", " ", "x", "720p", "\ud800"),
    *("https://a.b/c.jpg", "http://127.0.0.1/x", "\x1b[2J", "x" * 20_000),
    *([], {}, [None], [[1]], {"a": 1}, {"": ""}, ["x"] * 500, ["https://a.com/x.jpg"]),
)
NAMES = ("", "zzz", "a.b", "x[0]", "webhook_url", "\ud800", "\x1b[2J")


def spoilt(value: Any, random: Random) -> Any:
    """A body with some parameters left out, misspelt, replaced, or repeated."""
    if isinstance(value, list):
        return [spoilt(one, random) for one in value] * random.choice([1, 1, 2, 9])
    if not isinstance(value, dict):
        return random.choice(HOSTILE) if random.random() < 0.2 else value
    made = {}
    for name, inner in value.items():
        dice = random.random()
        if dice > 0.15:
            spelt = name.swapcase() if dice < 0.2 else name
            made[spelt] = random.choice(HOSTILE) if dice > 0.85 else spoilt(inner, random)
    if random.random() < 0.3:
        made[random.choice(NAMES)] = random.choice(HOSTILE)
    return made


@pytest.mark.parametrize(
    ("call", "change", "parameter"),
    [
        ("createImageToVideo", {"prompt": 5, "effect_code": "x"}, "prompt"),
        ("createTalkingPhoto", {"resolution": "720p"}, "resolution"),
        ("createTalkingPhoto", {"audio_url": "C:\\a.mp3"}, "audio_url"),
        ("createSpeech", {"input_text": "x" * 60_000}, "input_text"),
    ],
)
def test_the_failure_is_told_and_no_lesser_doubt_beside_it(
    call: str, change: dict[str, Json], parameter: str
) -> None:
    op = AKOOL.operations[call]
    body = {**next(iter(op.examples.values())), **change}
    told = [one.fails for one in check(AKOOL, op, body=body) if one.parameter == parameter]
    assert told == [True]


@given(st.sampled_from(WITH_BODY), st.randoms(use_true_random=False), st.sampled_from(HOSTILE))
def test_no_body_raises_and_no_parameter_is_told_twice(op: Any, random: Random, odd: Json) -> None:
    body = spoilt(copy.deepcopy(random.choice(list(op.examples.values()))), random)
    query = {one.name: odd for one in op.parameters} | {"zz": odd}
    for given_body in (body, odd):
        found = check(AKOOL, op, body=given_body, query=query)
        told = Counter((one.place, one.parameter) for one in found if one.parameter)
        assert [name for name, count in told.items() if count > 1] == []
        for one in found:
            assert one.says.en.isprintable()
            assert one.says.ru.isprintable()
            assert len(one.says.en) < 3000
            assert one.says.en != one.says.ru
