"""What must the gate hide? Two examples or more for each of the 72 positions of redaction.md.

Written before the rules were looked at. Every secret is drawn by number, so none stands here.
"""

import base64
import gzip
import json
import random
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import quote

import brotli  # type: ignore[import-untyped]  # it has no stubs

from diagnostics.model import Json
from diagnostics.redact import Gate

LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
ALNUM = LETTERS + "23456789"
HEX = "0123456789abcdef"


@dataclass(frozen=True, kw_only=True)
class Example:
    """One artefact with secrets in it. `given`: a header, url, text, json, or (body, type)."""

    number: int
    how: str
    given: Json
    secrets: tuple[str, ...]
    kept: tuple[str, ...] = ()
    registered: tuple[str, ...] = ()
    options: dict[str, bool] = field(default_factory=dict)


def drawn(seed: object, length: int, alphabet: str = ALNUM) -> str:
    """An invented secret: always the same for the same seed."""
    return "".join(random.Random(f"{seed}").choices(alphabet, k=length))


def shown(example: Example) -> bytes:
    """What the gate lets out of one example."""
    return let_out(example, gate_for(example))


def gate_for(example: Example) -> Gate:
    """A gate that knows what the example takes for known."""
    gate = Gate(("inventeduser", "invented-host-01"), **example.options)
    for secret in example.registered:
        gate.register(secret, "invented-key")
    return gate


def let_out(example: Example, gate: Gate) -> bytes:
    """What that gate lets out of it."""
    given = example.given
    if example.how == "header":
        name, value = given
        return "\n".join(": ".join(pair) for pair in gate.headers(((name, value),))).encode()
    if example.how == "body":
        body, content_type = given
        return gate.body(body if isinstance(body, bytes) else body.encode(), content_type)
    if example.how == "json":
        return json.dumps(gate.json(given)).encode()
    return (gate.url if example.how == "url" else gate.text)(str(given)).encode(
        "utf-8", "surrogateescape"
    )


def b64(text: str) -> str:
    """Base64 of a text."""
    return base64.b64encode(text.encode()).decode()


def b64url(text: str) -> str:
    """Base64 for URLs, without padding."""
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def jwt(seed: object, **claims: object) -> str:
    """A token of three parts whose signature is invented."""
    head = b64url('{"alg":"HS256","typ":"JWT"}')
    body = b64url(json.dumps({"sub": "invented", **claims}))
    return f"{head}.{body}.{drawn(seed, 43)}"


class _Set:
    """Collects examples; each call names the position, then what stands there."""

    def __init__(self) -> None:
        self.made: list[Example] = []

    def add(self, number: int, how: str, given: object, *secrets: str, **more: Json) -> None:
        self.made.append(Example(number=number, how=how, given=given, secrets=secrets, **more))

    def header(self, number: int, name: str, value: str, *secrets: str, **more: Json) -> None:
        self.add(number, "header", (name, value), *secrets, **more)

    def url(self, number: int, url: str, *secrets: str, **more: Json) -> None:
        """As a URL of its own, in a log line, and as a JSON value."""
        self.add(number, "url", url, *secrets, **more)
        self.add(number, "text", f"2026-11-20 12:01:07 DEBUG GET {url} 200 41ms", *secrets, **more)
        self.add(number, "json", {"data": {"items": [{"link": url}]}}, *secrets, **more)

    def text(self, number: int, text: str, *secrets: str, **more: Json) -> None:
        self.add(number, "text", text, *secrets, **more)

    def json(self, number: int, value: Json, *secrets: str, **more: Json) -> None:
        self.add(number, "json", value, *secrets, **more)
        self.add(number, "body", (json.dumps(value), "application/json"), *secrets, **more)

    def body(self, number: int, body: Json, kind: str | None, *secrets: str, **more: Json) -> None:
        self.add(number, "body", (body, kind), *secrets, **more)


def examples() -> list[Example]:
    """All of them, by position."""
    made = _Set()
    for part in (_request_headers, _answer_headers, _addresses, _signed, _bodies, _packed):
        part(made)
    for part in (_shapes, _spellings, _text, _personal):
        part(made)
    return sorted(made.made, key=lambda example: example.number)


