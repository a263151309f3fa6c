"""Is an address judged by its spelling alone, as far as that goes and no further?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.check import REACH, Violation, check
from diagnostics.checking.url import judged, trouble
from diagnostics.checking.url_words import TROUBLES
from diagnostics.contract_load import load
from diagnostics.model import Json
from tests.contract_cases import AKOOL

PHOTO = AKOOL.operations["createTalkingPhoto"]
GOOD: dict[str, Json] = {
    "talking_photo_url": "https://cdn.invented-shop.com/face.jpg",
    "audio_url": "https://cdn.invented-shop.com/speech.mp3",
}


def of(body: dict[str, Json], *, local: bool = False) -> list[Violation]:
    return check(AKOOL, PHOTO, body={**GOOD, **body}, local=local)


@pytest.mark.parametrize(
    "url",
    [
        "https://cdn.invented-shop.com/a.jpg",
        "http://cdn.invented-shop.com:8080/a.jpg?x=1&y=%20#z",
        "HTTPS://CDN.Invented-Shop.com/A.JPG",
        "https://xn--e1afmkfd.xn--p1ai/a.jpg",
        "https://8.8.8.8/a.jpg",
        "https://[::ffff:8.8.8.8]/a.jpg",
        "https://[2606:4700:4700::1111]/a.jpg",
        "https://cdn.invented-shop.com./a.jpg",
        "https://bucket.s3.eu-west-1.amazonaws.com/k_e-y~.png?X-Amz-Expires=900",
    ],
)
def test_a_public_address_is_left_alone(url: str) -> None:
    assert trouble(url) is None
    assert list(judged(url, "audio_url")) == []


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("/home/me/face.jpg", "url-file-path"),
        ("./face.jpg", "url-file-path"),
        ("~/face.jpg", "url-file-path"),
        ("C:\\Users\\me\\face.jpg", "url-file-path"),
        ("file:///tmp/face.jpg", "url-file-path"),
        ("face.jpg", "url-file-path"),
        ("data:image/png;base64,iVBORw0KGgo=", "url-data"),
        ("/9j/4AAQSkZJRg" * 1000, "url-data"),
        ("cdn.invented-shop.com/face.jpg", "url-no-scheme"),
        ("//cdn.invented-shop.com/face.jpg", "url-no-scheme"),
        ("s3://bucket/face.jpg", "url-scheme"),
        ("ftp://files.invented-shop.com/face.jpg", "url-scheme"),
        ("gs://bucket/face.jpg", "url-scheme"),
        ("a face", "url-malformed"),
        ("javascript:alert(1)", "url-malformed"),
        ("https:/cdn.invented-shop.com/a.jpg", "url-malformed"),
        ("https://", "url-malformed"),
        ("https://cdn.invented-shop.com:port/a.jpg", "url-malformed"),
        ("https://[::1/a.jpg", "url-malformed"),
        ("https://a..b/a.jpg", "url-malformed"),
        ("https://1.2.3/a.jpg", "url-malformed"),
        (f"https://{'a' * 64}.com/a.jpg", "url-malformed"),
        ("https://cdn.invented-shop.com/my face.jpg", "url-space"),
        ("https://cdn.invented-shop.com/face.jpg\n", "url-space"),
        ("https://cdn.invented-shop.com/\u202eface.jpg", "url-space"),
        ("http://localhost/face.jpg", "url-local"),
        ("http://localhost:8000/face.jpg", "url-local"),
        ("http://127.0.0.1/face.jpg", "url-local"),
        ("http://10.0.0.7/face.jpg", "url-local"),
        ("http://192.168.1.7/face.jpg", "url-local"),
        ("http://169.254.169.254/latest", "url-local"),
        ("http://[::1]/face.jpg", "url-local"),
        ("http://[::ffff:10.0.0.1]/face.jpg", "url-local"),
        ("http://nas/face.jpg", "url-local"),
        ("http://nas.local/face.jpg", "url-local"),
        ("http://files.corp.internal/face.jpg", "url-local"),
        ("http://shop.test/face.jpg", "url-reserved"),
        ("http://shop.invalid/face.jpg", "url-reserved"),
        ("https://example.com/face.jpg", "url-placeholder"),
        ("https://cdn.example.org/face.jpg", "url-placeholder"),
        ("https://your-domain.com/face.jpg", "url-placeholder"),
        ("https://xxxx.com/face.jpg", "url-placeholder"),
        ("https://cdn.invented-shop.com/{id}.jpg", "url-template"),
        ("https://cdn.invented-shop.com/<id>.jpg", "url-template"),
        ("https://cdn.invented-shop.com/...", "url-template"),
        ("https://me:pass@cdn.invented-shop.com/face.jpg", "url-credentials"),
        ("https://cdn.invented-shop.com/лицо.jpg", "url-not-ascii"),
        ("https://drive.google.com/file/d/1/view?usp=sharing", "url-viewer"),
        ("https://github.com/me/it/blob/main/face.jpg", "url-viewer"),
    ],
)
def test_each_way_to_be_unfetchable_has_its_name(url: str, kind: str) -> None:
    (said,) = of({"talking_photo_url": url})
    assert (said.kind, said.parameter) == (kind, "talking_photo_url")
    assert said.fails is TROUBLES[kind][0]
    assert said.code == ("1015" if said.fails else None)
    assert said.remedy.en


def test_what_only_a_reader_can_mend_warns_and_what_nobody_can_fetch_fails() -> None:
    warns = {kind for kind, (fails, _, _) in TROUBLES.items() if not fails}
    assert {"url-placeholder", "url-template", "url-viewer", "webhook-local"} <= warns
    assert not warns & (REACH | {"url-file-path", "url-data", "url-malformed"})


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9000/_media/a.jpg", "http://akool.emulator.test/a"]
)
def test_a_target_on_this_machine_reaches_this_machine(url: str) -> None:
    assert [said.kind for said in of({"audio_url": url})]
    assert of({"audio_url": url}, local=True) == []


@pytest.mark.parametrize(
    ("url", "kind", "fails"),
    [
        ("http://hooks.invented-shop.com/a", "webhook-http", False),
        ("https://localhost/a", "webhook-local", False),
        ("https://10.0.0.1/a", "webhook-local", False),
        ("https://example.com/a", "webhook-url-placeholder", False),
        ("/a", "webhook-url-file-path", True),
        ("hooks.invented-shop.com/a", "url-no-scheme", True),
    ],
)
def test_a_callback_address_must_be_public_https(url: str, kind: str, fails: bool) -> None:  # noqa: FBT001  # what is expected
    (said,) = of({"webhookUrl": url})
    assert (said.kind, said.parameter, said.fails) == (kind, "webhookUrl", fails)


def test_a_good_callback_and_an_empty_one_are_fine() -> None:
    assert of({"webhookUrl": "https://hooks.invented-shop.com/a"}) == []
    assert of({"webhookUrl": ""}) == []


def test_every_address_of_a_list_is_judged_by_its_place() -> None:
    op = AKOOL.operations["analyzeFrames"]
    body = {"frame_urls": [GOOD["audio_url"], "/tmp/b.jpg", 7, "http://localhost/c.jpg"]}
    found = {said.parameter: said.kind for said in check(AKOOL, op, body=body)}
    assert found == {
        "frame_urls[1]": "url-file-path",
        "frame_urls[2]": "type",
        "frame_urls[3]": "url-local",
    }


@given(st.text(max_size=60) | st.text(max_size=40).map("https://{}".format))
def test_no_text_makes_the_judge_of_addresses_raise(text: str) -> None:
    for webhook in (False, True):
        assert all(said.says.en.isprintable() for said in judged(text, "x", webhook=webhook))


@pytest.mark.parametrize(
    ("provider", "call", "field"),
    [
        ("replicate", "createModelPrediction", {"webhook_events_filter": ["completed"]}),
        ("heygen", "createVideo", {"callback_id": "order-17"}),
    ],
)
def test_what_only_sounds_like_a_callback_is_no_address(
    provider: str, call: str, field: dict[str, object]
) -> None:
    contract = load(provider)
    op = contract.operations[call]
    example = next(iter(op.examples.values()))
    found = check(contract, op, body={**example, **field}, local=True)
    assert not [one for one in found if one.parameter.startswith(next(iter(field)))]
