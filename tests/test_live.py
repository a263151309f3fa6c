"""The driver that sends: every failure has a class, every answer a bound, keys go nowhere else."""

import asyncio
import gzip
import json
import ssl
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpcore
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.drive.authority import Authority
from diagnostics.drive.budget import Budget
from diagnostics.drive.clock import RealClock
from diagnostics.drive.driver import Slot
from diagnostics.drive.live import KINDS, Bounds, Live
from diagnostics.model import (
    Exchange,
    Fault,
    FaultKind,
    Purpose,
    Request,
    Response,
    Target,
    TargetKind,
    Unsent,
    UnsentReason,
)
from diagnostics.promise import Scheme
from tests.drive_cases import akool
from tests.test_retry import Memory
from tests.wire import HANG, RESET, Script, http, serving

KEY = "invented-akool-key-0001-for-tests"


def live(  # noqa: PLR0913  # a driver has many parts
    base_url: str,
    *,
    values: Mapping[str, str] | None = None,
    bounds: Bounds | None = None,
    budget: float | None = None,
    recorder: Memory | None = None,
    verify: ssl.SSLContext | None = None,
) -> Live:
    contract = akool()
    host = base_url.partition("://")[2].partition(":")[0]
    return Live(
        contract=contract,
        target=Target(kind=TargetKind.LIVE, provider="akool", base_url=base_url),
        authority=Authority(
            contract=contract,
            values=values or {},
            register=lambda _value, _kind: None,
            hosts=frozenset({*contract.hosts, host}),
        ),
        budget=Budget(kind=TargetKind.LIVE, limit=budget),
        clock=RealClock(),
        recorder=recorder or Memory(),
        bounds=bounds or Bounds(connect_s=2.0, read_s=2.0),
        verify=verify,
    )


def asked(script: Script, request: Request | None = None, **options: object) -> Exchange:
    """One exchange with a server that follows the script."""

    async def work() -> Exchange:
        async with serving(script) as wire:
            driver = live(wire.base_url, **options)  # type: ignore[arg-type]  # passed through
            wanted = request or akool().request("getCredit")
            exchange = await driver.exchange(wanted, Slot())
            await driver.aclose()
            return exchange

    return asyncio.run(work())


def heard(script: Script, request: Request, **options: object) -> tuple[Exchange, list[bytes]]:
    """The exchange, and what the server heard."""
    seen: list[bytes] = []

    def listening(raw: bytes) -> list[bytes]:
        seen.append(raw)
        return script(raw)

    return asked(listening, request, **options), seen


def fault(exchange: Exchange) -> Fault:
    assert isinstance(exchange.answer, Fault), exchange.answer
    return exchange.answer


def test_a_whole_answer_keeps_status_headers_in_order_and_body() -> None:
    extra = "X-One: 1\r\nx-two: 2\r\nX-One: 3\r\n"
    response = asked(lambda _: [http(b'{"code":1000}', extra=extra)]).response
    assert response is not None
    assert (response.status, response.body) == (200, b'{"code":1000}')
    assert [v for k, v in response.headers if k.lower() == "x-one"] == ["1", "3"]


def test_each_phase_on_a_socket_is_timed_apart() -> None:
    wire = asked(lambda _: [http()]).wire
    assert wire is not None
    assert wire.address == "127.0.0.1"
    assert None not in (wire.dns_s, wire.connect_s, wire.first_byte_s, wire.body_s)
    assert wire.tls_s is None
    assert not wire.reused


def test_a_second_exchange_on_the_same_connection_says_so() -> None:
    async def work() -> Exchange:
        async with serving(lambda _: [http()]) as wire:
            driver = live(wire.base_url)
            await driver.exchange(akool().request("getCredit"), Slot())
            second = await driver.exchange(akool().request("getCredit"), Slot())
            await driver.aclose()
            return second

    second = asyncio.run(work())
    assert second.wire is not None
    assert second.wire.reused


@pytest.mark.parametrize(
    ("script", "kind", "arrived"),
    [
        ([RESET], FaultKind.RESET, True),
        ([HANG], FaultKind.READ_TIMEOUT, True),
        ([http(b"x" * 50)[:-20], RESET], FaultKind.CUT_BODY, True),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", HANG], FaultKind.READ_TIMEOUT, True),
        ([b"SSH-2.0-OpenSSH_9.2\r\n\r\n"], FaultKind.PROTOCOL, True),
        (
            [http(b"not gzip at all", extra="Content-Encoding: gzip\r\n")],
            FaultKind.PROTOCOL,
            True,
        ),
    ],
)
def test_each_way_an_answer_can_break_has_its_own_class(
    script: list[bytes],
    kind: FaultKind,
    arrived: bool,  # noqa: FBT001  # a column of the table
) -> None:
    bounds = Bounds(connect_s=2.0, read_s=0.3)
    found = fault(asked(lambda _: script, bounds=bounds))
    assert (found.kind, found.may_have_arrived) == (kind, arrived)


