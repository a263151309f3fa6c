"""Are archives and folders copied clean, whole where they can be, and never trusted?"""

import argparse
import base64
import bz2
import gzip
import hashlib
import io
import json
import os
import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from diagnostics.cli import redact
from diagnostics.cli.screen import Screen
from diagnostics.errors import Exit, UsageError
from diagnostics.redact import Gate
from diagnostics.redaction.archives import Spot, clean_any, copy_members
from diagnostics.redaction.budget import Bounded, Budget, WithheldError
from diagnostics.redaction.cleaning import Pass, Work
from diagnostics.redaction.copies import clean_copies
from diagnostics.redaction.files import SIZE_MOST
from diagnostics.redaction.members import (
    Member,
    folder_members,
    held_back,
    read_all,
    read_disk,
    zip_members,
)
from diagnostics.redaction.outcome import Outcome, Reason
from diagnostics.redaction.packers import NoPacker
from diagnostics.redaction.placing import Wanted

KEY = "inv3nted-akool-key-0001"
FILES = {
    "logs/app.log": f"calling with {KEY}\n".encode(),
    "logs/empty.log": b"",
    "settings.env": f"AKOOL_API_KEY={KEY}\n".encode(),
}
quick = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


def gate() -> Gate:
    return Gate(("", ""))


def play(*words: str, as_json: bool = False, verbose: int = 0) -> tuple[Exit, str]:
    parser = argparse.ArgumentParser()
    redact.arguments(parser)
    out = io.StringIO()
    streams = (out, io.StringIO())
    screen = Screen(as_json=as_json, gate=gate(), streams=streams, verbose=verbose)
    return redact.main(parser.parse_args(list(words)), screen), out.getvalue()


def zipped(files: Mapping[str, bytes]) -> bytes:
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return into.getvalue()


def tarred(files: Mapping[str, bytes], mode: str = "w:gz") -> bytes:
    into = io.BytesIO()
    with tarfile.open(fileobj=into, mode=mode) as archive:  # type: ignore[call-overload]  # the mode is a variable
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.uname, info.gname = len(data), "inventeduser", "inventedgroup"
            archive.addfile(info, io.BytesIO(data))
    return into.getvalue()


def opened(data: bytes) -> dict[str, bytes]:
    if data[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            assert archive.testzip() is None
            return {name: archive.read(name) for name in archive.namelist()}
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        held = {one.name: tar.extractfile(one) for one in tar.getmembers()}
        return {name: stream.read() if stream else b"" for name, stream in held.items()}


def tree(folder: Path) -> dict[str, bytes]:
    files = (one for one in sorted(folder.rglob("*")) if one.is_file())
    return {one.relative_to(folder).as_posix(): one.read_bytes() for one in files}


def cleaned(data: bytes, name: str, secret: str = "") -> tuple[bytes, list[Outcome]]:
    """Both passes over one archive in memory."""
    used = gate()
    used.register(secret, "invented-key")
    for turn in (Pass.LEARN, Pass.WRITE):
        work = Work(gate=used, turn=turn)
        made = clean_any(work, data, name, Spot(place=name))
    return made.data, work.outcomes


def reasons(outcomes: list[Outcome]) -> dict[str, Reason]:
    return {one.name: one.withheld for one in outcomes if one.withheld is not None}


# --- what is copied ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("all.zip", zipped(FILES)),
        ("all.tar", tarred(FILES, "w")),
        ("all.tar.gz", tarred(FILES)),
        ("all.tgz", tarred(FILES)),
        ("all.tar.bz2", tarred(FILES, "w:bz2")),
    ],
)
def test_an_archive_is_copied_clean_and_can_be_opened(
    tmp_path: Path, name: str, data: bytes
) -> None:
    (tmp_path / name).write_bytes(data)
    code, told = play(str(tmp_path / name), "--out", str(tmp_path / "clean"))
    assert code is Exit.OK
    made = opened((tmp_path / "clean" / name).read_bytes())
    assert list(made) == list(FILES)
    assert made["settings.env"].startswith(b"AKOOL_API_KEY=<secret:")
    assert made["logs/app.log"].startswith(b"calling with <secret:")
    assert KEY not in told
    assert (tmp_path / name).read_bytes() == data


