"""Are secrets caught wherever they stand, and do their look-alikes survive? (facts/redaction.md)"""

import base64
import gzip
import json
from urllib.parse import quote, unquote

import pytest

from diagnostics.model import Json
from diagnostics.redact import Gate

NOBODY = ("invented-user", "invented-host-01")
S = "Qz7invent3dKey9xWv2Lp"
HEX = "0123456789abcdef"


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


LOGIN = b64(f"user:{S}")
CLAIMS = f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJpbnZlbnRlZCJ9.{S}"
HEYGEN = b64(f"{HEX}{HEX}-1700000000")

HEADERS = [
    ("Authorization", f"Bearer {S}"),
    ("authorization", f"bearer {S}"),
    ("Authorization", f"Token {S}"),
    ("Authorization", f"Key {S}"),
    ("Authorization", S),
    ("Authorization", f'Digest username="u", realm="r", nonce="n1", response="{S}"'),
    ("Authorization", f"AWS4-HMAC-SHA256 Credential=AKIA/2026/s3, Signature={S}"),
    ("X-Api-Key", S),
    ("X-Api-Key", f"{S}, {S}"),
    ("api-key", S),
    ("x-goog-api-key", S),
    ("x-functions-key", S),
    ("Ocp-Apim-Subscription-Key", S),
    ("X-Amz-Security-Token", S),
    ("x-invented-auth", S),
    ("x-invented-token", S),
    ("x-invented-secret", S),
    ("x-invented-key", S),
    ("Cookie", f"a=b; session={S}"),
    ("X-CSRF-Token", S),
    ("X-Signature", f"t=1700000000,v1={S}"),
    ("webhook-signature", f"v1,{S}"),
    ("Referer", f"https://a.test/x?token={S}"),
    (":authority", f"user:{S}@h.test"),
    ("Set-Cookie", f"__cf_bm={S}; path=/; HttpOnly"),
    ("Location", f"https://a.test/cb?access_token={S}"),
    ("openai-organization", f"org-{S}"),
    ("WWW-Authenticate", f'Bearer error="invalid_token", token="{S}"'),
    ("Link", f'<https://b.test/x?X-Amz-Signature={S}>; rel="next"'),
]

TEXTS = [
    f"https://a.test/?api_key={S}",
    f"https://a.test/?key={S}",
    f"https://a.test/?apiKey={S}",
    f"https://a.test/?auth={S}",
    f"https://a.test/?code={S}&state=xyz",
    f"https://a.test/?state={S}",
    f"https://user:{S}@a.test/",
    f"https://{S}@a.test/",
    f"https://a.test/x?X-Amz-Credential={S}/20260101/us/s3/aws4_request&X-Amz-Expires=3600",
    f"https://a.test/x?X-Amz-Security-Token={S}",
    f"https://a.test/x?Expires=1700000000&Signature={S}&Key-Pair-Id=K1",
    f"https://a.test/x?Policy={S}",
    f"https://a.test/x?Key-Pair-Id={S}",
    f"https://a.test/x?X-Goog-Signature={S}",
    f"https://a.test/x?GoogleAccessId={S}",
    f"https://a.test/x?sv=2022&se=2026-01-01&sig={S}",
    f"https://a.test/x?sign={S}&t=1700000000",
    f"https://a.test/x?auth_key=1700000000-0-0-{S}",
    f"https://a.test/x?hdnts=exp=1700000000~acl=/*~hmac={S}",
    f"https://a.test/cb#access_token={S}&type=bearer",
    f"https://hooks.slack.com/services/T0001/B0001/{S}",
    f"https://a.test/upload/{S}/file",
    f"https://a.test/r?u={quote(f'https://b.test/?token={S}', safe='')}",
    f"https://a.test/r?u={quote(quote(f'https://b.test/?token={S}', safe=''), safe='')}",
    f"wss://a.test/?token={S}",
    f"got {CLAIMS}",
    f"v4.local.{S}{S}",
    f"key sk-proj-{S}",
    f"key sess-{S}",
    f"r8_{S}",
    f"AIza{S}{S[:14]}",
    f"whsec_{S}",
    f"hf_{S}",
    f"-----BEGIN PRIVATE KEY-----\n{S}\n-----END PRIVATE KEY-----",
    f"$2b$12${S}{S}",
    f"FOO_TOKEN={S}",
    f'export API_SECRET="{S}"',
    f"docker run -e API_KEY={S} x",
    f"Headers({{'authorization': 'Bearer {S}'}})",
    f"Config(api_key='{S}', x=1)",
    f"  api_key = '{S}'\n  KeyError",
    f"curl -u me:{S} https://x.test",
    f'curl -H "X-Api-Key: {S}" https://x.test',
    f"http GET x.test X-Api-Key:{S}",
    f"curl --data 'client_secret={S}' x",
    f"Invoke-RestMethod -Headers @{{'x-api-key' = '{S}'}}",
    f"HTTPS_PROXY=http://u:{S}@proxy.test:3128",
    "--index" + f"-url https://tok:{S}@registry.test/simple",  # apart: the tree names no index
    f"root 123 python app.py --api-key {S}",
]

