"""Where does a private address stay, and where does it go? Judges need it; strangers do not."""

import json

import pytest

from diagnostics.redact import Gate

NOBODY = ("invented-user", "invented-host-01")
PRIVATE = [
    "192.168.0.17", "10.1.2.3", "10.15.7.1", "172.16.4.2", "169.254.9.9", "[fd12:3456::1]",
    "[fe80::1]", "nas-01.lan", "dhcp-10-0-0-5.lumen.io",
]  # fmt: skip
PUBLIC = [
    "127.0.0.1", "[::1]", "localhost", "192.0.2.7", "198.51.100.2", "203.0.113.9", "[2001:db8::1]",
    "api.heygen.com", "104.18.2.3",
]  # fmt: skip
SHAPES = [
    "http://{}/speech.mp3", "http://{}:8080/a?b=1", "see http://{}/x now", "https:\\/\\/{}\\/a",
    '{{"audio_url": "http://{}/speech.mp3"}}', "a=http%3A%2F%2F{}%2Fx&b=1", "ws://u:p@{}/x",
]  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("host", PRIVATE)
def test_a_private_host_goes_from_the_urls_of_a_copy(host: str, shape: str) -> None:
    made = Gate(NOBODY, hide_hosts=True)
    shown = made.text(shape.format(host))
    assert host.strip("[]") not in shown
    assert "pii" in shown
    assert made.text(shown) == shown


@pytest.mark.parametrize("host", PUBLIC)
def test_a_host_that_tells_nothing_stays_in_a_copy(host: str) -> None:
    for shape in SHAPES[:6]:
        assert host in Gate(NOBODY, hide_hosts=True).text(shape.format(host))


@pytest.mark.parametrize("host", PRIVATE[:7])
def test_judges_and_reports_keep_the_host_that_was_called(host: str) -> None:
    for shape in SHAPES[:4]:
        assert Gate(NOBODY).text(shape.format(host)) == shape.format(host)


@pytest.mark.parametrize("url", ["http://192.168.0.17/a.mp3", "http://192.168.0.17/a.mp3?sig=1"])
def test_a_sentence_names_a_host_as_the_url_beside_it_does(url: str) -> None:
    made = Gate(NOBODY)
    words = "192.168.0.17 is a host of your own network"
    assert "192.168.0.17" not in made.text(words)
    made.url(url)
    assert made.text(words) == words
    hidden = Gate(NOBODY, hide_hosts=True)
    hidden.url(url)
    assert "192.168.0.17" not in hidden.text(words)


def test_one_host_has_one_placeholder_wherever_it_stands() -> None:
    made = Gate(NOBODY, hide_hosts=True)
    shown = made.json({"a": "http://192.168.0.17/x", "b": "from 192.168.0.17"})
    assert "client-address%231%3E" in shown["a"]
    assert shown["b"] == "from <pii:client-address#1>"
    assert made.headers((("Host", "192.168.0.17:80"),))[0][1] == "<pii:client-address#1>:80"
    assert json.dumps(shown) == made.text(json.dumps(shown))


def test_addresses_stay_where_personal_data_do() -> None:
    url = "http://192.168.0.17/x"
    assert Gate(NOBODY, hide_hosts=True, keep_personal=True).text(url) == url
