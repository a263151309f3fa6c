"""Is a profile read as it was written, and a mistake told with its line, its key and a remedy?"""

import dataclasses
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from diagnostics import contract_load
from diagnostics.cli import discover
from diagnostics.errors import ContractError, DiagnosticsError, UsageError
from diagnostics.loading import reading, writing
from diagnostics.loading.profile import SCENARIOS, Arrival, Model, Profile, Share, Stage

GOOD = """\
title: Mine
model: open
arrival: poisson
stages:
  - {rate: 300 /min, ramp: 10 s, hold: 1 min}
  - {rate: 20 /s, hold: 500 ms}
mix:
  - scenario: job
    weight: 3
    provider: akool
    operation: createTalkingPhoto
    think: 1 s to 3 s
    poll: {every: 2 s, most: 30}
  - {scenario: read}
objectives:
  - p99 of job.total < 90 s
  - failed jobs < 1 %
hosts: [api.example.test]
until_failure: true
emulator: {render_s: lognormal 2 0.4, per_second: 40}
"""


def written(folder: Path, text: str | bytes, name: str = "mine.yaml") -> str:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return str(path)


def refused(folder: Path, text: str | bytes) -> DiagnosticsError:
    with pytest.raises(ContractError) as caught:
        reading.load(written(folder, text))
    assert caught.value.hint, "every mistake has its remedy"
    return caught.value


def changed(before: str, after: str) -> str:
    assert before in GOOD
    return GOOD.replace(before, after)


def test_a_profile_is_read_into_its_values(tmp_path: Path) -> None:
    found = reading.load(written(tmp_path, GOOD))
    assert (found.name, found.model, found.arrival) == ("mine", Model.OPEN, Arrival.POISSON)
    assert found.title.ru == "Mine"
    assert found.stages == (
        Stage(duration_s=10, level=5),
        Stage(duration_s=60, level=5),
        Stage(duration_s=0, level=20),
        Stage(duration_s=0.5, level=20),
    )
    first, second = found.mix
    assert dataclasses.asdict(first) == {
        "scenario": "job",
        "weight": 3,
        "provider": "akool",
        "operation": "createTalkingPhoto",
        "request": "",
        "body": None,
        "think_s": (1, 3),
        "poll_interval_s": 2,
        "max_polls": 30,
    }
    assert second == Share(scenario="read")
    assert [one.text for one in found.objectives] == [
        "p99 of job.total < 90 s",
        "failed jobs < 1 %",
    ]
    assert (found.hosts, found.until_failure) == (("api.example.test",), True)
    assert found.emulator == {"render_s": "lognormal 2 0.4", "per_second": 40}
    assert (found.duration_s, found.peak) == (70.5, 20)


