"""Do the benchmarks of recording measure what the issue promises, beside stock vcrpy?"""

from benchmarks import recorded_memory, recorded_order, recorded_replay, recorded_stream


def test_replay_is_measured_at_each_size_above_a_constant_transport() -> None:
    rows = list(recorded_replay.rows(sizes=(20, 40), theirs=(20,), whole=40, requests=30))
    assert [row.reach for row in rows] == ["≤ 25 µs", "≤ 25 µs", "≤ 1 s"]
    assert rows[0].baseline.startswith("vcrpy")
    assert rows[2].reached


def test_order_and_failures_come_back_to_the_last() -> None:
    rows = list(recorded_order.rows())
    assert [row.measured for row in rows] == ["20 of 20", "20 of 20", "2 of 2", "8 of 8"]
    assert all(row.reached for row in rows)


def test_streams_are_measured_by_their_first_byte_and_their_parts() -> None:
    first, parts = recorded_stream.rows(rounds=1)
    assert first.reach == "≤ + 2 ms"
    assert parts.measured == "10 of 10"


def test_memory_is_measured_above_the_clients_own() -> None:
    rows = list(recorded_memory.rows(10**6, with_vcrpy=False))
    assert [row.reach for row in rows] == ["≤ + 60 MB", "≤ + 60 MB", "× 1.0"]
    assert rows[0].reached
