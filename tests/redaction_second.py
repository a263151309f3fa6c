"""What must the gate hide besides? A second set, written after the rules and without them at hand.

Other hosts, names, tools and languages than the first set has. Its first score was 61 of 64.
"""

import json
from urllib.parse import quote

from tests.redaction_set import ALNUM, HEX, Example, b64, b64url, drawn, jwt


def second() -> list[Example]:
    """All of them, by position."""
    return [*_headers(), *_addresses(), *_bodies(), *_texts(), *_others()]


def _made(number: int, how: str, given: object, *secrets: str, **more: object) -> Example:
    return Example(number=number, how=how, given=given, secrets=secrets, **more)  # type: ignore[arg-type]  # named as there


def _headers() -> list[Example]:
    k = [drawn(f"second h{n}", 20 + n % 12) for n in range(20)]
    return [
        _made(1, "text", f"DEBUG:urllib3:send: b'Authorization: Bearer {k[0]}\\r\\n'", k[0]),
        _made(
            3, "text", f"--header 'authorization: basic {b64('svc:' + k[1])}'", b64("svc:" + k[1])
        ),
        _made(4, "header", ("Authorization", f"PRIVATE-TOKEN {k[2]}"), k[2]),
        _made(6, "text", f"Proxy-Authorization: Bearer {k[3]}", k[3]),
        _made(7, "json", {"request": {"header": {"X-API-KEY": k[4]}}}, k[4]),
        _made(8, "header", ("x-rapidapi-key", k[5]), k[5]),
        _made(10, "header", ("X-Gitlab-Token", k[6]), k[6]),
        _made(10, "header", ("cf-access-client-secret", k[7]), k[7]),
        _made(10, "header", ("X-Vault-Token", f"hvs.{k[8]}"), k[8]),
        _made(11, "json", {"cookies": {"connect.sid": f"s%3A{k[9]}.x"}}, k[9]),
        _made(
            13,
            "header",
            ("svix-signature", f"v1,{b64(k[10])} v1,{b64(k[11])}"),
            b64(k[10]),
            b64(k[11]),
        ),
        _made(
            17,
            "json",
            {"set-cookie": [f"jwt={k[12]}; HttpOnly", f"r={k[13]}; Path=/"]},
            k[12],
            k[13],
        ),
        _made(18, "header", ("Location", f"myapp://cb?code={k[14]}#done"), k[14]),
        _made(20, "header", ("WWW-Authenticate", f'Token realm="x", token="{k[15]}"'), k[15]),
    ]


def _addresses() -> list[Example]:
    k = [drawn(f"second a{n}", 32) for n in range(20)]
    h = [drawn(f"second x{n}", 64, HEX) for n in range(10)]
    url = f"https://media.vidu.example-cdn.cn/o.mp4?sign={h[0]}&t=1763650067"
    return [
        _made(22, "text", f'"GET /v2/render?apikey={k[0]} HTTP/1.1" 200 512', k[0]),
        _made(24, "url", f"https://auth.kling.invalid/o?refresh_token={k[1]}", k[1]),
        _made(25, "text", f"amqp://render:{k[2]}@queue.kling.invalid:5672/vhost", k[2]),
        _made(26, "text", f"pip install git+https://{k[3]}@git.kling.invalid/r.git@main", k[3]),
        _made(
            28,
            "json",
            {
                "u": f"https://dx.cloudfront.net/a?Expires=1&Signature={h[1]}&Key-Pair-Id=APKA{k[4][:12]}"
            },
            h[1],
            k[4][:12],
        ),
        _made(
            30,
            "text",
            f"azcopy cp 'https://a.blob.core.windows.net/c?sv=1&sig={quote(b64(k[5]))}'",
            quote(b64(k[5])),
            k[5],
        ),
        _made(31, "url", url, h[0]),
        _made(
            31,
            "url",
            f"https://v.kling.invalid/p.m3u8?hdnea=st=1~exp=1763650067~acl=/*~hmac={h[2]}",
            h[2],
        ),
        _made(
            31,
            "url",
            f"https://o.cos.ap-guangzhou.myqcloud.com/v?q-ak=AKID{k[6]}&q-signature={h[3]}",
            k[6],
            h[3],
        ),
        _made(
            33,
            "url",
            f"https://prod-12.westeurope.logic.azure.com/workflows/a/triggers/m?sig={k[7]}",
            k[7],
        ),
        _made(33, "json", {"callback_url": f"https://hook.eu2.make.com/{k[8]}"}, k[8]),
        _made(
            34,
            "text",
            f"GET /img?src={quote('https://a.io/x?access_token=' + k[9], safe='')}",
            k[9],
        ),
        _made(
            35, "json", {"ws": f"wss://rt.kling.invalid/v1?authorization=Bearer%20{k[10]}"}, k[10]
        ),
    ]