@pytest.mark.parametrize(("suffix", "pack"), [(".gz", gzip.compress), (".bz2", bz2.compress)])
def test_a_packed_log_stays_packed_and_loses_its_secrets(
    tmp_path: Path, suffix: str, pack: Any
) -> None:
    source = tmp_path / f"app.log{suffix}"
    source.write_bytes(pack(f"api_key={KEY}\n".encode()))
    play(str(source), "--out", str(tmp_path / "clean"))
    shown = (tmp_path / "clean" / source.name).read_bytes()
    plain = gzip.decompress(shown) if suffix == ".gz" else bz2.decompress(shown)
    assert plain == b"api_key=<secret:api-key#1 len=23 ends=01>\n"


def test_the_name_and_time_in_a_gzip_head_go() -> None:
    into = io.BytesIO()
    with gzip.GzipFile(filename="inventeduser.log", mode="wb", fileobj=into, mtime=99) as file:
        file.write(b"hello")
    made, _ = cleaned(into.getvalue(), "a.log.gz")
    assert b"inventeduser" not in made
    assert gzip.decompress(made) == b"hello"


def test_whose_files_a_tar_holds_is_not_told() -> None:
    made, _ = cleaned(tarred(FILES, "w"), "all.tar")
    assert b"inventeduser" not in made
    assert b"inventedgroup" not in made


def test_comments_of_a_zip_go() -> None:
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w") as archive:
        archive.comment = KEY.encode()
        info = zipfile.ZipInfo("a.txt")
        info.comment = KEY.encode()
        archive.writestr(info, "hello")
    made, _ = cleaned(into.getvalue(), "a.zip")
    assert KEY.encode() not in made
    assert opened(made) == {"a.txt": b"hello"}


def test_a_folder_is_copied_beside_itself_or_below_another(tmp_path: Path) -> None:
    for name, data in FILES.items():
        (tmp_path / "run" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "run" / name).write_bytes(data)
    (tmp_path / "run" / "call.sh").write_text("echo hello\n")
    (tmp_path / "run" / "call.sh").chmod(0o755)
    code, told = play(str(tmp_path / "run"))
    assert code is Exit.OK
    made = tree(tmp_path / "run.redacted")
    assert set(made) == {*FILES, "call.sh"}
    assert KEY.encode() not in b"".join(made.values())
    assert os.access(tmp_path / "run.redacted" / "call.sh", os.X_OK)
    assert "run.redacted.certificate.json" in told
    play(str(tmp_path / "run"), "--out", str(tmp_path / "clean"))
    assert set(tree(tmp_path / "clean")) == {f"run/{one}" for one in made} | {"certificate.json"}


def test_a_folder_that_is_there_already_is_not_written_into(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "a.log").write_text("hello")
    (tmp_path / "run.redacted").mkdir()
    (tmp_path / "run.redacted" / "mine.txt").write_text("mine")
    with pytest.raises(UsageError) as caught:
        play(str(tmp_path / "run"), "--force")
    assert "--out" in str(caught.value.hint)
    assert tree(tmp_path / "run.redacted") == {"mine.txt": b"mine"}


def test_a_secret_that_one_member_names_is_hidden_in_all_others(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(zipped({"a.log": f"seen {KEY}".encode()}))
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "b.log").write_text(f"seen {KEY}")
    (tmp_path / "c.env").write_text(f"AKOOL_API_KEY={KEY}")
    play(*(str(tmp_path / one) for one in ("a.zip", "logs", "c.env")))
    inside = opened((tmp_path / "a.redacted.zip").read_bytes())["a.log"]
    beside = (tmp_path / "logs.redacted" / "b.log").read_bytes()
    assert inside == beside
    assert beside.startswith(b"seen <secret:")