def test_nothing_listening_is_refused_and_surely_did_not_arrive() -> None:
    async def work() -> Exchange:
        async with serving(lambda _: [http()]) as wire:
            url = wire.base_url
        driver = live(url)
        exchange = await driver.exchange(akool().request("getCredit"), Slot())
        await driver.aclose()
        return exchange

    found = fault(asyncio.run(work()))
    assert (found.kind, found.may_have_arrived) == (FaultKind.REFUSED, False)


def test_a_name_that_does_not_resolve_is_dns() -> None:
    async def work() -> Exchange:
        driver = live("http://no-such-host.invalid")
        exchange = await driver.exchange(akool().request("getCredit"), Slot())
        await driver.aclose()
        return exchange

    assert fault(asyncio.run(work())).kind is FaultKind.DNS


def test_every_exception_of_httpcore_has_a_class() -> None:
    covered = tuple(kind for kinds, *_ in KINDS for kind in [kinds] if isinstance(kind, type))
    raised = [
        error
        for error in vars(httpcore).values()
        if isinstance(error, type) and issubclass(error, Exception)
    ]
    abstract = {"TimeoutException", "NetworkError", "ProtocolError", "ConnectionNotAvailable"}
    assert len(raised) > 10
    for error in raised:
        assert error.__name__ in abstract or issubclass(error, covered), error


def test_an_illegal_key_never_leaves_and_is_not_quoted() -> None:
    exchange, seen = heard(
        lambda _: [http()],
        akool().request("getCredit"),
        values={"AKOOL_API_KEY": f"{KEY}\n"},
    )
    assert fault(exchange).kind is FaultKind.BAD_REQUEST
    assert KEY not in fault(exchange).message
    assert not seen


def test_a_redirect_is_an_answer_and_not_followed() -> None:
    moved = http(status="302 Found", extra="Location: http://127.0.0.1:1/elsewhere\r\n")
    exchange, seen = heard(lambda _: [moved], akool().request("getCredit"))
    assert exchange.response is not None
    assert exchange.response.status == 302
    assert len(seen) == 1


def test_the_key_goes_to_the_providers_host_and_never_onto_the_tape() -> None:
    exchange, seen = heard(
        lambda _: [http()], akool().request("getCredit"), values={"AKOOL_API_KEY": KEY}
    )
    assert f"x-api-key: {KEY}".encode() in seen[0]
    assert KEY not in repr(exchange)


def test_the_key_goes_neither_to_a_media_host_nor_with_an_unauthenticated_probe() -> None:
    for purpose in (Purpose.MEDIA, Purpose.PROBE):
        request = replace(akool().request("getCredit"), purpose=purpose, authenticated=False)
        _, seen = heard(lambda _: [http()], request, values={"AKOOL_API_KEY": KEY})
        assert KEY.encode() not in seen[0]


def test_another_host_is_not_given_the_key_even_if_a_request_asks_for_it() -> None:
    async def work() -> list[bytes]:
        async with serving(lambda _: [http()]) as wire:
            driver = live("https://openapi.akool.com", values={"AKOOL_API_KEY": KEY})
            foreign = Request(method="GET", url=f"{wire.base_url}/steal", authenticated=True)
            await driver.exchange(foreign, Slot())
            await driver.aclose()
            return wire.heard

    (seen,) = asyncio.run(work())
    assert KEY.encode() not in seen


def test_a_body_is_read_only_to_its_bound() -> None:
    bounds = Bounds(connect_s=2.0, read_s=2.0, body_bytes=1000)
    response = asked(lambda _: [http(b"x" * 200_000)], bounds=bounds).response
    assert response is not None
    assert response.truncated
    assert len(response.body) == 1000


def test_a_compressed_bomb_is_cut_at_the_bound() -> None:
    bomb = gzip.compress(b"0" * 50_000_000)
    bounds = Bounds(connect_s=2.0, read_s=5.0, body_bytes=100_000)
    script = [http(bomb, extra="Content-Encoding: gzip\r\n")]
    response = asked(lambda _: script, bounds=bounds).response
    assert response is not None
    assert response.truncated
    assert len(response.body) == 100_000


def test_media_is_described_and_its_bytes_are_not_kept() -> None:
    picture = Path(__file__).parents[1].joinpath("diagnostics/emulator/sample_files/face.png")
    request = Request(method="GET", url="http://h/x", purpose=Purpose.MEDIA, authenticated=False)
    body = picture.read_bytes()

    async def work() -> Exchange:
        async with serving(lambda _: [http(body)]) as wire:
            driver = live("https://openapi.akool.com")
            exchange = await driver.exchange(replace(request, url=f"{wire.base_url}/f"), Slot())
            await driver.aclose()
            return exchange

    response = asyncio.run(work()).response
    assert response is not None
    assert response.media is not None
    assert (response.media.container, response.media.size_bytes) == ("png", len(body))
    assert response.body == b""


