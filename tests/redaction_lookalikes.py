"""What must the gate leave alone? The 40 look-alikes of redaction.md, in several surroundings."""

import base64
import json
import random
from collections.abc import Iterator

from diagnostics.redact import Gate

HEX = "0123456789abcdef"
BASE32 = "abcdefghijklmnopqrstuvwxyz234567"
ALNUM = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"
ANY = "any"
"""Stands in a header, a JSON value, a URL and a sentence alike."""


def drawn(seed: object, length: int, alphabet: str) -> str:
    """An invented id: always the same for the same seed."""
    return "".join(random.Random(f"like {seed}").choices(alphabet, k=length))


def hexadecimal(seed: object, length: int) -> str:
    """Hexadecimal digits."""
    return drawn(seed, length, HEX)


def uuid(seed: object) -> str:
    """An id in five groups."""
    digits = hexadecimal(seed, 32)
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


_ID = [
    (1, "video_id", [hexadecimal(f"v{n}", 32) for n in range(3)]),
    (1, "voice_id", [hexadecimal("vo", 32)]),
    (1, "talking_photo_id", [hexadecimal("tp", 32)]),
    (2, "avatar_id", ["Vanessa-insuit-20220722", "Anna_public_3_20240108", "josh_lite3_20230714"]),
    (3, "_id", [hexadecimal(f"m{n}", 24) for n in range(3)]),
    (4, "prediction", [drawn(f"p{n}", 26, BASE32) for n in range(4)]),
    (5, "version", [hexadecimal(f"ve{n}", 64) for n in range(3)]),
    (6, "request_id", [f"req_{hexadecimal('rq', 32)}", f"resp_{hexadecimal('rs', 48)}"]),
    (6, "file_id", [f"file-{drawn('fi', 22, ALNUM)}", f"video_{hexadecimal('vi', 48)}"]),
    (7, "x-request-id", [uuid(n) for n in range(3)]),
    (8, "cf-ray", ["8f1b2c3d4e5f6a7b-FRA", "91a0c2e4f6b8d0a2-AMS", "7e6d5c4b3a291807-DME"]),
    (9, "x-amz-cf-id", [drawn("cf", 54, ALNUM) + "==", drawn("cf2", 55, ALNUM) + "="]),
    (9, "x-amz-request-id", [drawn("ar", 16, "ABCDEFGHIJ0123456789")]),
    (9, "x-goog-generation", ["1763640067123456"]),
    (9, "etag", [f'"{hexadecimal("et", 32)}"', f'W/"{hexadecimal("ew", 40)}"', '"1a2b-5f"']),
    (10, "traceparent", [f"00-{hexadecimal(n, 32)}-{hexadecimal(n, 16)}-01" for n in range(3)]),
    (11, "commit", [hexadecimal(f"g{n}", 40) for n in range(3)]),
    (12, "sha256", [hexadecimal(f"s{n}", 64) for n in range(2)]),
    (12, "md5", [hexadecimal("md", 32)]),
    (13, "error_code", ["1104", "40009", "400112", "E6716"]),
    (14, "status_code", ["TOKEN_EXPIRED"]),
    (14, "status", ["INVALID_CREDENTIALS", "MOVIO_PAYMENT_INSUFFICIENT_CREDIT"]),
    (13, "sec-ch-ua-mobile", ["?0", "?1"]),
    (18, "retry-after", ["30", "Fri, 20 Nov 2026 12:00:00 GMT", "6m0s"]),
    (18, "x-ratelimit-reset-requests", ["59.8s", "1763640067"]),
    (19, "created_ms", ["1763640067123", "1763640067123456", "1763640067123"]),
    (20, "seed", ["4815162342", "1234567890123456"]),
    (20, "frame_hash", [hexadecimal("fh", 16), "8f3a61c09d2e47b5"]),
    (21, "version", ["1.2.3.4", "10.15.7.1", "120.0.6099.225"]),
    (22, "remote_ip", ["127.0.0.1", "::1", "192.0.2.44", "203.0.113.9", "2001:db8::7"]),
    (23, "created_at", ["2026-11-20T12:01:07.123456Z", "2026-11-20 12:01:07+03:00", "2026-11-20"]),
    (24, "content-length", ["1048576", "20971520", "0"]),
    (24, "content-range", ["bytes 0-1048575/20971520", "bytes 1024-2047/*", "bytes */99"]),
    (27, "session_id", [hexadecimal("si", 32), uuid("si"), drawn("sx", 26, BASE32)]),
    (32, "codecs", ["avc1.64001f", "mp4a.40.2", "hvc1.1.6.L120.90", "result.final.mp4"]),
    (35, "model", ["minimax/video-01", "bytedance/seedance-1-pro", "gpt-4o-mini-2024-07-18"]),
    (36, "integrity", [f"sha512-{base64.b64encode(bytes(range(7, 71))).decode()}"]),
    (36, "resolved", [f"sha256:{hexadecimal('lk', 64)}"]),
    (40, "idempotency-key", [uuid("ik"), "order-20261120-0001", "a1b2c3d4-retry-2"]),
]  # fmt: skip