def test_archives_in_archives_are_opened_to_a_depth(tmp_path: Path) -> None:
    data = f"api_key={KEY}".encode()
    for depth in range(6):
        data = zipped({f"level{depth}.{'zip' if depth else 'log'}": data})
    made, outcomes = cleaned(zipped({"in.tar.gz": tarred(FILES), "a.log": b"hello"}), "out.zip")
    inner = opened(opened(made)["in.tar.gz"])
    assert inner["logs/app.log"].startswith(b"calling with <secret:")
    assert "out.zip/in.tar.gz/logs/app.log" in {one.name for one in outcomes}
    made, outcomes = cleaned(zipped({"deep.zip": data, "a.log": b"hello"}), "out.zip")
    assert list(opened(made)) == ["a.log"]
    assert Reason.TOO_DEEP in reasons(outcomes).values()


def test_pictures_in_archives_lose_their_place(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8825)[1] = "N"
    exif[0x013B] = "Inv3nted Photographer"
    photo = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(photo, "JPEG", exif=exif)
    (tmp_path / "all.zip").write_bytes(zipped({"face.jpg": photo.getvalue()}))
    _, told = play(str(tmp_path / "all.zip"))
    made = opened((tmp_path / "all.redacted.zip").read_bytes())["face.jpg"]
    assert b"Inv3nted" not in made
    assert "picture-gps (picture)" in told
    assert Image.open(io.BytesIO(made)).size == (8, 8)


# --- names ------------------------------------------------------------------------------------


def test_secrets_in_names_go_and_names_that_meet_are_numbered() -> None:
    first, second = ("sk-" + f"proj-Qz7invent3dKey9xWv2L{n}" for n in "ab")
    names = [f"{first}/a.log", f"{second}/a.log", "Users/invented.person/notes.txt", "A.txt"]
    made, _ = cleaned(zipped(dict.fromkeys([*names, "a.txt"], b"hello")), "all.zip")
    assert list(opened(made)) == [
        "secret-openai-api-key-1/a.log",
        "secret-openai-api-key-2/a.log",
        "Users/user/notes.txt",
        "A.txt",
        "a-2.txt",
    ]


def test_the_same_name_twice_in_a_zip_loses_neither() -> None:
    made, _ = cleaned(
        zipped({"a.txt": b"first", "b.txt": b"second"}).replace(b"b.t", b"a.t"), "a.zip"
    )
    assert opened(made) == {"a.txt": b"first", "a-2.txt": b"second"}


@pytest.mark.parametrize(
    "name", ["../up.txt", "/etc/up.txt", "C:\\up.txt", "a/../../up.txt", "..\\up.txt", "/"]
)
def test_a_name_that_leads_out_of_its_archive_is_left_out(name: str) -> None:
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w") as archive:
        archive.writestr("a.txt", "hello")
        archive.writestr("_" * len(name), "up")
    data = into.getvalue().replace(b"_" * len(name), name.encode())
    made, outcomes = cleaned(data, "a.zip")
    assert list(opened(made)) == ["a.txt"]
    assert name.endswith("/") or list(reasons(outcomes).values()) == [Reason.UNSAFE_NAME]
    with tarfile.open(fileobj=(tar := io.BytesIO()), mode="w") as out:
        out.addfile(tarfile.TarInfo("a.txt"))
        out.addfile(tarfile.TarInfo(name))
    made, outcomes = cleaned(tar.getvalue(), "a.tar")
    assert list(opened(made)) == ["a.txt"]


# --- what is left out -------------------------------------------------------------------------