def test_nothing_paid_leaves_without_a_budget() -> None:
    exchange, seen = heard(lambda _: [http()], akool().request("createTalkingPhoto", body={}))
    assert isinstance(exchange.answer, Unsent)
    assert exchange.answer.reason is UnsentReason.NO_BUDGET
    assert not seen


def test_a_run_stops_before_it_would_exceed_its_budget() -> None:
    budget = Budget(kind=TargetKind.LIVE, limit=25.0)
    body = {"duration": 5, "resolution": "720p", "video": "v", "image": "i"}
    request = akool().request("createCharacterSwap", body=body)
    assert request.credits == 10
    refused = [budget.refuse(request) for _ in range(3)]
    assert [r.reason if r else None for r in refused] == [None, None, UnsentReason.OVER_BUDGET]


def test_a_price_nobody_documents_uses_the_budget_up() -> None:
    budget = Budget(kind=TargetKind.LIVE, limit=5.0)
    request = akool().request("createTalkingPhoto", body={})
    assert request.credits is None
    assert budget.refuse(request) is None
    assert budget.refuse(request) is not None


@given(limit=st.floats(0, 500), prices=st.lists(st.floats(0, 100), max_size=20))
def test_no_sequence_of_calls_commits_more_than_the_budget(
    limit: float, prices: list[float]
) -> None:
    budget = Budget(kind=TargetKind.LIVE, limit=limit)
    request = akool().request("createTalkingPhoto", body={})
    for price in prices:
        budget.refuse(replace(request, credits=price))
    assert budget.committed <= limit


def test_a_token_is_fetched_once_and_its_secret_is_not_on_the_tape() -> None:
    values = {"AKOOL_CLIENT_ID": "invented-client-id-01", "AKOOL_CLIENT_SECRET": KEY}
    memory = Memory()

    def script(raw: bytes) -> list[bytes]:
        if b"getToken" in raw:
            return [http(json.dumps({"code": 1000, "token": "invented.token.0001"}).encode())]
        return [http(b'{"code":1000,"data":{"credit":5}}')]

    async def work() -> list[bytes]:
        async with serving(script) as wire:
            driver = live(wire.base_url, values=values, recorder=memory)
            wanted = akool().request("getCredit")
            await asyncio.gather(*(driver.exchange(wanted, Slot()) for _ in range(3)))
            await driver.aclose()
            return wire.heard

    seen = asyncio.run(work())
    assert sum(b"getToken" in raw for raw in seen) == 1
    assert sum(b"Authorization: Bearer invented.token.0001" in raw for raw in seen) == 3
    assert [e.request.operation for e in memory.kept] == ["getToken"]
    assert KEY not in repr(memory.kept)


def test_when_no_token_can_be_had_the_call_stays_here() -> None:
    values = {"AKOOL_CLIENT_ID": "invented-client-id-01", "AKOOL_CLIENT_SECRET": KEY}
    refusing = [http(b'{"code":1101,"msg":"no"}')]
    exchange = asked(lambda _: refusing, values=values)
    assert isinstance(exchange.answer, Unsent)
    assert exchange.answer.reason is UnsentReason.EARLIER_FAILURE


def test_a_self_signed_certificate_is_tls_not_a_dead_host(tmp_path: Path) -> None:
    context = self_signed(tmp_path)

    async def work() -> Exchange:
        async def ignore(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.close()

        server = await asyncio.start_server(ignore, "127.0.0.1", 0, ssl=context)
        port = server.sockets[0].getsockname()[1]
        driver = live(f"https://127.0.0.1:{port}")
        exchange = await driver.exchange(akool().request("getCredit"), Slot())
        await driver.aclose()
        server.close()
        return exchange

    found = fault(asyncio.run(work()))
    assert found.kind is FaultKind.TLS
    assert "self-signed" in found.message


def self_signed(folder: Path) -> ssl.SSLContext:
    """A server context with a certificate nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = serialization.PrivateFormat.PKCS8
    plain = serialization.NoEncryption()
    (folder / "key.pem").write_bytes(key.private_bytes(pem, private, plain))
    (folder / "cert.pem").write_bytes(certificate.public_bytes(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


def test_a_scheme_without_its_variables_is_not_used() -> None:
    authority = Authority(
        contract=akool(), values={}, register=lambda _v, _k: None, hosts=frozenset({"h"})
    )
    assert authority.schemes == ()
    assert all(isinstance(scheme, Scheme) for scheme in akool().schemes)
    assert "no credentials" in repr(authority)


def test_an_answer_is_a_response_and_its_size_is_told() -> None:
    answered = asked(lambda _: [http(b"abc")]).answer
    assert isinstance(answered, Response)
    assert answered.size_bytes == 3
