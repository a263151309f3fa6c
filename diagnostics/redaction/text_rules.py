"""In which order is free text searched, and what is an example of each way, both ways?"""

from dataclasses import dataclass

from diagnostics.redaction.text import (
    Step,
    assignments,
    commands,
    echoes,
    markup,
    multipart,
    pairs,
    schemes,
    urls,
)
from diagnostics.redaction.wrapped import base64_runs, data_urls, percents


@dataclass(frozen=True, slots=True, kw_only=True)
class TextRule:
    """One way of standing in text. Examples: a text, and what must be gone from it."""

    id: str
    step: Step
    positive: tuple[tuple[str, str], ...]
    negative: tuple[str, ...]
    since: str = "0.1.0"
    changed: str = ""


TEXT_RULES: tuple[TextRule, ...] = (
    TextRule(
        id="data-url",
        step=data_urls,
        positive=(("see data:image/png;base64," + "SW52ZW50ZWQ" * 8, "SW52ZW50ZWQSW52"),),
        negative=("data:image/png;base64,AAAA",),
    ),
    TextRule(
        id="url",
        step=urls,
        positive=(
            (
                "GET https://cdn.invented.test/a.mp4?Expires=1&Signature=Inv3ntedInv3nted~",
                "Inv3ntedInv3nted",
            ),
            ("wss://live.invented.test/?token=inv3nted01", "inv3nted01"),
            (r'{"u":"https:\/\/h.test\/a?sig=Inv3ntedInv3nted', "Inv3ntedInv3nted"),
            ("git clone https://invented-user:invented-pass@git.test/x", "invented-pass"),
            ("https://hooks.slack.com/services/T0001/B0001/InventedInvented", "InventedInvented"),
        ),
        negative=(
            "https://akool.com/home/video?page=2&size=10#top",
            "https://d.invented.test/65a0b1c2d3e4f5a6b7c8d9e0.mp4",
        ),
    ),
    TextRule(
        id="multipart",
        step=multipart,
        positive=(
            (
                'Content-Disposition: form-data; name="api_key"\r\n\r\ninvented\r\n--b',
                "\ninvented\r",
            ),
        ),
        negative=('Content-Disposition: form-data; name="prompt"\r\n\r\nA key on a table\r\n--b',),
    ),
    TextRule(
        id="assignment",
        step=assignments,
        positive=(
            ("AKOOL_API_KEY=invented", "=invented"),
            ("export HEYGEN_API_KEY='invented one'", "invented one"),
            ("x-api-key: invented-key", "invented-key"),
            ("curl -H 'Authorization: Token inv3nted'", "inv3nted"),
            ("Headers({'x-api-key': 'inv3nted', 'a': 'b'})", "inv3nted"),
            ("[(b'authorization', b'Bearer inv3nted0')]", "inv3nted0"),
            ('truncated {"clientSecret": "inv3nted', "inv3nted"),
            ("Cookie: a=inv3nted; b=alsoinv3nted", "inv3nted"),
            ('$env:OPENAI_API_KEY = "inv3nted"', "inv3nted"),
            ("client = Client(api_key='inv3nted')", "inv3nted"),
        ),
        negative=(
            "Illegal token",
            "token cannot be empty",
            "authentication failed: key expired",
            "max_tokens: 4096",
            "AKOOL_API_KEY: missing",
            "x-api-key: $AKOOL_API_KEY",
            "password: wrong one given",
            "session_id=65a0b1c2",
            "author: Ada",
            "api_key=YOUR_API_KEY",
            "INVALID_CREDENTIALS: the key is not known",
            "token: null",
            "code: 1015",
        ),
    ),
    TextRule(
        id="pair",
        step=pairs,
        positive=(
            ("- name: API_TOKEN\n  value: inv3nted", "inv3nted"),
            ('key = "api_key"\nvalue = "inv3nted"', "inv3nted"),
        ),
        negative=("- name: API_URL\n  value: inv3nted", "name: token\nvalue: $TOKEN"),
    ),
    TextRule(
        id="scheme",
        step=schemes,
        positive=(
            ("sent Bearer inv3nted-token", "inv3nted-token"),
            ("Basic aW52ZW50ZWQ6MDAwMQ==", "aW52ZW5"),
        ),
        negative=("Bearer token", "Basic authentication", "a bearer certificate"),
    ),
    TextRule(
        id="echo",
        step=echoes,
        positive=(
            ("Incorrect API key provided: Inv3ntedInv3nted. See", "Inv3ntedInv3nted"),
            ("401 invalid token 'Inv3ntedInv3nted' here", "Inv3ntedInv3nted"),
            ('error="unknown key Inv3ntedInv3nted"', "Inv3ntedInv3nted"),
            ("the secret is 0123456789abcdef0123456789abcdef", "0123456789abcdef"),
        ),
        negative=(
            "cache key Inv3ntedInv3nted",
            "the key is resolution_720p",
            "token cannot be empty",
            "no key 65a0b1c2d3e4f5a6b7c8d9e0",
        ),
    ),
    TextRule(
        id="command",
        step=commands,
        positive=(
            ("curl -u invented:inv3nted https://h.test", "inv3nted"),
            ("curl --proxy-user invented:inv3nted x", "inv3nted"),
            ("tool --api-key inv3nted01", "inv3nted01"),
            ("http -A bearer -a Inv3ntedInv3nted01 h.test", "Inv3ntedInv3nted01"),
            ("setx AKOOL_API_KEY inv3nted", "inv3nted"),
        ),
        negative=("sort -u a:b", "tool --key frames", "curl -o out http://h.test/x"),
    ),
    TextRule(
        id="markup",
        step=markup,
        positive=(
            ('<input type="hidden" name="csrf_token" value="inv3nted">', "inv3nted"),
            ("<meta name='csrf-token' content='inv3nted'>", "inv3nted"),
            ("<r><ApiKey>inv3nted</ApiKey></r>", "inv3nted"),
        ),
        negative=(
            '<meta name="viewport" content="width=device-width">',
            "<title>The token page</title>",
        ),
    ),
    TextRule(
        id="percent",
        step=percents,
        positive=(("x-note: curl%20-H%20%27x-api-key%3A%20inv3nted01%27", "inv3nted01"),),
        negative=("a%20b%3A%20c", "width:100%"),
    ),
    TextRule(
        id="base64",
        step=base64_runs,
        positive=(("note aW52ZW50ZWQtdXNlcjpJbnYzbnRlZDAwMDE= end", "aW52ZW50ZWQ"),),
        negative=("aGVsbG8sIHdvcmxkIG9mIHZpZGVvcw==", "VXNlcjoxMjM0NTY3ODkwMTIzNA=="),
    ),
)
