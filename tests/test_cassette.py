"""A cassette loses nothing of the tape, and stock vcrpy plays it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import requests
import yaml
from hypothesis import given
from vcr.serialize import deserialize
from vcr.serializers import jsonserializer, yamlserializer

from diagnostics import cassette
from diagnostics.errors import LeakError, UsageError
from diagnostics.model import (
    Exchange,
    Fault,
    FaultKind,
    MediaFacts,
    Origin,
    Request,
    Response,
    Tape,
    TargetKind,
    Unsent,
    UnsentReason,
)
from diagnostics.redact import Gate
from diagnostics.vcr.writing import as_json, as_yaml
from tests.cassette_cases import (
    CASE,
    HOST,
    answered,
    asked,
    captured,
    over_httpx,
    play,
    tape,
    tapes,
    without_sources,
)

POLL = asked("/v1/jobs?id=7")
STATES = [answered(json.dumps({"status": word}).encode()) for word in ("queued", "running", "done")]
REFUSED = Fault(kind=FaultKind.REFUSED, message="nobody listens")
DRY = Unsent(reason=UnsentReason.DRY)


@given(recorded=tapes)
def test_a_tape_survives_yaml_and_back(recorded: Tape) -> None:
    found = captured(as_yaml(recorded))
    assert not found.broken
    assert without_sources(found.exchanges) == list(recorded.exchanges)
    assert found.case == recorded.case


@given(recorded=tapes)
def test_a_tape_survives_json_and_back(recorded: Tape) -> None:
    found = captured(as_json(recorded), "cassette.json")
    assert without_sources(found.exchanges) == list(recorded.exchanges)
    assert found.case == recorded.case


@given(recorded=tapes)
def test_stock_vcrpy_loads_whatever_is_written(recorded: Tape) -> None:
    for text, serializer in (
        (as_yaml(recorded), yamlserializer),
        (as_json(recorded), jsonserializer),
    ):
        data = serializer.deserialize(text)["interactions"]
        loaded, told = deserialize(text, serializer)
        assert [one.uri for one in loaded] == [one["request"]["uri"] for one in data]
        assert all(isinstance(one["body"]["string"], bytes) for one in told)


def test_the_same_tape_gives_the_same_bytes() -> None:
    recorded = tape((POLL, STATES[0]), (POLL, REFUSED), (POLL, STATES[2]))
    again = tape((POLL, STATES[0]), (POLL, REFUSED), (POLL, STATES[2]))
    text = cassette.text_of(recorded, Gate())
    assert text == cassette.text_of(again, Gate())
    assert "&id" not in text


def test_vcrpy_plays_polls_in_their_order_over_httpx(tmp_path: Path) -> None:
    recorded = tape(*[(POLL, state) for state in STATES])
    cassette.write(tmp_path / "polls.yaml", recorded, Gate())
    assert play(tmp_path / "polls.yaml", over_httpx, recorded) == 3


def test_vcrpy_plays_over_requests_what_was_packed_or_not_kept(tmp_path: Path) -> None:
    packed = answered(
        b'{"ok": true}', headers=(("Content-Encoding", "gzip"), ("Content-Length", "31"))
    )
    film = Response(
        status=200,
        headers=(("content-type", "video/mp4"), ("content-length", "1048576")),
        media=MediaFacts(container="mp4", size_bytes=1_048_576),
        size_bytes=1_048_576,
    )
    binary = answered(b"\xff\xd8\xff\x00", headers=(("content-type", "image/jpeg"),))
    recorded = tape((asked("/a"), packed), (asked("/b.mp4"), film), (asked("/c.jpg"), binary))
    cassette.write(tmp_path / "files.yaml", recorded, Gate())

    def over_requests(request: Request) -> tuple[int, bytes]:
        answer = requests.request(request.method, request.url, data=request.body, timeout=5)
        return answer.status_code, answer.content

    assert play(tmp_path / "files.yaml", over_requests, recorded, ("method", "uri")) == 3
    assert play(tmp_path / "files.yaml", over_httpx, recorded) == 3
    data = yaml.safe_load((tmp_path / "files.yaml").read_text())["interactions"]
    lengths = [one["response"]["headers"].get("content-length") for one in data]
    assert lengths == [None, ["0"], None]
    assert data[0]["response"]["headers"] == {"Content-Length": ["12"]}
    assert without_sources(cassette.read(tmp_path / "files.yaml").exchanges) == recorded.exchanges


def test_what_vcrpy_cannot_hold_stands_beside_in_its_place() -> None:
    recorded = tape((POLL, DRY), (POLL, REFUSED), (POLL, STATES[0]), (POLL, REFUSED))
    data = yaml.safe_load(cassette.text_of(recorded, Gate()))
    assert len(data["interactions"]) == 1
    assert [one["after"] for one in data["diagnostics"]["exchanges"]] == [0, 0, 1]


def test_an_interaction_taken_out_by_hand_leaves_the_others_in_order() -> None:
    recorded = tape((POLL, STATES[0]), (POLL, STATES[1]), (POLL, REFUSED), (POLL, STATES[2]))
    data = yaml.safe_load(as_yaml(recorded))
    del data["interactions"][0]
    found = captured(yaml.safe_dump(data)).exchanges
    assert [one.answer for one in found] == [STATES[1], STATES[2], REFUSED]
    assert [one.position for one in found] == [0, 1, 2]


def test_a_body_changed_by_hand_is_the_body() -> None:
    text = as_yaml(tape((POLL, STATES[0]))).replace("queued", "failed")
    found = captured(text).exchanges[0].response
    assert found is not None
    assert json.loads(found.body) == {"status": "failed"}


def test_the_head_says_what_answered_when_and_by_which_contract() -> None:
    head = yaml.safe_load(as_yaml(tape((POLL, STATES[0]))))["diagnostics"]
    assert head["origin"] == "emulated"
    assert "no word about the provider" in head["says"]
    assert head["recorded"] == "2026-11-18T11:06:40Z"
    assert (head["provider"], head["contract"]) == ("akool", "2026-01-27")
    assert head["harness"]


@pytest.mark.parametrize(
    ("kind", "origin"), [(TargetKind.LIVE, "live"), (TargetKind.IMPORTED, "imported")]
)
def test_the_origin_follows_from_who_answered(kind: TargetKind, origin: str) -> None:
    target = replace(CASE.target, kind=kind, origin=None)
    text = as_yaml(tape((POLL, STATES[0]), case=replace(CASE, target=target)))
    assert yaml.safe_load(text)["diagnostics"]["origin"] == origin
    assert captured(text).origin == Origin(origin)


def test_secrets_do_not_reach_the_file(tmp_path: Path) -> None:
    secret = "invented-heygen-key-0001"
    gate = Gate()
    gate.register(secret, "heygen-api-key")
    recorded = tape((asked(f"/v1?key={secret}", body=secret.encode()), answered(secret.encode())))
    marked = [replace(one, flow=secret, source=f"{secret}.har: entry 1") for one in recorded]
    for name in ("clean.yaml", "clean.json"):
        cassette.write(tmp_path / name, Tape(case=CASE, exchanges=marked), gate)
        assert secret not in (tmp_path / name).read_text()


def test_a_name_that_holds_a_secret_is_refused(tmp_path: Path) -> None:
    secret = "invented-heygen-key-0001"
    gate = Gate()
    gate.register(secret, "heygen-api-key")
    with pytest.raises(LeakError):
        cassette.write(tmp_path / f"{secret}.yaml", tape((POLL, STATES[0])), gate)
    assert not list(tmp_path.iterdir())


class Blind(Gate):
    """Overlooks what stands in an exchange."""

    def exchange(self, exchange: Exchange) -> Exchange:
        return exchange


def test_a_secret_that_was_overlooked_is_found_in_the_finished_text() -> None:
    secret = "invented-heygen-key-0001"
    gate = Blind()
    gate.register(secret, "heygen-api-key")
    with pytest.raises(LeakError):
        cassette.text_of(tape((POLL, answered(secret.encode()))), gate)


def test_json_keeps_bytes_beside_where_vcrpy_would_play_them_wrong() -> None:
    recorded = tape((asked("/c.jpg"), answered(b"\xff\xd8")), (POLL, STATES[0]))
    data = json.loads(cassette.text_of(recorded, Gate(), binary=False))
    assert [one["request"]["uri"] for one in data["interactions"]] == [POLL.url]
    found = captured(json.dumps(data), "cassette.json")
    assert without_sources(found.exchanges) == recorded.exchanges


def test_a_later_schema_is_refused_by_name_and_line() -> None:
    text = as_yaml(tape((POLL, STATES[0]))).replace("cassette/1", "cassette/7")
    with pytest.raises(UsageError, match="cassette/7") as caught:
        captured(text)
    assert caught.value.place == "cassette.yaml:3"
    assert caught.value.hint


def test_exchanges_say_where_they_stand() -> None:
    found = captured(as_yaml(tape((POLL, STATES[0]), (POLL, DRY), (POLL, STATES[1]))))
    places = [one.source for one in found.exchanges]
    assert places[0].startswith("cassette.yaml: interaction 1, line ")
    assert places[1] == "cassette.yaml: diagnostics.exchanges[0]"
    assert HOST in found.exchanges[0].request.url