def _bodies() -> list[Example]:
    k = [drawn(f"second b{n}", 27) for n in range(30)]
    part = '--q\r\nContent-Disposition: form-data; name="user[password]"\r\n\r\n{}\r\n--q--\r\n'
    soap = "<soap:Header><wsse:Password Type='x'>{}</wsse:Password></soap:Header>"
    return [
        _made(37, "json", {"s3": {"aws_secret_access_key": k[0], "region": "eu"}}, k[0]),
        _made(38, "json", {"kling": {"AccessKey": k[1], "SecretKey": k[2]}}, k[1], k[2]),
        _made(39, "json", {"spring.datasource.password": k[3]}, k[3]),
        _made(40, "json", [[{"creds": [{"passwd": k[4]}]}]], k[4]),
        _made(41, "json", {"otp_secret": 998877665544}, "998877665544"),
        _made(42, "json", {"parameters": [{"Name": "/prod/api-key", "Value": k[5]}]}, k[5]),
        _made(43, "json", {"Message": json.dumps({"Records": [{"authToken": k[6]}]})}, k[6]),
        _made(
            44,
            "body",
            (f"client_assertion={jwt('second')}&x=1", "application/x-www-form-urlencoded"),
            jwt("second"),
        ),
        _made(45, "body", (part.format(k[7]), "multipart/form-data; boundary=q"), k[7]),
        _made(46, "json", {"query": "{ me }", "variables": {"input": {"apiToken": k[8]}}}, k[8]),
        _made(
            49,
            "body",
            (
                f'data: {{"choices":[]}}\n\ndata: {{"key":"api_key","api_key":"{k[9]}"}}\n\n',
                "text/event-stream",
            ),
            k[9],
        ),
        _made(50, "body", (soap.format(k[10]), "text/xml"), k[10]),
        _made(
            50,
            "body",
            (f'<script>window.__CFG={{"csrfToken":"{k[11]}"}}</script>', "text/html"),
            k[11],
        ),
        _made(51, "json", {"detail": [{"msg": f"Invalid API Key {k[12]} for project"}]}, k[12]),
        _made(51, "text", f"openai.AuthenticationError: 401 - key '{k[13]}' is not active", k[13]),
        _made(
            52,
            "body",
            (f'{{"code":0,"data":{{"token":"{jwt("s2")}"}}}}', "application/json"),
            jwt("s2"),
        ),
        _made(
            53,
            "json",
            {"artifacts": [{"uri": f"https://r2.invalid/o?X-Amz-Signature={k[14]}"}]},
            k[14],
        ),
    ]


def _texts() -> list[Example]:
    k = [drawn(f"second t{n}", 25) for n in range(30)]
    return [
        _made(64, "text", f"set -x RUNWAY_API_SECRET {k[0]}", k[0]),
        _made(64, "text", f'ENV LUMA_API_KEY="{k[1]}"', k[1]),
        _made(64, "text", f"- name: PIKA_TOKEN\n  value: {k[2]}", k[2]),
        _made(65, "text", f"AuthConfig(user='a', password='{k[3]}')", k[3]),
        _made(65, "text", f'{{:api_key=>"{k[4]}", :n=>1}}', k[4]),
        _made(66, "text", f"    self = <Client key='{k[5]}'>\n    secret_key = '{k[5]}'", k[5]),
        _made(67, "text", f"wget --header='X-Api-Key: {k[6]}' https://a.invalid", k[6]),
        _made(67, "text", f"http -A bearer -a {k[7]} https://a.invalid", k[7]),
        _made(67, "text", f'curl.exe -H "Authorization: Key {k[8]}" https://a.invalid', k[8]),
        _made(68, "text", f"ALL_PROXY=socks5://u1:{k[9]}@10.1.1.1:1080", k[9]),
        _made(69, "text", f"root 1 0 /app --db-password {k[10]} --port 1", k[10]),
        _made(69, "text", f"history: 301  export RUNWAY_TOKEN={k[11]}", k[11]),
    ]


def _others() -> list[Example]:
    key = drawn("second known", 30)
    known = {"registered": (key,)}
    return [
        _made(54, "text", f"cookie held {jwt('second jwt')}", jwt("second jwt")),
        _made(
            58, "text", f"use {'gh' + 's_'}{drawn('ghs', 36, ALNUM)} now", drawn("ghs", 36, ALNUM)
        ),
        _made(61, "json", {"x": b64url("zz" + key + "zz")}, key, **known),
        _made(62, "text", "&#" + ";&#".join(str(ord(c)) for c in key) + ";", key, **known),
        _made(
            63, "text", "\n".join(f"  | {key[n : n + 6]}" for n in range(0, 30, 6)), key, **known
        ),
        _made(
            70,
            "text",
            "user i.petrov+video@mail.lumen.ru wrote from 192.168.77.13",
            "i.petrov+video@mail.lumen.ru",
            "192.168.77.13",
        ),
        _made(71, "text", "D:\\Users\\irina.p\\clips\\a.mp4 and /home/irina.p/.netrc", "irina.p"),
        _made(70, "text", "tel: +44 20 7946 0958", "7946 0958"),
    ]