MISTAKES: dict[str, tuple[str, int, str, str]] = {
    "an unknown key": (changed("arrival:", "arival:"), 3, "arival", "arrival"),
    "a key of the other model": (changed("rate: 20 /s", "users: 20"), 6, "users", "rate"),
    "an unknown key of the mix": (changed("think:", "thinks:"), 12, "thinks", "think"),
    "an unknown key of poll": (changed("every:", "evry:"), 13, "evry", "every"),
    "an unknown setting": (changed("per_second", "per_secnd"), 20, "per_secnd", "per_second"),
    "a setting that is nonsense": (changed("2 0.4", "often"), 20, "render_s", "lognormal"),
    "a setting that is a list": (changed("per_second: 40", "per_second: [4]"), 20, "[4]", "number"),
    "an unknown model": (changed("model: open", "model: opn"), 2, "'opn'", "open"),
    "an unknown arrival": (changed("poisson", "poison"), 3, "'poison'", "poisson"),
    "an unknown scenario": (changed("job\n", "jobs\n"), 8, "'jobs'", "nearest: job"),
    "an unknown provider": (changed("akool", "akol"), 10, "'akol'", "akool"),
    "a rate without a unit": (changed("300 /min", "300"), 5, "no unit", "unit"),
    "a duration without a unit": (changed("1 min", "60"), 5, "no unit", "unit"),
    "a duration in another unit": (changed("500 ms", "500 msec"), 6, "'msec'", "unit"),
    "a rate beyond reason": (changed("20 /s", "2000000 /s"), 6, "out of range", "from 0 to"),
    "a duration beyond reason": (changed("1 min", "900 d"), 5, "out of range", "from 0 to"),
    "a weight of nothing": (changed("weight: 3", "weight: 0"), 9, "out of range", "a number from"),
    "a weight that is a word": (changed("weight: 3", "weight: much"), 9, "much", "a number from"),
    "a think time backwards": (changed("1 s to 3 s", "3 s to 1 s"), 12, "longer", "1 s to 3 s"),
    "an objective that is none": (changed("job.total", "job.ttal"), 16, "character 8", "job.total"),
    "an objective that is a list": (changed("- failed jobs < 1 %", "- []"), 17, "a text", "1 to"),
    "no objective": (changed("  - p99 of job.total < 90 s\n  - failed jobs < 1 %", " []"), 16,
                     "nothing is judged", "failed jobs"),
    "a truth that is a word": (changed("true", "often"), 19, "'often'", "true or false"),
    "hosts that are no list": (changed("[api.example.test]", "x.test"), 18, "a list", "dash"),
    "a mix that is no list": (changed("mix:", "mix: {}\nfaults:"), 7, "a list", "dash"),
    "a title that is a number": (changed("title: Mine", "title: 7"), 1, "a mapping, not 7", "en"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told_with_its_line_its_key_and_a_remedy(name: str, tmp_path: Path) -> None:
    text, line, says, remedy = MISTAKES[name]
    error = refused(tmp_path, text)
    assert error.place == f"{tmp_path / 'mine.yaml'}:{line}"
    assert says in error.message
    assert remedy in (error.hint or "")


@pytest.mark.parametrize("key", ["model", "stages", "mix", "objectives"])
def test_what_every_profile_needs_is_asked_for(key: str, tmp_path: Path) -> None:
    document = {
        "model": "closed",
        "stages": [{"users": 1, "hold": "1 s"}],
        "mix": [{"scenario": "read"}],
        "objectives": ["faults = 0"],
    }
    assert reading.load(written(tmp_path, json.dumps(document))).peak == 1
    del document[key]
    assert f"{key!r} is missing" in refused(tmp_path, json.dumps(document)).message


def test_a_load_that_sends_nothing_or_never_ends_is_refused(tmp_path: Path) -> None:
    still = changed("300 /min", "0").replace("20 /s", "0")
    assert "nothing is ever sent" in refused(tmp_path, still).message
    short = changed(", hold: 500 ms", "").replace("ramp: 10 s, hold: 1 min", "ramp: 0 s")
    assert "they last 0 s" in refused(tmp_path, short).message
    assert "7 d at most" in (refused(tmp_path, changed("1 min", "7 d")).hint or "")


def test_a_key_that_stands_there_twice_is_told(tmp_path: Path) -> None:
    for before, after, line in (
        ("arrival: poisson", "arrival: poisson\nmodel: closed", 4),
        ("hold: 500 ms", "hold: 500 ms, hold: 5 s", 6),
    ):
        error = refused(tmp_path, changed(before, after))
        assert error.place == f"{tmp_path / 'mine.yaml'}:{line}"
        assert "twice" in error.message


def test_users_do_not_arrive(tmp_path: Path) -> None:
    text = re.sub(r"rate: \S+ \S+,", "users: 5,", GOOD.replace("open", "closed"))
    assert "only arrivals arrive" in refused(tmp_path, text).message


# --- what is not a profile --------------------------------------------------------------------

NO_PROFILES: dict[str, bytes] = {
    "nothing": b"",
    "a list": b"[1, 2]",
    "a word": b"load",
    "broken YAML": b"model: [open",
    "no text": b"\xff\xfe\x00model",
    "a bomb of aliases": b"a: &a [x,x,x]\nb: &b [*a,*a,*a]\nmix: &c [*b,*b,*b]\nd: [*c,*c,*c]",
    "deep brackets": b"stages: " + b"[" * 5000,
    "closed deep brackets": b"model: " + b"[" * 60_000 + b"]" * 60_000,
    "deep dashes": b"- " * 60_000 + b"a",
    "deep keys": b"model: " + b"{a: " * 60_000 + b"1" + b"}" * 60_000,
    "a number of many digits": b"model: " + b"9" * 5000,
    "a hexadecimal number of many digits": b"model: 0x" + b"f" * 9000,
    "a key that is a number": b"1: 2",
    "a key that is a list": b"? [a]\n: b",
    "a key that is yes": b"yes: open",
    "a bad date": b"model: 2026-99-99",
    "a python object": b"model: !!python/object/apply:os.system [id]",
}


@pytest.mark.parametrize("name", NO_PROFILES)
def test_what_is_no_profile_is_an_error_that_names_the_file(name: str, tmp_path: Path) -> None:
    error = refused(tmp_path, NO_PROFILES[name])
    assert (error.place or "").startswith(str(tmp_path / "mine.yaml"))
    assert len(error.message) < 1000


@given(st.binary(max_size=400))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_bytes_make_the_reader_raise_anything_else(tmp_path: Path, data: bytes) -> None:
    refused(tmp_path, data)


leaves: st.SearchStrategy[Any] = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
    | st.sampled_from(["open", "job", "20 /s", "1 s", "2 s to 1 s", "faults = 0", "akool"])
)  # fmt: skip
values = st.recursive(leaves, lambda inner: st.lists(inner, max_size=4), max_leaves=8)
keys = st.sampled_from(
    ["title", "model", "arrival", "stages", "mix", "objectives", "hosts", "faults", "emulator"]
)
nested = st.dictionaries(
    st.sampled_from(["rate", "users", "hold", "scenario", "poll", "think", "en", "credits"]),
    values,
    max_size=4,
)  # fmt: skip


@given(st.dictionaries(keys, values | nested | st.lists(nested, max_size=3), max_size=9))
def test_no_document_makes_the_reader_raise_anything_else(document: Any) -> None:
    told = "it was read"
    try:
        reading.profile(document, name="any")
    except ContractError as error:
        told = error.hint or ""
    assert told


def test_a_list_that_never_ends_and_a_file_that_never_ends_are_refused(tmp_path: Path) -> None:
    many = GOOD.replace("hosts: [api.example.test]", "hosts: [" + "x.test, " * 200 + "]")
    assert "100 at most" in refused(tmp_path, many).message
    assert "bytes" in refused(tmp_path, b"#" * 1_000_001).message
    (tmp_path / "zero.yaml").symlink_to("/dev/zero")
    os.mkfifo(tmp_path / "pipe.yaml")
    for name in ("zero.yaml", "pipe.yaml"):
        with pytest.raises(UsageError, match="no regular file"):
            reading.load(str(tmp_path / name))


def test_a_file_that_is_not_there_is_told_with_a_remedy(tmp_path: Path) -> None:
    for name in (str(tmp_path / "none.yaml"), "a\0b/c.yaml", f"{'x' * 5000}/y.yaml"):
        with pytest.raises(UsageError) as caught:
            reading.load(name)
        assert "list profiles" in (caught.value.hint or "")


def test_a_misspelt_name_finds_the_nearest() -> None:
    with pytest.raises(UsageError) as caught:
        reading.load("brekpoint")
    assert caught.value.hint == "nearest: breakpoint"


# --- bodies and plans beside it ---------------------------------------------------------------


def test_a_request_file_beside_the_profile_travels_with_it(tmp_path: Path) -> None:
    written(tmp_path, '{"talking_photo_url": "https://x.test/a.png"}', "call.json")
    text = changed("    weight: 3", "    request: call.json")
    found = reading.load(written(tmp_path, text))
    assert found.mix[0].request == "call.json"
    assert found.mix[0].body == {"talking_photo_url": "https://x.test/a.png"}
    (tmp_path / "call.json").unlink()
    sent = json.loads(json.dumps(writing.document(found)))
    assert reading.profile(sent, name="mine", file=found.file) == found


def test_a_request_file_that_is_missing_or_broken_is_told_at_its_line(tmp_path: Path) -> None:
    text = changed("    weight: 3", "    request: call.json")
    assert (refused(tmp_path, text).place or "").endswith("mine.yaml:9")
    written(tmp_path, '{"a": ', "call.json")
    assert "call.json" in (refused(tmp_path, text).hint or "")


def test_a_body_may_stand_in_the_profile(tmp_path: Path) -> None:
    text = changed("    weight: 3", "    body: {text: hello}")
    assert reading.load(written(tmp_path, text)).mix[0].body == {"text": "hello"}


def test_a_fault_plan_is_one_of_ours_or_a_file_beside_the_profile(tmp_path: Path) -> None:
    known = GOOD + "faults: unreachable-media\n"
    assert reading.load(written(tmp_path, known)).faults == "unreachable-media"
    own = reading.load(written(tmp_path, GOOD + "faults: mine/own.yaml\n"))
    assert own.faults == str(tmp_path / "mine/own.yaml")
    wrong = refused(tmp_path, GOOD + "faults: unreachable-medium\n")
    assert wrong.place == f"{tmp_path / 'mine.yaml'}:21"
    assert "unreachable-media" in (wrong.hint or "")


# --- what ships with us -----------------------------------------------------------------------

SHIPPED = ("average", "breakpoint", "quota", "smoke", "soak", "spike", "stress")


def test_seven_profiles_ship_with_us() -> None:
    assert reading.names() == SHIPPED


@pytest.mark.parametrize("name", SHIPPED)
def test_each_shipped_profile_is_short_titled_judged_and_can_be_copied(
    name: str, tmp_path: Path
) -> None:
    found = reading.load(name)
    assert 10 <= found.duration_s <= 60
    assert found.title.en != found.title.ru
    assert any(one.subject == "duplicates" for one in found.objectives), "a create paid twice"
    assert not found.hosts, "no shipped profile allows anybody to be loaded"
    source = Path(found.file).read_text("utf-8")
    assert source.startswith("# "), "it says what it finds out"
    copy = reading.load(written(tmp_path, source, f"{name}.yaml"))
    assert dataclasses.replace(copy, file=found.file) == found


def test_what_each_shipped_profile_is_for_shows_in_its_shape() -> None:
    shipped = {name: reading.load(name) for name in SHIPPED}
    assert [name for name in SHIPPED if shipped[name].until_failure] == ["breakpoint"]
    assert [name for name in SHIPPED if shipped[name].seeks_limit] == ["quota"]
    assert shipped["stress"].peak > shipped["average"].peak
    spike = shipped["spike"]
    assert spike.level(8.1) == spike.peak > 10 * spike.level(7.9)
    assert shipped["smoke"].model is Model.CLOSED


def test_every_scenario_of_a_mix_is_one_of_ours() -> None:
    assert set(SCENARIOS) - {"read"} <= discover.scenarios().keys()


def test_every_key_that_may_be_written_is_explained_where_it_is_read() -> None:
    assert reading.__doc__ is not None
    assert all(f"    {key}:" in reading.__doc__ for key in reading.KEYS)


# --- a profile on its way ---------------------------------------------------------------------

shares = st.builds(
    Share,
    scenario=st.sampled_from(SCENARIOS),
    weight=st.floats(0.001, 1000),
    provider=st.sampled_from(["", *contract_load.providers()]),
    operation=st.sampled_from(["", "createTalkingPhoto"]),
    body=st.none() | st.dictionaries(st.text(max_size=5), st.integers(), max_size=2),
    think_s=st.tuples(st.floats(0, 10), st.floats(10, 20)),
    poll_interval_s=st.floats(0, 100),
    max_polls=st.integers(1, 1000),
)


@given(st.data())
def test_a_profile_that_travels_as_json_arrives_as_it_was(data: st.DataObject) -> None:
    model = data.draw(st.sampled_from(Model))
    kinds = [Arrival.CONSTANT] if model is Model.CLOSED else list(Arrival)
    stages = st.builds(Stage, duration_s=st.floats(0.1, 9000), level=st.floats(1e-3, 90_000))
    sent: Profile = dataclasses.replace(
        reading.load("smoke"),
        model=model,
        arrival=data.draw(st.sampled_from(kinds)),
        stages=tuple(data.draw(st.lists(stages, min_size=1, max_size=5))),
        mix=tuple(data.draw(st.lists(shares, min_size=1, max_size=3))),
        hosts=tuple(data.draw(st.lists(st.just("api.example.test"), max_size=2))),
        until_failure=data.draw(st.booleans()),
        seeks_limit=data.draw(st.booleans()),
        faults=data.draw(st.sampled_from(["", "unreachable-media"])),
    )
    document = json.loads(json.dumps(writing.document(sent)))
    assert reading.profile(document, name=sent.name, file=sent.file) == sent


def test_a_profile_can_be_scaled_and_stretched() -> None:
    spike = reading.load("spike")
    assert spike.scaled(0.5).peak == 20
    assert spike.lasting(300).duration_s == pytest.approx(300)
    assert spike.lasting(300).level(85) == spike.level(8.5) == 40
    assert spike.level(1e9) == 0