def _request_headers(s: _Set) -> None:
    k = [drawn(f"rh{n}", 24 + n) for n in range(40)]
    s.header(1, "Authorization", f"Bearer {k[0]}", k[0], kept=("Bearer",))
    s.header(1, "AUTHORIZATION", f"Bearer   {k[1]}", k[1])
    s.header(2, "authorization", f"bearer {k[2]}", k[2], kept=("bearer",))
    s.text(2, f"[h2] authorization: bearer {k[3]}\n[h2] content-type: application/json", k[3])
    s.header(3, "Authorization", f"Basic {b64('dana:' + k[4])}", k[4], b64("dana:" + k[4]))
    s.text(3, f"> Authorization: Basic {b64(k[5] + ':')}", k[5])
    s.header(4, "Authorization", f"Token {k[6]}", k[6], kept=("Token",))
    s.header(4, "Authorization", f"ApiKey {k[7]}", k[7], kept=("ApiKey",))
    s.header(4, "authorization", f"Key {k[8][:8]}:{k[8][8:]}", k[8][8:])
    s.header(4, "authorization", k[9], k[9])
    digest = 'Digest username="mina", realm="r", nonce="{}", uri="/v1", response="{}"'
    s.header(5, "Authorization", digest.format(k[10], drawn("d", 32, HEX)), drawn("d", 32, HEX))
    aws = "AWS4-HMAC-SHA256 Credential={}/20261120/eu-west-1/s3/aws4_request, SignedHeaders=host"
    sign, key_id = drawn("aws", 64, HEX), "AK" + "IA" + drawn("ak", 16, "ABCDEFGHIJ234567")
    s.header(5, "authorization", f"{aws.format(key_id)}, Signature={sign}", sign, key_id,
             kept=("20261120/eu-west-1/s3/aws4_request", "SignedHeaders=host"))  # fmt: skip
    s.header(6, "Proxy-Authorization", f"Basic {b64('p:' + k[11])}", k[11])
    s.header(6, "proxy-authorization", f"Negotiate {b64(k[12])}", b64(k[12]))
    s.header(7, "X-Api-Key", k[13], k[13])
    s.header(7, "x-api-key", f"  {b64(drawn('hg', 32, HEX) + '-1731234567')}",
             b64(drawn("hg", 32, HEX) + "-1731234567"))  # fmt: skip
    s.text(7, f'{{"name": "X-API-KEY", "value": "{k[14]}"}}', k[14])
    for name in ("api-key", "x-goog-api-key", "x-functions-key", "Ocp-Apim-Subscription-Key"):
        value = drawn(name, 32, HEX)
        s.header(8, name, value, value)
        s.json(8, {"headers": {name.upper(): [value]}}, value)
    s.header(9, "X-Amz-Security-Token", "FwoGZXIv" + k[15] * 6, k[15])
    s.json(9, {"x-amz-security-token": "IQoJb3JpZ2lu" + k[16] * 4}, k[16])
    for name in ("x-lumora-auth", "x-studio-token", "x-partner-secret", "x-render-key", "XAuthKey"):
        s.header(10, name, drawn(name, 18), drawn(name, 18))
    s.header(11, "Cookie", f"theme=dark; sid={k[17]}; _ga=GA1.2.{k[18]}", k[17], k[18],
             kept=("theme", "sid", "_ga"))  # fmt: skip
    s.text(11, f"cookie: __Secure-next-auth.session-token={k[19]}; lang=ru", k[19])
    s.header(12, "X-CSRF-Token", k[20], k[20])
    s.header(12, "X-XSRF-TOKEN", quote(b64(k[21])), b64(k[21]))
    s.header(13, "webhook-signature", f"v1,{b64(k[22])}", b64(k[22]))
    s.header(13, "X-Hub-Signature-256", f"sha256={drawn('hub', 64, HEX)}", drawn("hub", 64, HEX))
    s.header(13, "Stripe-Signature", f"t=1763640067,v1={drawn('st', 64, HEX)}",
             drawn("st", 64, HEX), kept=("1763640067",))  # fmt: skip
    s.header(14, "Referer", f"https://app.lumen.io/editor?token={k[23]}&tab=2", k[23],
             kept=("app.lumen.io", "tab=2"))  # fmt: skip
    s.header(14, "Origin", f"https://mina:{k[24]}@app.lumen.io", k[24])
    s.header(15, "X-Api-Key", f"{k[25]}, {k[26]}", k[25], k[26])
    s.json(15, {"Authorization": [f"Bearer {k[27]}", f"Bearer {k[28]}"]}, k[27], k[28])
    s.header(16, ":authority", f"mina:{k[29]}@render.lumen.io", k[29], kept=("render.lumen.io",))
    s.text(16, f":path: /v2/jobs?access_token={k[30]}\n:scheme: https", k[30])