def test_what_cannot_be_checked_is_left_out_and_the_rest_goes_on(tmp_path: Path) -> None:
    files = {
        "a.log": b"hello",
        "data.sqlite": b"SQLite format 3\0" + bytes(100),
        "clip.mp4": b"\0\0\0\x18ftypmp42\0\0\0\0",
        "photo.heic": b"\0\0\0\x18ftypheic\0\0\0\0",
        "paper.pdf": b"%PDF-1.7 invented",
        "other.7z": b"7z\xbc\xaf\x27\x1c\0\x04",
        "torn.zip": b"PK\x03\x04 torn",
    }
    (tmp_path / "all.zip").write_bytes(zipped(files))
    code, told = play(str(tmp_path / "all.zip"))
    assert code is Exit.OK
    assert list(opened((tmp_path / "all.redacted.zip").read_bytes())) == ["a.log"]
    assert "left out 6 of 7 files inside" in told
    assert "all.zip/data.sqlite (116 bytes): binary" in told
    proof = json.loads((tmp_path / "all.redacted.zip.certificate.json").read_text())
    assert {one["file"]: one["reason"] for one in proof["withheld"]} == {
        "all.zip/data.sqlite": "binary",
        "all.zip/clip.mp4": "media",
        "all.zip/photo.heic": "picture",
        "all.zip/paper.pdf": "document",
        "all.zip/other.7z": "archive",
        "all.zip/torn.zip": "torn",
    }


def test_an_archive_of_which_nothing_is_left_is_not_written(tmp_path: Path) -> None:
    (tmp_path / "all.zip").write_bytes(zipped({"a.bin": bytes(range(256))}))
    code, told = play(str(tmp_path / "all.zip"))
    assert code is Exit.INCONCLUSIVE
    assert "nothing in it could be checked" in told
    assert [one.name for one in tmp_path.iterdir()] == ["all.zip"]


def test_encrypted_members_links_and_devices_are_left_out() -> None:
    data = bytearray(zipped({"a.log": b"hello", "b.log": b"closed"}))
    at = data.rfind(b"PK\x01\x02")
    data[at + 8] |= 1
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(into := io.BytesIO(bytes(data)), "a") as archive:
        archive.writestr(link, "/etc/passwd")
    _, outcomes = cleaned(into.getvalue(), "a.zip")
    assert reasons(outcomes) == {"a.zip/b.log": Reason.ENCRYPTED, "a.zip/link": Reason.LINK}
    with tarfile.open(fileobj=(tar := io.BytesIO()), mode="w") as out:
        out.addfile(tarfile.TarInfo("a.log"))
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE):
            info = tarfile.TarInfo(f"odd{kind.decode()}")
            info.type, info.linkname = kind, "/etc/passwd"
            out.addfile(info)
    _, outcomes = cleaned(tar.getvalue(), "a.tar")
    assert list(reasons(outcomes).values()) == [
        Reason.LINK,
        Reason.LINK,
        Reason.DEVICE,
        Reason.DEVICE,
    ]


def test_links_and_pipes_of_a_folder_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text(KEY)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "a.log").write_text("hello")
    (tmp_path / "run" / "link").symlink_to(tmp_path / "secret.txt")
    (tmp_path / "run" / "loop").symlink_to(tmp_path / "run")
    os.mkfifo(tmp_path / "run" / "pipe")
    (outcome,) = clean_copies(gate(), [tmp_path / "run"], Wanted())
    assert tree(tmp_path / "run.redacted") == {"a.log": b"hello"}
    assert reasons(list(outcome.members)) == {
        "run/link": Reason.LINK,
        "run/loop": Reason.LINK,
        "run/pipe": Reason.DEVICE,
    }


def test_a_bomb_is_left_out_before_it_is_unpacked() -> None:
    zeros = gzip.compress(bytes(1 << 20))
    used = Work(gate=gate(), turn=Pass.LEARN, budget=Budget(bytes_left=1 << 16))
    with pytest.raises(WithheldError) as caught:
        clean_any(used, zeros, "a.log.gz", Spot(place="a"))
    assert caught.value.reason is Reason.BOMB
    used = Work(gate=gate(), turn=Pass.LEARN, budget=Budget(bytes_left=1 << 16))
    with pytest.raises(WithheldError) as caught:
        clean_any(used, tarred({"zeros.bin": bytes(1 << 20)}), "a.tar.gz", Spot(place="a"))
    assert caught.value.reason in {Reason.BOMB, Reason.EMPTY}
    assert Reason.BOMB in reasons(used.outcomes).values()