VALUES: list[Json] = [
    {"client_secret": S},
    {"refresh_token": S},
    {"clientSecret": S},
    {"apiKey": S},
    {"my-api-key": S},
    {"app.api.key": S},
    {"a": [{"b": [{"api_key": S}]}]},
    {"api_key": [S]},
    {"api_key": {"held": S}},
    [{"name": "x-api-key", "value": S}],
    {"env": [{"key": "HEYGEN_API_KEY", "value": S}]},
    {"p": json.dumps({"q": json.dumps({"api_key": S})})},
    {"query": "q", "variables": {"token": S}},
    {"headers": {"x-api-key": S}, "msg": f"bad key {S} given"},
    {"cookies": [{"name": "__cf_bm", "value": S}]},
    {"queryString": [{"name": "sig", "value": S}]},
    {"data": {"video": f"https://d.cdn.test/x.mp4?Expires=1&Signature={S}"}},
    {"credentials": {"agora_uid": 100, "agora_token": S, "anything": S}},
]

BODIES = [
    (f"a=1&client_secret={S}", "application/x-www-form-urlencoded"),
    (f"a=1&client_secret={S}", None),
    (
        f'--b\r\nContent-Disposition: form-data; name="api_key"\r\n\r\n{S}\r\n--b--',
        "multipart/form-data; boundary=b",
    ),
    (f'event: x\ndata: {{"token":"{S}"}}\n\n', "text/event-stream"),
    (f'{{"a":1}}\n{{"token":"{S}"}}\n', "application/x-ndjson"),
    (f'<html><input type="hidden" name="csrf" value="{S}"></html>', "text/html"),
    (f'<meta content="{S}" name="csrf-token">', "text/html"),
    (f"<Error><ApiKey>{S}</ApiKey></Error>", "application/xml"),
    (f'{{"token":"{S}', "application/json"),
]


def gone(shown: str, *secrets: str) -> bool:
    plain = unquote(unquote(shown))
    return not any(secret in shown or secret in plain for secret in (S, *secrets))


@pytest.mark.parametrize(("name", "value"), HEADERS)
def test_a_secret_header_is_hidden(name: str, value: str) -> None:
    ((kept, shown),) = Gate(NOBODY).headers(((name, value),))
    assert kept == name
    assert gone(shown)


@pytest.mark.parametrize("text", TEXTS)
def test_a_secret_in_text_is_hidden(text: str) -> None:
    assert gone(Gate(NOBODY).text(text))


@pytest.mark.parametrize("value", VALUES)
def test_a_secret_in_json_is_hidden_and_json_stays_json(value: Json) -> None:
    made = Gate(NOBODY)
    assert gone(json.dumps(made.json(value)))
    body = made.body(json.dumps(value).encode(), "application/json")
    assert gone(body.decode())
    json.loads(body)


@pytest.mark.parametrize(("body", "content_type"), BODIES)
def test_a_secret_in_a_body_is_hidden(body: str, content_type: str | None) -> None:
    assert gone(Gate(NOBODY).body(body.encode(), content_type).decode())


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"Authorization: Basic {LOGIN}", LOGIN[8:-4]),
        (f"Proxy-Authorization: Basic {LOGIN}", LOGIN[8:-4]),
        (json.dumps({"note": LOGIN}), LOGIN[8:-4]),
        (json.dumps({"code": 1000, "token": CLAIMS}), "eyJzdWIi"),
        (f"key {HEYGEN} used", HEYGEN[4:20]),
        (f"data:image/png;base64,{b64(S * 20)}", b64(S * 20)[:30]),
        (f"https://a.test/x?Expires=1700000000&hash={HEX}{HEX}", HEX),
        (json.dumps({"password": 1234567890123}), "1234567890123"),
        ("ada.invented@mail-of-ada.io wrote", "ada.invented"),
        ("/home/adainvented/x.py", "adainvented"),
        ("/Users/adainvented/x.py", "adainvented"),
        ("C:\\Users\\adainvented\\x.py", "adainvented"),
        ("file:///home/adainvented/x", "adainvented"),
        ("on invented-host-01 at noon", "host-01"),
        ("hardware 02:42:ac:11:00:02 up", "ac:11"),
    ],
)
def test_what_only_its_form_gives_away_is_hidden(text: str, secret: str) -> None:
    assert gone(Gate(NOBODY).text(text), secret)