def _answer_headers(s: _Set) -> None:
    k = [drawn(f"ah{n}", 28) for n in range(12)]
    s.header(17, "Set-Cookie", f"__cf_bm={k[0]}-1763640067-1.0.1.1-{k[1]}; path=/; Secure",
             k[0], k[1], kept=("__cf_bm", "path=/", "Secure"))  # fmt: skip
    s.text(17, f"< set-cookie: session={k[2]}; Max-Age=3600; SameSite=Lax", k[2])
    s.header(18, "Location", f"https://app.lumen.io/done?token={k[3]}&lang=en", k[3])
    s.header(18, "location", f"/callback?code={k[4]}&state={k[5]}", k[4], k[5])
    s.header(19, "openai-organization", f"org-{k[6]}", k[6])
    s.header(19, "OpenAI-Project", f"proj_{k[7]}", k[7])
    s.header(20, "WWW-Authenticate", f'Bearer realm="api", error="invalid_token", token="{k[8]}"',
             k[8], kept=("invalid_token",))  # fmt: skip
    s.header(20, "www-authenticate", f'Key error="unknown key {k[9]}"', k[9])
    signed = f"https://lumen-out.s3.amazonaws.com/a.mp4?X-Amz-Expires=900&X-Amz-Signature={k[10]}"
    s.header(21, "Link", f'<{signed}>; rel="preload"', k[10], kept=("X-Amz-Expires=900",))
    s.header(21, "Content-Location", signed, k[10])


def _addresses(s: _Set) -> None:
    k = [drawn(f"ad{n}", 22 + n % 9) for n in range(40)]
    s.url(22, f"https://api.lumen.io/v1/jobs?api_key={k[0]}&page=2", k[0], kept=("page=2",))
    s.url(22, f"https://api.lumen.io/v1/jobs?page=2&API_KEY={k[1]}#top", k[1])
    s.url(23, f"https://maps.lumen.io/tile?x=1&key={k[2]}", k[2])
    s.url(23, f"http://127.0.0.1:8080/?key={k[3]}", k[3])
    for name in ("apiKey", "access_token", "auth", "code", "state"):
        s.url(24, f"https://id.lumen.io/cb?{name}={drawn(name, 30)}", drawn(name, 30))
    s.url(25, f"https://mina:{k[4]}@git.lumen.io/r.git", k[4], kept=("git.lumen.io",))
    s.url(25, f"redis://:{k[5]}@cache.lumen.io:6379/0", k[5])
    s.url(25, f"postgresql://app:{k[6]}@db.lumen.io/prod", k[6])
    s.url(26, f"https://{k[7]}@git.lumen.io/r.git", k[7])
    s.url(26, f"https://{k[8]}@o1234.ingest.lumen.io/42", k[8])
    s.url(32, f"https://app.lumen.io/#access_token={k[9]}&expires_in=3600", k[9])
    s.url(32, f"https://app.lumen.io/#/login?id_token={k[10]}", k[10])
    s.url(33, f"https://hooks.slack.com/services/T{k[11][:8]}/B{k[11][8:16]}/{k[12]}", k[12],
          kept=("hooks.slack.com/services",))  # fmt: skip
    s.url(33, f"https://discord.com/api/webhooks/1163640067123456789/{k[13]}{k[14]}", k[13])
    s.url(33, f"https://api.telegram.org/bot1234567890:{k[15]}/sendMessage", k[15])
    s.url(33, f"https://up.lumen.io/upload/{k[16]}", k[16])
    inner = f"https://cdn.lumen.io/v.mp4?token={k[17]}&x=1"
    s.url(34, f"https://proxy.lumen.io/fetch?url={quote(inner, safe='')}", k[17])
    s.url(34, f"https://proxy.lumen.io/f?u={quote(quote(inner, safe=''), safe='')}&w=2", k[17])
    s.url(35, f"wss://live.lumen.io/socket?token={k[18]}", k[18], kept=("wss://live.lumen.io",))
    s.url(35, f"ws://127.0.0.1:9000/s?v=2&access_token={k[19]}", k[19])
    picture = b64("\u00ff\u00d8 private picture " + k[20] * 40)
    s.text(36, f"image: data:image/jpeg;base64,{picture}", picture, kept=("image/jpeg",))
    s.json(36, {"image": f"data:image/png;base64,{picture}"}, picture, kept=("image/png",))