def test_more_members_than_there_may_be_are_named_as_lost() -> None:
    used = Work(gate=gate(), turn=Pass.LEARN, budget=Budget(members_left=2))
    archive = io.BytesIO(zipped({f"{n}.log": b"x" for n in range(5)}))
    copy_members(used, zip_members(archive, used.budget), NoPacker(), Spot(place="a.zip"))
    assert reasons(used.outcomes) == {"a.zip/…": Reason.TOO_MANY}


def test_a_list_of_members_that_is_a_bomb_itself_is_not_read() -> None:
    end = b"PK\x05\x06" + bytes(8) + (1 << 31).to_bytes(4, "little") + bytes(6)
    data = b"PK\x03\x04" + bytes(17 << 20) + end
    with pytest.raises(WithheldError) as caught:
        cleaned(data, "a.zip")
    assert caught.value.reason is Reason.TOO_MANY


def test_a_tar_whose_middle_is_damaged_keeps_what_came_before() -> None:
    whole = tarred({"a.log": b"first" * 200, "b.log": b"second" * 200}, "w")
    made, outcomes = cleaned(whole[:1900], "a.tar")
    assert list(opened(made)) == ["a.log"]
    assert set(reasons(outcomes).values()) == {Reason.TORN}


def test_a_packed_file_that_is_cut_short_is_left_out() -> None:
    noise = hashlib.shake_256(b"noise").hexdigest(50_000).encode()
    with pytest.raises(WithheldError) as caught:
        cleaned(gzip.compress(noise)[:-20_000], "a.log.gz")
    assert caught.value.reason is Reason.TORN


def test_a_member_that_asks_for_more_than_a_header_may_is_refused() -> None:
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, 1 << 33
    data = info.tobuf(tarfile.GNU_FORMAT) + bytes(4096)
    with pytest.raises(WithheldError) as caught:
        cleaned(data, "a.tar")
    assert caught.value.reason is Reason.TORN


def test_a_file_that_went_away_or_grew_meanwhile_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("hello")
    (tmp_path / "b.log").write_text("hello")
    used = Work(gate=gate(), turn=Pass.LEARN)
    members = folder_members(tmp_path)
    first = next(members)
    (tmp_path / "a.log").unlink()
    (tmp_path / "b.log").unlink()
    copy_members(used, chain([sound(), first], members), NoPacker(), Spot(place="run"))
    assert reasons(used.outcomes) == {
        "run/a.log": Reason.UNREADABLE,
        "run/b.log": Reason.UNREADABLE,
    }


def sound() -> Member:
    return Member(name="sound.log", size=5, read=lambda: b"hello")