_TEXTS = {
    15: ("Illegal token", "token cannot be empty", "authentication failed: key expired",
         '{"error": {"message": "The API key is missing. Pass it as x-api-key."}}',
         "Invalid token signature: please check your secret key settings"),
    16: ('{"max_tokens": 4096, "min_tokens": 16}', '{"usage": {"total_tokens": 1532}}',
         '{"prompt_tokens": 11, "completion_tokens": 250, "token_count": 261}',
         '{"usage": {"input_tokens": 1, "output_tokens_details": {"reasoning_tokens": 64}}}'),
    17: ("x-ratelimit-remaining-tokens: 149984", "x-ratelimit-limit-tokens: 150000",
         '{"x-ratelimit-reset-tokens": "6ms"}'),
    25: ('{"author": "Leo Invented", "authorized": false}', "authority: api.lumen.io",
         '{"authors": ["lumen-labs-2024"], "unauthorized": true}'),
    26: ('{"key_frames": [0, 24, 48], "keyframe": 12}', '{"hotkey": "ctrl+shift+7"}',
         '{"primary_key": "user_id_2", "rules": [{"key": "resolution_720p"}]}'),
    28: ('www-authenticate: Bearer realm="api"', "Authorization scheme: Bearer or Basic",
         '{"token_type": "bearer", "expires_in": 86400}'),
    29: ("https://o.s3.amazonaws.com/v.mp4?X-Amz-Expires=3600&X-Amz-Date=20261120T120000Z",
         "https://cdn.lumen.io/v.mp4?Expires=1763650067&width=720", "?X-Amz-SignedHeaders=host"),
    30: ("set-cookie names: __cf_bm, _cfuvid", "the cookie session_token is missing",
         '{"cookies": [{"name": "__Host-session", "value": ""}]}'),
    31: ("https://api.heygen.com/v2/video/generate", "d1234abcd5678.cloudfront.net",
         "https://replicate.delivery/pbxt/out.mp4", "files2.heygen.ai resolved"),
    34: ('{"group": "cf-nel", "max_age": 604800}', 'nel: {"report_to":"cf-nel","max_age":1}',
         "report-to: heroku-nel"),
    37: ("x-api-key: YOUR_API_KEY", "Authorization: Bearer sk-...", "key = $HEYGEN_API_KEY",
         "api_key=<redacted>", 'curl -H "X-Api-Key: ${AKOOL_API_KEY}"', "token=***",
         "OPENAI_API_KEY=sk-your-key-here", '{"api_key": "{{API_KEY}}"}'),
    39: ('{"token_valid": true}', '{"has_api_key": false, "key_present": true}',
         '{"requires_auth": true, "secret_required": false, "password_set": true}'),
}  # fmt: skip
_PICTURE = base64.b64encode(bytes(random.Random(7).randrange(256) for _ in range(3000))).decode()


def looks() -> Iterator[tuple[int, str, str]]:
    """(number, surrounding, value): each value must come out as it went in."""
    for number, name, values in _ID:
        for value in values:
            yield from ((number, one, value) for one in _around(name, value))
    for number, texts in _TEXTS.items():
        for text in texts:
            yield number, text, text
            yield number, f"2026-11-20 12:01:07 ERROR [worker-3] {text}", text
    yield from _pictures()
    example = "sk_" + "test_4eC39HqLyjWDarjtT1zdp7dc"
    yield 38, f"see the docs: {example}", "see the docs: "
    yield 38, json.dumps({"example": example}), '"example"'
    yield 38, "AKIAIOSFODNN7EXAMPLE is the documented one", "is the documented one"


def _around(name: str, value: str) -> Iterator[str]:
    bare = value.strip('"')
    yield f"{name}: {value}"
    yield json.dumps({"data": [{name.replace("-", "_"): value}]})
    yield f"12:01:07 INFO done {name}={bare} in 41 ms" if " " not in bare else f"{name} {bare}"
    yield f"the {name} was {bare}, said support"
    if not set(bare) - set(ALNUM + HEX + "_-.01"):
        yield f"https://api.lumen.io/v1/things/{bare}?page=2"
        yield f"https://api.lumen.io/v1/things?{name}={bare}&page=2"


def _pictures() -> Iterator[tuple[int, str, str]]:
    for kind in ("image/png", "video/mp4"):
        content = {"mimeType": kind, "encoding": "base64", "text": _PICTURE}
        yield 33, json.dumps({"response": {"content": content}}), kind
    yield 33, json.dumps({"thumbnail": "abc", "size": 2_000_000}), "2000000"


def survives(text: str, value: str) -> bool:
    """Whether the value comes out as it went in, as text and as a header where it is one."""
    gate = Gate(("inventeduser", "invented-host-01"))
    plain = value.strip('"')
    out = gate.text(text)
    if plain not in out and json.dumps(plain)[1:-1] not in out:
        return False
    if text.startswith("http") and value in text:
        return value in gate.url(text)
    name, colon, held = text.partition(": ")
    if colon and held == value and name.replace("-", "").isalnum():
        return gate.headers(((name, value),))[0][1] == value
    return True