def _signed(s: _Set) -> None:
    k = [drawn(f"si{n}", 40, HEX) for n in range(30)]
    key_id = "AS" + "IA" + drawn("asia", 16, "ABCDEFGHIJ234567")
    s.url(27, "https://out.s3.us-east-1.amazonaws.com/v.mp4?X-Amz-Algorithm=AWS4-HMAC-SHA256"
          f"&X-Amz-Credential={key_id}%2F20261120%2Fus-east-1%2Fs3%2Faws4_request"
          f"&X-Amz-Date=20261120T120000Z&X-Amz-Expires=3600&X-Amz-Security-Token={k[0]}"
          f"&X-Amz-Signature={k[1]}", key_id, k[0], k[1],
          kept=("X-Amz-Expires=3600", "20261120T120000Z", "us-east-1", "out.s3"))  # fmt: skip
    s.url(27, f"https://o.s3.amazonaws.com/v?AWSAccessKeyId={key_id}&Expires=1763650067"
          f"&Signature={k[29][:27]}%3D", key_id, k[29][:27], kept=("1763650067",))  # fmt: skip
    s.url(28, f"https://d1.cloudfront.net/v.mp4?Expires=1763650067&Signature={k[2]}~__"
          f"&Key-Pair-Id=K{drawn('kp', 13, 'ABCDEFGH234567')}", k[2],
          drawn("kp", 13, "ABCDEFGH234567"), kept=("1763650067", "d1.cloudfront.net"))  # fmt: skip
    s.url(
        28, f"https://d2.cloudfront.net/a.mp4?Policy=eyJTdGF0{k[3]}_&Signature={k[4]}", k[3], k[4]
    )
    s.url(29, "https://storage.googleapis.com/b/v.mp4?X-Goog-Credential=svc%40proj.iam.g"
          "serviceaccount.com%2F20261120%2Fauto%2Fstorage%2Fgoog4_request"
          f"&X-Goog-Expires=600&X-Goog-Signature={k[5]}", k[5], "svc%40proj",
          kept=("X-Goog-Expires=600",))  # fmt: skip
    s.url(29, f"https://storage.googleapis.com/b/v?GoogleAccessId=bot@p.iam.x&Signature={k[6]}",
          k[6])  # fmt: skip
    s.url(30, "https://acc.blob.core.windows.net/c/v.mp4?sv=2024-05-04&se=2026-11-21T00%3A00%3A00Z"
          f"&sr=b&sp=r&sig={b64(k[7])[:-2]}%3D", b64(k[7])[:-2],
          kept=("2026-11-21T00", "acc.blob.core.windows.net"))  # fmt: skip
    s.url(30, f"https://acc.file.core.windows.net/s/v?st=2026-11-20&sig={k[8]}&se=2026-12-01", k[8])
    s.url(31, f"https://v.lumen.io/a.m3u8?token={k[9]}&expires=1763650067", k[9],
          kept=("1763650067",))  # fmt: skip
    s.url(31, f"https://v.alicdn.lumen.io/a.mp4?auth_key=1763650067-0-0-{k[10][:32]}", k[10][:32])
    s.url(31, f"https://o.oss-cn-beijing.aliyuncs.com/v?OSSAccessKeyId=LTAI{k[11][:12]}"
          f"&Expires=1763650067&Signature={k[12]}", k[11][:12], k[12])  # fmt: skip
    s.url(31, f"https://e.akamaized.net/v.mp4?hdnts=exp=1763650067~acl=/*~hmac={k[13]}", k[13],
          kept=("1763650067",))  # fmt: skip
    s.url(31, f"https://v.b-cdn.net/x.mp4?token={k[14]}&expires=1763650067&token_path=%2F", k[14])
    s.url(31, "https://b.tos-cn-beijing.volces.com/v.mp4?X-Tos-Algorithm=TOS4-HMAC-SHA256"
          f"&X-Tos-Credential=AKLT{k[15][:16]}%2F20261120%2Fcn-beijing%2Ftos%2Frequest"
          f"&X-Tos-Expires=86400&X-Tos-Signature={k[16]}", k[15][:16], k[16],
          kept=("X-Tos-Expires=86400", "cn-beijing"))  # fmt: skip
    s.url(31, f"https://img.lumen.io/a.jpg?verify=1763650067-{b64(k[17])[:43]}%3D", b64(k[17])[:43])
    s.json(53, {"data": {"video_url": f"https://files.lumen.io/v.mp4?Expires=1763650067&Signature="
           f"{k[18]}&Key-Pair-Id=K2"}}, k[18], kept=("Expires=1763650067",))  # fmt: skip
    s.json(53, {"output": [f"https://r.lumen.io/x.png?se=2026-11-21&sig={k[19]}"]}, k[19])