def test_a_folder_that_went_away_meanwhile_is_named(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.log").write_text("hello")
    members = folder_members(tmp_path)
    assert next(members).name == "a.log"
    (tmp_path / "sub").rmdir()
    assert [(one.name, one.problem, one.read()) for one in members] == [
        ("sub", Reason.UNREADABLE, b"")
    ]


def test_what_is_too_large_is_left_out_unread(tmp_path: Path) -> None:
    with (tmp_path / "large.log").open("wb") as file:
        file.truncate(SIZE_MOST + 1)
    assert [one.problem for one in folder_members(tmp_path)] == [Reason.TOO_LARGE]
    ways: list[Callable[[], bytes]] = [
        lambda: read_disk(tmp_path / "large.log", 100),
        lambda: read_all(io.BytesIO(b"x" * 101), Budget(), 100),
    ]
    for read in ways:
        with pytest.raises(WithheldError) as caught:
            read()
        assert caught.value.reason is Reason.TOO_LARGE


def test_a_tar_is_read_past_folders_and_bad_members_that_name_others() -> None:
    with tarfile.open(fileobj=(tar := io.BytesIO()), mode="w") as out:
        folder, link, last = map(tarfile.TarInfo, ("sub", "sub/manifest.json", "tape.jsonl"))
        folder.type, link.type, link.linkname = tarfile.DIRTYPE, tarfile.SYMTYPE, "x"
        out.addfile(tarfile.TarInfo("a.log"))
        out.addfile(folder)
        out.addfile(link)
        last.size = 100_000
        out.addfile(last, io.BytesIO(bytes(100_000)))
    made, outcomes = cleaned(tar.getvalue()[:20_000], "a.tar")
    assert list(opened(made)) == ["a.log"]
    assert reasons(outcomes)["a.tar/…"] is Reason.TORN


def test_a_tape_in_a_tar_that_is_a_bomb_is_left_out_alone() -> None:
    used = Work(gate=gate(), turn=Pass.LEARN)
    member = Member(name="a.log", size=1, read=lambda: b"x")
    held = Member(name="tape.jsonl", size=1, read=lambda: read_all(io.BytesIO(b"xx"), Budget(), 1))
    copy_members(used, iter([member, held_back(held)]), NoPacker(), Spot(place="a.tar"))
    assert reasons(used.outcomes) == {"a.tar/tape.jsonl": Reason.TOO_LARGE}
    assert held_back(replace(held, problem=Reason.LINK)).problem is Reason.LINK


def test_a_seek_that_goes_back_or_nowhere_ends_the_reading() -> None:
    bounded = Bounded(io.BytesIO(b"hello"), Budget())
    assert bounded.seek(100) == 5
    assert bounded.tell() == 5
    for offset, whence in ((50, io.SEEK_SET), (200, io.SEEK_CUR)):
        with pytest.raises(WithheldError):
            bounded.seek(offset, whence)


def test_a_wide_list_of_members_is_measured_too() -> None:
    wide = b"PK\x06\x06" + bytes(36) + (1 << 40).to_bytes(8, "little") + bytes(8)
    end = b"PK\x05\x06" + bytes(8) + b"\xff" * 4 + bytes(6)
    with pytest.raises(WithheldError) as caught:
        cleaned(b"PK\x03\x04" + bytes(17 << 20) + wide + end, "a.zip")
    assert caught.value.reason is Reason.TOO_MANY


class Careless(Gate):
    """A gate that overlooks everything, so that only the last look finds it."""

    def text(self, text: str) -> str:
        """Let it through."""
        return text


def test_a_secret_that_was_overlooked_stops_the_copy_at_the_last_look(tmp_path: Path) -> None:
    used = Careless(("", ""))
    used.register(KEY, "invented-key")
    (tmp_path / "a.log").write_text(KEY)
    (tmp_path / "a.zip").write_bytes(zipped({"a.log": KEY.encode(), "b.log": b"hello"}))
    for preview in (True, False):
        outcomes = clean_copies(
            used, [tmp_path / "a.log", tmp_path / "a.zip"], Wanted(preview=preview)
        )
        assert outcomes[0].withheld is Reason.LEAK
        assert reasons(list(outcomes[1].members)) == {"a.zip/a.log": Reason.LEAK}
    assert not (tmp_path / "a.redacted.log").exists()
    assert opened((tmp_path / "a.redacted.zip").read_bytes()) == {"b.log": b"hello"}


def test_an_archive_that_goes_away_between_the_passes_is_left_out(tmp_path: Path) -> None:
    class Slow(Gate):
        def text(self, text: str) -> str:
            if text == "b.zip" and (tmp_path / "b.zip.seen").exists():
                (tmp_path / "b.zip").unlink(missing_ok=True)
            (tmp_path / "b.zip.seen").touch()
            return super().text(text)

    (tmp_path / "b.zip").write_bytes(zipped({"b.log": b"hello"}))
    (outcome,) = clean_copies(Slow(("", "")), [tmp_path / "b.zip"], Wanted())
    assert outcome.withheld is Reason.UNREADABLE


def test_a_copy_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(zipped(FILES))
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UsageError) as caught:
        clean_copies(gate(), [tmp_path / "a.zip"], Wanted(out=tmp_path / "file" / "x"))
    assert "--out" in str(caught.value.hint)


