"""A tape on disk says what happened, even when the process died while it did."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics import tape as tapes
from diagnostics.drive.driver import Slot
from diagnostics.errors import UsageError
from diagnostics.model import (
    Answer,
    Environment,
    Exchange,
    Fault,
    FaultKind,
    KeyFacts,
    MediaFacts,
    Purpose,
    Request,
    Response,
    TargetKind,
    Unsent,
    UnsentReason,
    Wire,
)
from diagnostics.redact import Gate
from diagnostics.tape_values import case_from, case_to, exchange_from, exchange_to
from tests.drive_cases import akool, answer, case, create, poll, state

text = st.text(max_size=30)
headers = st.lists(st.tuples(text, text), max_size=3).map(tuple)
media = st.builds(MediaFacts, container=text, size_bytes=st.integers(0), width=st.none())
answers: st.SearchStrategy[Answer] = st.one_of(
    st.builds(
        Response,
        status=st.integers(100, 599),
        headers=headers,
        body=st.binary(max_size=80),
        reason=text,
        media=st.none() | media,
        truncated=st.booleans(),
    ),
    st.builds(
        Fault,
        kind=st.sampled_from(FaultKind),
        message=text,
        may_have_arrived=st.booleans(),
        body=st.binary(max_size=40),
    ),
    st.builds(Unsent, reason=st.sampled_from(UnsentReason), message=text),
)
requests = st.builds(
    Request,
    method=text,
    url=text,
    headers=headers,
    body=st.binary(max_size=80),
    operation=st.none() | text,
    purpose=st.sampled_from(Purpose),
    authenticated=st.booleans(),
    spends=st.booleans(),
    credits=st.none() | st.floats(0.1, 100),
    label=text,
)
exchanges = st.builds(
    Exchange,
    request=requests,
    answer=answers,
    started_s=st.floats(0, 2e9),
    duration_s=st.floats(0, 100),
    attempt=st.integers(1, 9),
    wire=st.none() | st.builds(Wire, dns_s=st.floats(0, 1), reused=st.booleans()),
)


@given(exchange=exchanges)
def test_an_exchange_survives_json_and_back(exchange: Exchange) -> None:
    line = json.loads(json.dumps(exchange_to(exchange)))
    assert exchange_from(line) == exchange


def test_a_case_survives_json_and_back() -> None:
    full = case(
        kind=TargetKind.CASSETTE,
        keys=(KeyFacts(name="AKOOL_API_KEY", present=True, problems=("newline",)),),
        environment=Environment(python="3.11", libraries={"httpx": "0.28"}),
        budget=3.0,
        scenarios=("job",),
    )
    assert case_from(json.loads(json.dumps(case_to(full)))) == full


def written(folder: Path, *made: Exchange) -> None:
    file = tapes.TapeFile(folder, Gate())
    file.begin(case())
    for exchange in made:
        file.append(exchange)
    file.close()


def test_what_was_appended_is_read_in_order(tmp_path: Path) -> None:
    first, second = create(answer({"code": 1000}), 0), poll(state(2), 1)
    written(tmp_path, first, second)
    tape = tapes.read(tmp_path)
    assert [e.request.operation for e in tape] == ["createTalkingPhoto", "getVideo"]
    assert [e.position for e in tape] == [0, 1]


def test_a_torn_last_line_is_survived_and_counted(tmp_path: Path) -> None:
    written(tmp_path, create(answer({"code": 1000}), 0), poll(state(2), 1))
    path = tmp_path / tapes.NAME
    path.write_bytes(path.read_bytes()[:-30])
    reading = tapes.read_whole(tmp_path)
    assert (len(reading.tape), reading.torn) == (1, 1)


def test_killed_at_any_byte_the_tape_can_be_read(tmp_path: Path) -> None:
    written(tmp_path, create(answer({"code": 1000}), 0), poll(state(2), 1), poll(state(3), 2))
    whole = (tmp_path / tapes.NAME).read_bytes()
    first_line = whole.index(b"\n") + 1
    for cut in range(first_line, len(whole), 37):
        (tmp_path / tapes.NAME).write_bytes(whole[:cut])
        reading = tapes.read_whole(tmp_path)
        assert len(reading.tape) >= whole[:cut].count(b"\n") - 1
        assert reading.torn <= 1


def test_a_paid_call_announced_and_never_answered_is_ambiguous_when_read(tmp_path: Path) -> None:
    file = tapes.TapeFile(tmp_path, Gate())
    file.begin(case())
    request = akool().request("createTalkingPhoto", body={})
    file.intend(request, Slot(scenario="job"), 5.0)
    file.close()
    reading = tapes.read_whole(tmp_path)
    (found,) = reading.tape
    assert reading.pending == 1
    assert isinstance(found.answer, Fault)
    assert found.answer.may_have_arrived


def test_an_answered_announcement_leaves_nothing_pending(tmp_path: Path) -> None:
    file = tapes.TapeFile(tmp_path, Gate())
    file.begin(case())
    exchange = create(answer({"code": 1000}), 0)
    file.intend(exchange.request, Slot(scenario="job"), 5.0)
    file.append(exchange)
    file.close()
    assert tapes.read_whole(tmp_path).pending == 0


def test_a_large_body_stands_beside_the_tape_under_its_hash(tmp_path: Path) -> None:
    big = answer({"data": "y" * 200_000})
    written(tmp_path, create(big, 0))
    assert (tmp_path / tapes.NAME).stat().st_size < 20_000
    assert [len(p.name) for p in (tmp_path / "blobs").iterdir()] == [64]
    (found,) = tapes.read(tmp_path)
    assert found.response is not None
    assert found.response.body == big.body


def test_a_folder_that_cannot_be_written_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    with pytest.raises(UsageError) as caught:
        tapes.TapeFile(blocked / "run", Gate()).begin(case())
    assert "--out" in (caught.value.hint or "")


@pytest.mark.parametrize("content", [b"", b"{}\n", b"\xff\xfe\n", b'{"case": 7}\n', b"[" * 9999])
def test_a_file_that_is_no_tape_is_an_error_not_a_traceback(tmp_path: Path, content: bytes) -> None:
    (tmp_path / tapes.NAME).write_bytes(content)
    with pytest.raises(UsageError, match="not a tape"):
        tapes.read(tmp_path)


def test_a_missing_tape_names_its_place(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        tapes.read(tmp_path / "nothing")
    assert "nothing" in (caught.value.place or "")


def test_secrets_do_not_reach_the_tape(tmp_path: Path) -> None:
    gate = Gate()
    gate.register("invented-akool-key-0001", "akool-api-key")
    file = tapes.TapeFile(tmp_path, gate)
    file.begin(case())
    file.append(create(answer({"msg": "key invented-akool-key-0001 is unknown"}), 0))
    file.close()
    written_bytes = b"".join(p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())
    assert b"invented-akool-key-0001" not in written_bytes
    assert b"<secret:akool-api-key#1" in written_bytes


def test_the_tape_is_readable_only_by_its_owner(tmp_path: Path) -> None:
    written(tmp_path)
    assert (tmp_path / tapes.NAME).stat().st_mode & 0o077 == 0