def _bodies(s: _Set) -> None:
    k = [drawn(f"bo{n}", 21 + n % 11) for n in range(60)]
    s.json(37, {"client_secret": k[0], "api_key": k[1], "refresh_token": k[2]}, *k[:3])
    s.json(37, {"db_password": "hunter7", "access_token": k[3]}, "hunter7", k[3])
    s.json(38, {"clientId": k[4], "clientSecret": k[5]}, k[4], k[5], kept=(k[4][:4],))
    s.json(38, {"ApiKey": k[6], "accessToken": k[7], "secretAccessKey": k[8]}, *k[6:9])
    s.json(39, {"api-key": k[9], "app.client.secret": k[10]}, k[9], k[10])
    s.json(39, {"X.Api.Key": k[11], "aws secret access key": k[12]}, k[11], k[12])
    s.json(40, {"a": [[{"b": [{"token": k[13]}]}]]}, k[13])
    s.json(40, {"jobs": [{"input": {"keys": {"api_key": [k[14], k[15]]}}}]}, k[14], k[15])
    s.json(41, {"password": 4815162342, "pin": 1}, "4815162342")
    s.json(41, {"api_key": {"value": k[16], "n": 736251}, "secret": [k[17]]}, k[16], k[17])
    s.json(42, {"headers": [{"name": "x-api-key", "value": k[18]}]}, k[18], kept=("x-api-key",))
    s.json(42, [{"Name": "STUDIO_TOKEN", "Value": k[19]}, {"key": "apiKey", "val": k[20]}], k[19])
    s.json(42, {"env": [{"name": "DB_PASSWORD", "value": "tigertiger"}]}, "tigertiger")
    nested = json.dumps({"text": json.dumps({"api_key": k[21], "n": 1})})
    s.json(43, {"postData": {"text": nested}}, k[21])
    s.text(43, "body=" + json.dumps(json.dumps({"clientSecret": k[22]})), k[22])
    form = "application/x-www-form-urlencoded"
    s.body(44, f"grant_type=client_credentials&client_secret={k[23]}", form, k[23],
           kept=("grant_type=client_credentials",))  # fmt: skip
    s.body(44, f"user=mina&password={quote('p@ss ' + k[24])}", form, k[24])
    part = '--Xb\r\nContent-Disposition: form-data; name="{}"{}\r\n\r\n{}\r\n--Xb--\r\n'
    multi = "multipart/form-data; boundary=Xb"
    s.body(45, part.format("api_key", "", k[25]), multi, k[25], kept=('name="api_key"',))
    s.body(45, part.format("file", f'; filename="{k[26]}@lumen.io.png"', "x"), multi,
           f"{k[26]}@lumen.io")  # fmt: skip
    s.body(45, part.format("file", '; filename="/home/minadoe/a.png"', "\x89PNG"), multi, "minadoe")
    s.json(46, {"query": "mutation L($t: String!) { a }", "variables": {"token": k[27]}}, k[27])
    s.json(46, {"query": f'mutation {{ login(password: "{k[28]}") {{ id }} }}'}, k[28])
    har = {"content": {"mimeType": "application/json", "encoding": "base64",
           "text": b64(json.dumps({"api_key": k[29]}))}}  # fmt: skip
    s.json(47, har, k[29])
    s.json(47, {"body": {"base64_string": b64(f'{{"refresh_token": "{k[30]}"}}')}}, k[30])
    page = '<form><input type="hidden" name="authenticity_token" value="{}"></form>'
    s.body(50, page.format(k[31]), "text/html", k[31])
    s.body(50, f"<meta content='{k[32]}' name='csrf-token'>", "text/html", k[32])
    s.body(50, f"<Credentials><SecretAccessKey>{k[33]}</SecretAccessKey></Credentials>",
           "application/xml", k[33])  # fmt: skip
    s.json(51, {"error": {"message": f"Incorrect API key provided: {k[34]}. See docs."}}, k[34])
    masked = f"{k[35][:5]}********{k[35][-4:]}"
    s.json(51, {"message": f"bad key {masked}"}, masked, registered=(k[35],))
    s.text(51, f"401: invalid token '{k[36]}' (expired)", k[36])
    token = jwt("akool", exp=1763726467, uid=7)
    s.json(52, {"code": 1000, "token": token}, token, token.split(".")[2], kept=("1000",))
    s.body(52, f'{{"code":1000,"token":"{jwt("ak2")}"}}', "application/json", jwt("ak2"))