def test_an_empty_folder_in_the_way_is_used_and_a_link_to_itself_replaced(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "a.log").write_text("hello")
    (tmp_path / "run.redacted").mkdir()
    (tmp_path / "b.log").write_text("hello")
    (tmp_path / "b.redacted.log").symlink_to(tmp_path / "b.redacted.log")
    clean_copies(gate(), [tmp_path / "run", tmp_path / "b.log"], Wanted())
    assert tree(tmp_path / "run.redacted") == {"a.log": b"hello"}
    assert (tmp_path / "b.redacted.log").read_text() == "hello"
    assert not (tmp_path / "b.redacted.log").is_symlink()


def test_a_name_too_long_for_a_disk_is_shortened() -> None:
    made, _ = cleaned(zipped({"x" * 300 + ".log": b"hello", "y\x07.log": b"hello"}), "a.zip")
    assert list(opened(made)) == ["x" * 176 + ".log", "y_.log"]


def test_a_full_disk_is_an_error_and_not_a_damaged_archive(tmp_path: Path) -> None:
    class Full(NoPacker):
        def add(self, member: Member, name: str, data: bytes) -> None:
            raise OSError(28, "No space left on device")

    used = Work(gate=gate(), turn=Pass.WRITE)
    archive = io.BytesIO(zipped(FILES))
    with pytest.raises(OSError, match="No space"):
        copy_members(used, zip_members(archive, used.budget), Full(), Spot(place="a.zip"))


# --- our own ----------------------------------------------------------------------------------