def test_a_base64_body_in_a_capture_is_cleaned_inside() -> None:
    text = b64(json.dumps({"api_key": S, "a": 1}))
    content = {"mimeType": "application/json", "encoding": "base64", "text": text}
    shown = Gate(NOBODY).json({"content": content})
    inner = json.loads(base64.b64decode(shown["content"]["text"]))
    assert inner == {"api_key": "<secret:api-key#1 len=21 ends=Lp>", "a": 1}


def test_a_compressed_body_is_cleaned_inside() -> None:
    shown = Gate(NOBODY).body(gzip.compress(json.dumps({"api_key": S}).encode()), None)
    assert json.loads(gzip.decompress(shown)) == {"api_key": "<secret:api-key#1 len=21 ends=Lp>"}


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (f"Bearer {S}", "Bearer <secret:authorization#1 len=21 ends=Lp>"),
        (f"a={S}; b=c{S}", "a=<secret:cookie#1>; b=<secret:cookie#2>"),
    ],
)
def test_scheme_words_and_cookie_names_stay(value: str, kept: str) -> None:
    name = "Cookie" if "=" in value else "Authorization"
    assert Gate(NOBODY).headers(((name, value),)) == ((name, kept),)


def test_a_signed_url_keeps_host_date_scope_and_expiry() -> None:
    shown = Gate(NOBODY).url(
        "https://b.s3.test/k.mp4?X-Amz-Algorithm=AWS4&X-Amz-Credential=AKIAINVENTED/20260101/eu/s3"
        f"&X-Amz-Date=20260101T000000Z&X-Amz-Expires=3600&X-Amz-Signature={S}"
    )
    assert shown == (
        "https://b.s3.test/k.mp4?X-Amz-Algorithm=AWS4"
        "&X-Amz-Credential=%3Csecret%3Akey-id%231%3E%2F20260101%2Feu%2Fs3"
        "&X-Amz-Date=20260101T000000Z&X-Amz-Expires=3600"
        "&X-Amz-Signature=%3Csecret%3Asignature%231%3E"
    )


def test_a_callback_address_keeps_its_host_and_first_segment() -> None:
    shown = Gate(NOBODY).json({"webhookUrl": "https://my.host.test/hooks/inv/65a0b1"})
    assert shown == {"webhookUrl": "https://my.host.test/hooks/%3Csecret%3Awebhook-path%231%3E"}