def _packed(s: _Set) -> None:
    k = [drawn(f"pa{n}", 26) for n in range(12)]
    plain = json.dumps({"api_key": k[0], "model": "m"}).encode()
    s.body(48, gzip.compress(plain, mtime=0), "application/json", k[0])
    s.body(48, brotli.compress(plain), "application/json", k[0])
    s.body(48, zlib.compress(plain), "application/json", k[0])
    har = {"text": base64.b64encode(gzip.compress(plain, mtime=0)).decode(), "encoding": "base64"}
    s.json(48, {"response": {"content": har}}, k[0])
    s.body(49, f'event: m\ndata: {{"session_token":"{k[1]}"}}\n\ndata: [DONE]\n\n',
           "text/event-stream", k[1], kept=("event: m", "[DONE]"))  # fmt: skip
    s.body(49, f'{{"n":1}}\n{{"auth":{{"bearer":"{k[2]}"}}}}\n', "application/x-ndjson", k[2])


def _shapes(s: _Set) -> None:
    k = [drawn(f"sh{n}", 44) for n in range(40)]
    s.text(54, f"session {jwt('s1', exp=1763726467)} was refused", jwt("s1", exp=1763726467))
    head = b64url('{"alg":"dir","enc":"A256GCM"}')
    jwe = f"{head}..{k[0][:16]}.{k[1]}.{k[2][:22]}"
    s.json(54, {"note": f"sent {jwe}"}, jwe, k[1])
    s.text(54, f"got v4.public.{k[3]}{k[4]} from", k[3])
    for lead in ("sk-", "sk-proj-", "sk-svcacct-", "sk-admin-", "sess-"):
        s.text(55, f"we use {lead}{drawn(lead, 48)} here", drawn(lead, 48))
    s.json(55, {"note": "sk-" + "proj-" + k[5] + "-" + k[6]}, k[5], k[6])
    s.text(56, f"client r8_{k[7][:37]}", k[7][:37])
    s.json(56, {"error": {"title": f"token r8_{k[8][:37]} unknown"}}, k[8][:37])
    for tail in ("", "-1731234567"):
        heygen = b64(drawn("heygen" + tail, 32, HEX) + tail)
        s.text(57, f"my key is {heygen} and it fails", heygen.rstrip("="))
        s.json(57, {"notes": ["x", heygen]}, heygen.rstrip("="))
    shapes = [("AK" + "IA", 16, "ABCDEFGHIJ234567"), ("AI" + "za", 35, ALNUM),
              ("gh" + "p_", 36, ALNUM),
              ("github" + "_pat_", 60, ALNUM), ("xo" + "xb-1234567890-", 24, ALNUM),
              ("hf" + "_", 34, LETTERS), ("wh" + "sec_", 32, ALNUM), ("rk_" + "live_", 24, ALNUM),
              ("sk_" + "live_", 24, ALNUM), ("fal_", 32, ALNUM), ("sk_", 48, HEX)]  # fmt: skip
    for lead, length, alphabet in shapes:
        value = drawn(lead, length, alphabet)
        s.text(58, f"found {lead}{value} in the dump", value)
        s.json(58, {"comment": f"{lead}{value}"}, value)
    pem = "-----BEGIN {0}PRIVATE KEY-----\n" + "\n".join(k[9:14]) + "\n-----END {0}PRIVATE KEY-----"
    for name in ("", "EC ", "OPENSSH "):
        s.text(59, pem.format(name), k[9], k[12])
    s.json(59, {"file": pem.format("RSA ")}, k[10])
    s.text(59, f"p12: MIIKYQIBAzCCCicGCSqGSIb3DQEHAaCCChgE{k[14]}{k[15]}{k[16]}==", k[14])
    s.text(60, f"hash {chr(36)}2b$12${drawn('bc', 53)}", drawn("bc", 53))
    s.text(60, f"{chr(36)}argon2id$v=19$m=65536,t=3,p=4${k[17][:22]}${k[18][:43]}", k[18][:43])
    s.text(60, f"{'scrypt'}:32768:8:1${k[19][:16]}${drawn('sc', 128, HEX)}", drawn("sc", 128, HEX))


