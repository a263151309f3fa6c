"""What may a ZIP try, and what becomes of it? Refused by name, within bounds, never a traceback."""

import io
import json
import stat
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from diagnostics import bundle
from diagnostics.capture import Raw
from diagnostics.cli.main import main
from diagnostics.errors import DiagnosticsError, TargetError, UsageError


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    out = tmp_path_factory.mktemp("out")
    options = ["--provider", "replicate", "--target", "emulator", "network"]
    main(["run", *options, "--out", str(out), "--format", "zip"])
    return next(out.glob("*/bundle.zip")).read_bytes()


Members = dict[str, bytes]


def members(data: bytes) -> Members:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(held: Members, *more: tuple[zipfile.ZipInfo | str, bytes]) -> bytes:
    to = io.BytesIO()
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in (*held.items(), *more):
            archive.writestr(name, data)
    return to.getvalue()


def read(data: bytes) -> bundle.Bundle:
    return bundle.read(Raw(name="bundle.zip", data=data))


def refusal(data: bytes) -> UsageError:
    with pytest.raises(UsageError) as caught:
        read(data)
    assert caught.value.place
    assert caught.value.hint
    return caught.value


def test_a_good_one_holds_what_its_manifest_says(good: bytes) -> None:
    found = read(good)
    assert (found.changed, found.missing, found.extra) == ((), (), ())
    assert len(found.reading.tape) > 0
    bundle.whole(found, "bundle.zip")


# --- it is not what was made --------------------------------------------------------------------


def test_a_changed_member_is_named(good: bytes) -> None:
    held = members(good)
    held["report.txt"] += b"and one line more"
    found = read(zipped(held))
    assert found.changed == ("report.txt",)
    with pytest.raises(TargetError, match=r"changed: report\.txt"):
        bundle.whole(found, "bundle.zip")


def test_a_missing_member_is_named(good: bytes) -> None:
    held = members(good)
    del held["verdict.json"]
    found = read(zipped(held))
    assert (found.missing, found.verdict) == (("verdict.json",), b"")
    with pytest.raises(TargetError, match=r"missing: verdict\.json"):
        bundle.whole(found, "bundle.zip")


def test_a_member_too_many_is_named_and_left_aside(good: bytes) -> None:
    found = read(zipped(members(good), ("notes.txt", b"seen by the second line of support")))
    assert found.extra == ("notes.txt",)
    bundle.whole(found, "bundle.zip")


@pytest.mark.parametrize("manifest", [b"", b"{}", b"[]", b'{"members": 7}', b"\xff\xfe", b"null"])
def test_a_manifest_that_is_none_of_ours_is_refused(good: bytes, manifest: bytes) -> None:
    assert "manifest" in str(refusal(zipped({**members(good), "manifest.json": manifest})))


def test_odd_rows_of_a_manifest_vouch_for_nothing(good: bytes) -> None:
    held = members(good)
    rows = [7, {}, {"name": None, "sha256": []}, {"name": "tape.jsonl", "sha256": "0"}]
    held["manifest.json"] = json.dumps({"members": rows}).encode()
    assert "tape.jsonl" in read(zipped(held)).changed


def test_without_a_tape_it_is_no_bundle(good: bytes) -> None:
    held = members(good)
    del held["tape.jsonl"]
    data = zipped(held)
    assert not bundle.is_bundle(Raw(name="a.zip", data=data))
    assert "no tape" in str(refusal(data))


def test_a_tape_that_tells_no_case_is_refused(good: bytes) -> None:
    refusal(zipped({**members(good), "tape.jsonl": b"{}\n"}))


