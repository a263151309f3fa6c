"""Are callbacks signed and encrypted as two independent libraries agree?"""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.webhooks.scheme import Seal, SecretProblem, Stamp, Unopened
from diagnostics.webhooks.schemes.akool import SCHEME, encrypt, signature
from tests.webhook_cases import AKOOL, delivery

ID = "AKtestClientId1234567890"
PLAIN = json.dumps(
    {
        "_id": "65f8180c24d9989e93dde3b6",
        "status": 3,
        "type": "faceswap",
        "url": "https://example.com/r.png",
    },
    separators=(",", ":"),
)
VECTORS = (  # facts/akool_errors.json, own_test_vectors: pycryptodome and crypto-js
    (
        "0123456789abcdef01234567",
        (
            "7FYhdIXHL6q1Z0axw0grjHwchbYltssCJAVaQFVpDYUONhtYckKhTIne+ccRy7LI1Kf8R5LeMLAkcnXEfO30mwiJK4"
            "EhnRdJOvGv0BJd770MG1hZyOfV6aGD1BeKlnhWP4PCDzrZUfcnZ2xhfi76PQ=="
        ),
        "d74e4cd586aace8547a772343e121430b8ffffd2",
    ),
    (
        "0123456789abcdef0123456789abcdef",
        (
            "5jZepUKkg1zabchlcyd6M6T8tJe+DVQoE0LA4pUUIPYolU7hVyosI+zk7dDX6OQFznjgHih0vSJsv42nAbNnAkrlpok"
            "qltDbAOfFFtA00pOGvamGABEPTgIffm1V+1Yq5OFtkG9HRH3XzBmqy3+Fyw=="
        ),
        "0a4ff9c47c9a3cb03c09ec48775084ac88dd5561",
    ),
)
STAMP, NONCE = 1710757981609, "1529"


@pytest.mark.parametrize(("secret", "hidden", "signed"), VECTORS)
def test_the_known_vectors_are_reproduced_both_ways(secret: str, hidden: str, signed: str) -> None:
    assert encrypt(PLAIN, client_id=ID, client_secret=secret) == hidden
    assert SCHEME.opened(Seal(content=hidden), b"", (ID, secret)).decode() == PLAIN
    assert signature(ID, STAMP, NONCE, hidden) == signed
    stamp = Stamp(id="", at_s=STAMP / 1000, nonce=NONCE)
    headers, body = SCHEME.seal(AKOOL, PLAIN.encode(), (ID, secret), stamp)
    assert headers == ()
    assert json.loads(body) == {
        "signature": signed,
        "dataEncrypt": hidden,
        "timestamp": STAMP,
        "nonce": NONCE,
    }


def test_a_nonce_as_number_or_text_gives_one_signature() -> None:
    assert signature(ID, STAMP, 1529, "x") == signature(ID, str(STAMP), "1529", "x")


def test_a_changed_callback_does_not_verify() -> None:
    stamp = Stamp(id="", at_s=STAMP / 1000, nonce=NONCE)
    _, body = SCHEME.seal(AKOOL, PLAIN.encode(), (ID, VECTORS[0][0]), stamp)
    sealed = json.loads(body)

    def fits(client_id: str, **change: object) -> bool:
        changed = delivery({}, json.dumps({**sealed, **change}).encode())
        return SCHEME.fits(SCHEME.read(AKOOL, changed), changed.body, SCHEME.key(client_id))

    assert fits(ID)
    assert fits(ID, nonce=int(NONCE), timestamp=float(STAMP))
    for change in ({"nonce": "1"}, {"timestamp": 1}, {"dataEncrypt": "AAAA"}, {"signature": None}):
        assert not fits(ID, **change)
    assert not fits("AKotherClientId123456789")


@given(st.text(max_size=200), st.text(min_size=1, max_size=40).filter(lambda t: t.isascii()))
def test_every_text_comes_back_whatever_the_client_id(plain: str, client_id: str) -> None:
    plain = plain.encode("utf-8", "ignore").decode()
    hidden = encrypt(plain, client_id=client_id, client_secret="s" * 16)
    assert SCHEME.opened(Seal(content=hidden), b"", (client_id, "s" * 16)).decode() == plain


@given(st.text(max_size=120))
def test_what_does_not_decrypt_is_said_and_nothing_else(hidden: str) -> None:
    with pytest.raises(Unopened) as caught:
        SCHEME.opened(Seal(content=hidden), b"", (ID, VECTORS[0][0]))
    assert caught.value.why.ru


def test_a_secret_of_a_wrong_length_is_named() -> None:
    with pytest.raises(SecretProblem, match="17 bytes"):
        encrypt("x", client_id=ID, client_secret="s" * 17)