def _spellings(s: _Set) -> None:
    key = "in" + drawn("sp", 25) + "/+ z"
    known = {"registered": (key,)}
    for lead in ("", "a", "ab"):
        s.text(61, f"auth={b64(lead + key + ':x')} end", key, **known)
        s.text(61, f"X {b64url(lead + key + 'yy')}", key, **known)
    s.text(62, f"at /p/{quote(key, safe='')}/x", key, **known)
    s.text(62, f"at /p/{quote(quote(key, safe=''), safe='')}/x", key, **known)
    s.text(62, 'say "' + "".join(f"\\u{ord(c):04x}" for c in key) + '"', key, **known)
    s.text(62, "say " + key.replace("/", "\\/"), key, **known)
    s.text(62, f"hex {key.encode().hex()}", key, **known)
    s.text(62, f"hex {key.encode().hex(' ').upper()}", key, **known)
    s.text(63, f"{key[:11]}\n    {key[11:]}", key, **known)
    s.text(63, f"'{key[:9]}' + '{key[9:]}'", key, **known)
    s.text(63, f"\x1b[31m{key[:7]}\x1b[0m\x1b[1m{key[7:]}\x1b[0m", key, **known)
    s.text(63, f'"{key[:13]}"\n    "{key[13:]}"', key, **known)