def bundle() -> dict[str, bytes]:
    body, same = f'{{"note": "{KEY}"}}'.encode(), b'{"nothing": "in it"}'
    name = hashlib.sha256(body).hexdigest()
    line = {"n": 0, "request": {"method": "GET", "url": "https://h.test/", "blob": name}}
    members = {
        "report.txt": f"the key {KEY} was refused\n".encode(),
        "settings.env": f"AKOOL_API_KEY={KEY}\n".encode(),
        "tape.jsonl": json.dumps({**line, "answer": {"status": 200}}).encode() + b"\n",
        f"blobs/{name}": body,
        f"blobs/{hashlib.sha256(same).hexdigest()}": same,
        "clip.mp4": b"\0\0\0\x18ftypmp42\0\0\0\0",
    }
    manifest = {
        "schema": "diagnostics.bundle/1",
        "members": [
            {"name": name, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
            for name, data in members.items()
        ],
        "left_out": [],
    }
    return {"manifest.json": json.dumps(manifest).encode(), **members}


def check_bundle(made: Mapping[str, bytes]) -> None:
    manifest = json.loads(made["manifest.json"])
    listed = {one["name"]: one for one in manifest["members"]}
    assert set(listed) == set(made) - {"manifest.json"}
    for name, one in listed.items():
        assert one["bytes"] == len(made[name])
        assert one["sha256"] == hashlib.sha256(made[name]).hexdigest()
    assert [one["name"] for one in manifest["left_out"]] == ["clip.mp4"]
    blob = json.loads(made["tape.jsonl"])["request"]["blob"]
    assert hashlib.sha256(made[f"blobs/{blob}"]).hexdigest() == blob
    assert KEY.encode() not in b"".join(made.values())


def test_the_manifest_of_a_bundle_tells_the_new_hashes_and_the_tape_the_new_blobs() -> None:
    made, _ = cleaned(zipped(bundle()), "bundle.zip")
    check_bundle(opened(made))


def test_a_bundle_that_was_unpacked_or_packed_otherwise_stays_whole_too(tmp_path: Path) -> None:
    made, _ = cleaned(tarred(bundle()), "bundle.tar.gz")
    check_bundle(opened(made))
    for name, data in bundle().items():
        (tmp_path / "bundle" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "bundle" / name).write_bytes(data)
    play(str(tmp_path / "bundle"))
    check_bundle(tree(tmp_path / "bundle.redacted"))


def test_somebody_elses_manifest_is_only_a_text() -> None:
    for text in (b'{"members": [], "schema": "theirs/1"}', b"[1, 2]", b"torn {"):
        made, _ = cleaned(zipped({"a.log": b"x", "manifest.json": text}), "a.zip")
        assert opened(made)["manifest.json"] == text


# --- any bytes --------------------------------------------------------------------------------

SAMPLES = {
    "a.zip": zipped(FILES),
    "a.tar": tarred(FILES, "w"),
    "a.tar.gz": tarred(FILES),
    "a.log.gz": gzip.compress(b"hello"),
    "a.tar.bz2": tarred(FILES, "w:bz2"),
}


@quick
@given(st.sampled_from(sorted(SAMPLES)), st.integers(0, 4000), st.binary(min_size=1, max_size=6))
def test_no_damage_makes_an_archive_raise(name: str, at: int, other: bytes) -> None:
    data = bytearray(SAMPLES[name])
    start = at % len(data)
    data[start : start + len(other)] = other
    try:
        made, _ = cleaned(bytes(data), name, KEY)
    except WithheldError:
        return
    assert KEY.encode() not in made


@quick
@given(
    st.sampled_from([b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b\x08", b"BZh9", b""]),
    st.binary(max_size=600),
)
def test_no_bytes_make_it_raise(head: bytes, rest: bytes) -> None:
    with suppress(WithheldError):
        made, _ = cleaned(head + rest + KEY.encode(), "a.tar", KEY)
        assert KEY.encode() not in made


def everything(data: bytes) -> Iterator[bytes]:
    """All that can be unpacked from a copy: itself, its members, their names, what is encoded."""
    yield data
    try:
        inner = opened(data) if data[:2] in {b"PK", b"\x1f\x8b"} else {}
    except tarfile.TarError:
        inner = {"packed": gzip.decompress(data)}
    for name, held in inner.items():
        yield name.encode()
        yield from everything(held)
    for word in data.split(b'"'):
        if len(word) > 12 and len(word) % 4 == 0:
            try:
                yield base64.b64decode(word, validate=True)
            except ValueError:
                continue


def as_log(secret: str) -> tuple[str, bytes]:
    return "a.log", f"GET /v1?x={secret} said {secret}".encode()


def as_json(secret: str) -> tuple[str, bytes]:
    return "a.json", json.dumps({"a": [{"b": json.dumps({"c": secret})}]}).encode()


def as_tape(secret: str) -> tuple[str, bytes]:
    body = base64.b64encode(b"\xff" + secret.encode()).decode()
    line = {"request": {"method": "GET", "url": "https://h.test/", "body64": body}, "answer": {}}
    return "tape.jsonl", json.dumps(line).encode()


def as_name(secret: str) -> tuple[str, bytes]:
    return f"logs/{secret}.txt", b"hello"


def in_gzip(secret: str) -> tuple[str, bytes]:
    return "b.log.gz", gzip.compress(as_log(secret)[1])


def in_zip(secret: str) -> tuple[str, bytes]:
    return "b.zip", zipped(dict([as_json(secret), as_name(secret)]))


def in_tar(secret: str) -> tuple[str, bytes]:
    return "b.tar.gz", tarred(dict([as_tape(secret), in_gzip(secret)]))


WAYS = [as_log, as_json, as_tape, as_name, in_gzip, in_zip, in_tar]


@quick
@given(
    st.text("abcdefghjkmnpqrstuvwxyz23456789", min_size=14, max_size=40),
    st.lists(st.sampled_from(WAYS), min_size=1, max_size=4, unique=True),
)
def test_no_planted_secret_survives_in_any_byte_of_a_copy(secret: str, ways: list[Any]) -> None:
    secret = f"Qz7{secret}"
    used = gate()
    used.register(secret, "invented-key")
    data = zipped(dict(way(secret) for way in ways))
    work = Work(gate=used, turn=Pass.WRITE)
    made = clean_any(work, data, "all.zip", Spot(place="all.zip"))
    assert not reasons(work.outcomes)
    for piece in everything(made.data):
        assert secret.encode() not in piece
    assert all(secret not in one.name and secret not in one.copy for one in work.outcomes)