LOOKALIKE_VALUES: list[Json] = [
    {"video_id": HEX * 2, "voice_id": "fedcba98" * 4, "talking_photo_id": HEX * 2},
    {"avatar_id": "Vanessa-insuit-20220722"},
    {"_id": "65a0b1c2d3e4f5a6b7c8d9e0"},
    {"id": "gm3qorzdhgbfurvjtvhg6dckhu"},
    {"version": HEX * 4},
    {"id": "video_68d7512d07848190b3e45da0ecbebcde", "file": "file-AbC123dEf456GhI789"},
    {"sha256": HEX * 4, "md5": HEX * 2},
    {"code": 1104, "error": "E6716", "c": "400112", "d": 40009},
    {"error": "INVALID_CREDENTIALS", "e": "MOVIO_PAYMENT_INSUFFICIENT_CREDIT"},
    {"msg": "Illegal token"},
    {"msg": "token cannot be empty"},
    {"getToken": 1, "pass": 3, "fail": 0},
    {"max_tokens": 4096, "usage": {"total_tokens": 5, "prompt_tokens": 3}},
    {"create_time": 1700000000000000, "seed": 1234567890123456},
    {"at": "2026-01-01T00:00:00Z", "author": "Ada", "authority": "x", "authorized": False},
    {"key_frames": [1, 2], "keyframe": "x", "hotkey": "ctrl", "primary_key": "id"},
    {"session_id": "sess0A1b2C3d4E5f6G7h8"},
    {"codec": "avc1.64001f", "f": "clip.mp4", "model": "black-forest-labs/flux-1.1-pro"},
    {"api_key": "YOUR_API_KEY", "k": "sk-...", "x-api-key": "$AKOOL_API_KEY"},
    {"api_key": None, "token": "", "password": False, "token_valid": True},
    {"webhookUrl": "https://hooks.example.com", "webhookurl": ""},
    {"errors": {"api_key": ["This field is required."]}},
    {"voice_id": "6889b628662160e2caad5dbc", "name": "Alinna_realistic_background"},
    {"url": "https://d2qf6ukcym4kn9.cloudfront.net/65a0b1c2d3e4f5a6-8f0a.mp4?x=1&page=2"},
]
LOOKALIKE_HEADERS = [
    ("x-request-id", "req_0123456789abcdef0123"),
    ("x-request-id", "00000000-aaaa-4bbb-8ccc-000000000001"),
    ("CF-RAY", "8f0a1b2c3d4e5f60-FRA"),
    ("x-amz-cf-id", "Qz7invent3dKey9xWv2LpQz7invent3dKey9xWv2Lp_a8d9A=="),
    ("ETag", f'"{HEX * 2}"'),
    ("x-goog-generation", "1700000000000000"),
    ("traceparent", f"00-{HEX * 2}-{HEX}-01"),
    ("x-ratelimit-remaining-tokens", "149000"),
    ("x-ratelimit-reset-tokens", "6m0s"),
    ("Retry-After", "30"),
    ("Content-Range", "bytes 0-100/2000"),
    ("WWW-Authenticate", 'Bearer realm="api", error="invalid_token"'),
    ("x-api-key", "<redacted>"),
    ("Authorization", "Bearer"),
    ("Authorization", "Bearer $HEYGEN_API_KEY"),
    ("Idempotency-Key", "Qz7invent3dKey9xWv2Lp"),
    ("NEL", '{"report_to":"cf-nel","max_age":604800}'),
    ("access-control-allow-headers", "authorization, x-api-key"),
]
LOOKALIKE_TEXTS = [
    "authentication failed: key expired",
    f"commit {HEX * 2}01234567",
    "version 1.2.3.4 on 127.0.0.1, ::1, 203.0.113.5",
    f"httpx==0.28.1 --hash=sha256:{HEX * 4}",
    "curl -H 'x-api-key: $AKOOL_API_KEY' https://x.test",
    "x-api-key: ${AKOOL_API_KEY}",
    "python 3.11.7 httpx 0.28.1 Linux-6.1.0-13-amd64-x86_64-with-glibc2.36",
    "write to support@akool.com or info@akool.com",
    "blame: credentials\nkey: blank\nThe key AKOOL_API_KEY is blank; token: none",
    "credentials (x-api-key; AKOOL_API_KEY: emulator)",
    "pass: everything that was checked is healthy",
    "    client = Client(api_key=api_key, token=read_token(path))",
    "POST /api/open/v3/content/video/createbytalkingphoto",
    "https://akool.com/home/video?page=2#signature",
    "Вина: ключ (credentials), код 1101, токен не принят",
]


@pytest.mark.parametrize("value", LOOKALIKE_VALUES)
def test_look_alikes_in_json_survive(value: Json) -> None:
    made = Gate(NOBODY)
    assert made.json(value) is value
    body = json.dumps(value, indent=1).encode()
    assert made.body(body, "application/json") == body
    assert not made.removed


@pytest.mark.parametrize(("name", "value"), LOOKALIKE_HEADERS)
def test_look_alikes_in_headers_survive(name: str, value: str) -> None:
    headers = ((name, value),)
    assert Gate(NOBODY).headers(headers) is headers


@pytest.mark.parametrize("text", LOOKALIKE_TEXTS)
def test_look_alikes_in_text_survive(text: str) -> None:
    assert Gate(NOBODY).text(text) == text


def test_no_numbers_name_is_a_number_that_somebody_can_be_called_at() -> None:
    headers = (("sec-ch-ua-mobile", "?0"), ("X-Phone", "ios"))
    assert Gate(NOBODY).headers(headers) == headers
    value = {"mobile": "ios", "phone": 1, "is_mobile": "?1"}
    assert Gate(NOBODY).json(value) == value
    assert Gate(NOBODY).json({"phone": 442079460958}) == {"phone": "<pii:phone#1>"}