def _text(s: _Set) -> None:
    k = [drawn(f"te{n}", 23 + n % 8) for n in range(50)]
    s.text(64, f"STUDIO_API_KEY={k[0]}\nDEBUG=1", k[0], kept=("DEBUG=1", "STUDIO_API_KEY"))
    s.text(64, f"export RENDER_TOKEN='{k[1]}' && make", k[1])
    s.text(64, f'setx LUMEN_SECRET "{k[2]}"', k[2])
    s.text(64, f"docker run --rm -e LUMEN_KEY={k[3]} -e A=b image", k[3], kept=("A=b",))
    s.text(64, f'$env:LUMEN_API_KEY = "{k[4]}"', k[4])
    s.text(65, f"<Headers({{'host': 'a.io', 'x-api-key': '{k[5]}'}})>", k[5])
    s.text(65, f"Settings(region='eu', api_key='{k[6]}', retries=3)", k[6], kept=("retries=3",))
    s.text(65, f"post(url, headers={{'Authorization': 'Bearer {k[7]}'}}, timeout=3)", k[7])
    s.text(65, f"[('x-api-key', '{k[8]}'), (b'authorization', b'Token {k[9]}')]", k[8], k[9])
    trace = (
        'Traceback (most recent call last):\n  File "a.py", line 3, in f\n    go(api_key="{}")\n'
    )
    s.text(66, trace.format(k[10]) + f"ValueError: refused\n  api_key = '{k[10]}'", k[10])
    s.text(66, f"│ headers = {{                     │\n│     'X-Api-Key': '{k[11]}' │", k[11])
    s.text(66, f"    client_secret: '{k[12]}',\n    at Object.<anonymous> (/srv/a.js:1:2)", k[12])
    s.text(67, f"curl -sS -H 'x-api-key: {k[13]}' https://api.lumen.io", k[13])
    s.text(67, f"curl -u mina:{k[14]} --proxy-user p:{k[15]} https://api.lumen.io", k[14], k[15])
    s.text(67, f'curl https://api.lumen.io -d \'{{"clientSecret":"{k[16]}"}}\'', k[16])
    s.text(67, f"https POST api.lumen.io Authorization:'Bearer {k[17]}' a=b", k[17])
    s.text(67, f'Invoke-WebRequest -Headers @{{ Authorization = "Bearer {k[18]}" }}', k[18])
    s.text(67, f"curl --oauth2-bearer {k[19]} -b 'sid={k[20]}' https://a.io", k[19], k[20])
    s.text(68, f"https_proxy=http://corp:{k[21]}@px.lumen.io:8080", k[21], kept=("px.lumen.io",))
    s.text(68, f"origin\thttps://x-token:{k[22]}@git.lumen.io/a.git (fetch)", k[22])
    s.text(68, f"Looking in indexes: https://bot:{k[23]}@packages.lumen.io/simple", k[23])
    s.text(69, f"mina 771 0.0 node srv.js --api-key={k[24]} --port 80", k[24], kept=("--port 80",))
    s.text(69, f"  512  lumen login --token {k[25]}", k[25])
    s.text(69, f'##[debug]env: {{ "LUMEN_PASSWORD": "{k[26]}" }}', k[26])


def _personal(s: _Set) -> None:
    s.text(70, "mail from anna.petrova@studio-lumen.ru please", "anna.petrova@studio-lumen.ru")
    s.text(70, "call +7 916 555-01-99 or +1 (415) 555-2671", "916 555-01-99", "555-2671")
    s.text(70, "from 10.20.30.40 via 93.184.215.14", "10.20.30.40", "93.184.215.14")
    s.text(70, "client 2a02:6b8:0:1a2b::17 connected", "2a02:6b8:0:1a2b::17")
    s.text(70, "eth0 aa:0b:3c:4d:5e:6f up", "aa:0b:3c:4d:5e:6f")
    s.text(70, "host dhcp-10-0-0-5.corp.lumen.lan answered", "dhcp-10-0-0-5")
    s.header(70, "X-Forwarded-For", "93.184.215.15, 172.16.4.9", "93.184.215.15", "172.16.4.9")
    s.text(70, "running on invented-host-01", "invented-host-01")
    s.text(71, 'File "/home/mkovalev/app/run.py"', "mkovalev", kept=("app/run.py",))
    s.text(71, "open /Users/mkovalev/Movies/a.mov", "mkovalev")
    s.text(71, "at C:\\Users\\MKovalev\\src\\x.js", "MKovalev")
    s.text(
        71, "file:///C:/Users/mkovalev/OneDrive%20-%20Lumen%20LLC/x.png", "mkovalev", "Lumen%20LLC"
    )
    s.text(71, "cd ~mkovalev/work", "mkovalev")
    hidden = {"options": {"hide_content": True}}
    said = "An old man named Pavel Durnev walks along the quay in Tver"
    s.json(72, {"prompt": said, "model": "m"}, "Pavel Durnev", **hidden)
    s.json(
        72, {"video_inputs": [{"voice": {"type": "text", "input_text": said}}]}, "Tver", **hidden
    )
    s.body(72, json.dumps({"input": {"script": said}}), "application/json", "Pavel", **hidden)


def numbers(chosen: list[Example]) -> Iterator[int]:
    """The positions of some examples, each once."""
    yield from dict.fromkeys(example.number for example in chosen)
