"""Does an upload lose its secrets although a film stands beside them, and keep the film?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.redact import Gate

KIND = "multipart/form-data; boundary=edge"
FILM = b"\0\0\0\x20ftypisom" + bytes(range(256)) * 4
KEY = b"inv3nted-pass-phrase"


def part(name: str, value: bytes, more: str = "") -> bytes:
    head = f'--edge\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'
    return head.encode() + value + b"\r\n"


FILE = '; filename="/home/mkovalev/a.mp4"\r\nContent-Type: video/mp4'
WHOLE = part("api_key", KEY) + part("video", FILM, FILE) + part("note", b"a fox") + b"--edge--\r\n"


@pytest.mark.parametrize("kind", [KIND, None, "application/octet-stream"])
def test_a_field_beside_a_film_goes_and_the_film_stays_to_the_byte(kind: str | None) -> None:
    shown = Gate(("", "")).body(WHOLE, kind)
    told = WHOLE.replace(KEY, b"<secret:api-key#1 len=20 ends=se>").replace(b"mkovalev", b"<user>")
    assert shown.replace(b" ends=se", b"") == told.replace(b" ends=se", b"")
    assert FILM in shown


def test_a_known_secret_in_the_film_withholds_the_film_alone() -> None:
    made = Gate(("", ""))
    made.register("invented-akool-key-0001", "akool-api-key")
    body = part("note", b"a fox") + part("video", FILM + b"invented-akool-key-0001", FILE)
    shown = made.body(body + b"--edge--", KIND)
    assert b"invented-akool-key-0001" not in shown
    assert b"a fox\r\n--edge" in shown
    assert b"<withheld:data#1" in shown


def test_an_upload_without_secrets_is_the_same_object() -> None:
    clean = part("note", b"a fox") + part("video", FILM) + b"--edge--\r\n"
    assert Gate(("", "")).body(clean, KIND) == clean


@given(st.binary(max_size=200), st.sampled_from([b"--edge", b"--edge\r\n", b"--", b""]))
def test_no_bytes_make_it_raise_and_no_field_survives(junk: bytes, head: bytes) -> None:
    made = Gate(("", ""))
    made.body(head + junk, KIND)
    shown = made.body(part("video", FILM + junk) + part("password", KEY) + b"--edge--", KIND)
    assert KEY not in shown