# --- it wants out -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["../evil", "blobs/../../evil", "/etc/evil", "C:\\evil", "C:evil", "..\\evil", "\\\\host\\x"],
)
def test_a_name_that_leads_out_is_refused_by_name(good: bytes, name: str) -> None:
    error = refusal(zipped(members(good), (name, b"x")))
    assert "leads out" in str(error)
    assert "evil" in (error.place or "") or "host" in (error.place or "")


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO])
def test_links_and_devices_are_refused(good: bytes, kind: int) -> None:
    link = zipfile.ZipInfo("blobs/" + "0" * 64)
    link.create_system = 3
    link.external_attr = (kind | 0o777) << 16
    assert "link or a device" in str(refusal(zipped(members(good), (link, b"/etc/passwd"))))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_the_same_name_twice_is_refused(good: bytes) -> None:
    assert "twice" in str(refusal(zipped(members(good), ("tape.jsonl", b"another"))))


# --- it swells, or hides ------------------------------------------------------------------------


def test_a_bomb_is_refused_before_it_is_opened(good: bytes) -> None:
    swelling = zipped(members(good), ("bomb", b"\0" * (3 << 20)))
    assert "swells" in str(refusal(swelling))


def _claiming(data: bytes, name: str, size: int) -> bytes:
    """The list of members tells another size than what is there."""
    at = data.rindex(name.encode()) - 46
    assert data[at : at + 4] == b"PK\x01\x02"
    return data[: at + 24] + size.to_bytes(4, "little") + data[at + 28 :]


def test_a_member_that_claims_to_be_huge_is_refused(good: bytes) -> None:
    assert "256 MB" in str(refusal(_claiming(good, "report.txt", 0xF0000000)))


def test_a_member_that_lies_about_its_size_counts_as_changed(good: bytes) -> None:
    found = read(_claiming(good, "report.txt", 10))
    assert found.changed == ("report.txt",)


def test_an_encrypted_member_is_refused(good: bytes) -> None:
    at = good.rindex(b"report.txt") - 46
    locked = good[: at + 8] + b"\x01\x00" + good[at + 10 :]
    assert "encrypted" in str(refusal(locked))


def test_more_members_than_any_bundle_has_are_refused(good: bytes) -> None:
    crowd = [(f"blobs/{n}", b"") for n in range(bundle.MEMBERS_MOST)]
    assert "members" in str(refusal(zipped(members(good), *crowd)))


def test_a_list_of_members_beyond_bounds_is_not_even_read(good: bytes) -> None:
    at = good.rindex(b"PK\x05\x06")
    endless = good[: at + 12] + (200 << 20).to_bytes(4, "little") + good[at + 16 :]
    assert not bundle.is_bundle(Raw(name="a.zip", data=endless))
    refusal(endless)


# --- any bytes ----------------------------------------------------------------------------------

CALM = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)


@given(st.binary(max_size=400), st.sampled_from([b"", b"PK\x03\x04", b"PK\x05\x06"]))
def test_any_bytes_are_an_error_and_nothing_else(data: bytes, head: bytes) -> None:
    raw = Raw(name="bundle.zip", data=head + data)
    bundle.is_bundle(raw)
    with pytest.raises(DiagnosticsError):
        bundle.read(raw)


@CALM
@given(at=st.floats(0, 1), byte=st.integers(-1, 255))
def test_a_bundle_with_any_byte_changed_is_an_error_or_named(
    good: bytes, at: float, byte: int
) -> None:
    """-1 cuts it off there."""
    where = int(at * (len(good) - 1))
    torn = good[:where] + (b"" if byte < 0 else bytes([byte]) + good[where + 1 :])
    with suppress(DiagnosticsError):
        found = read(torn)
        changed = (*found.changed, *found.missing, *found.extra)
        same = members(good) if not changed else None
        assert same is None or found.verdict == same["verdict.json"]


def test_the_command_says_it_in_one_line_each(
    good: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bundle.zip"
    path.write_bytes(zipped(members(good), ("../evil", b"x")))
    assert main(["replay", str(path)]) == 2
    said = capsys.readouterr().err
    assert "../evil" in said
    assert "hint:" in said
    held = members(good)
    held["tape.jsonl"] = held["tape.jsonl"].replace(b"404", b"500")
    path.write_bytes(zipped(held))
    assert main(["replay", str(path)]) == 3
    assert "changed: tape.jsonl" in capsys.readouterr().err
