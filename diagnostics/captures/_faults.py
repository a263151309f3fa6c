"""Which failure of a connection do these words name? Python's, Node's, curl's and Go's own."""

import re

from diagnostics.model import Fault, FaultKind

_KINDS: tuple[tuple[str, FaultKind, bool], ...] = (
    (
        (
            r"getaddrinfo|ENOTFOUND|EAI_AGAIN|EAI_NONAME|gaierror|NameResolutionError"
            r"|UnresolvedName"
            r"|Could not resolve host|couldn't resolve host|Name or service not known"
            r"|Temporary failure in name resolution|nodename nor servname|no such host"
            r"|No address associated with hostname|ERR_NAME_NOT_RESOLVED|curl: \(6\)"
        ),
        FaultKind.DNS,
        False,
    ),
    (
        (
            r"ProxyError|Tunnel connection failed|Could not resolve proxy|CONNECT tunnel failed"
            r"|Proxy CONNECT aborted|ERR_PROXY_\w+|ERR_TUNNEL_\w+|curl: \((?:5|97)\)"
            r"|Cannot connect to proxy"
        ),
        FaultKind.PROXY,
        False,
    ),
    (
        (
            r"ECONNREFUSED|ConnectionRefusedError|Connection refused|actively refused"
            r"|ERR_CONNECTION_REFUSED"
        ),
        FaultKind.REFUSED,
        False,
    ),
    (
        (
            r"ConnectTimeout(?:Error)?|UND_ERR_CONNECT_TIMEOUT|Connection timed out after"
            r"|ERR_CONNECTION_TIMED_OUT|PoolTimeout|connect ETIMEDOUT"
            r"|Failed to connect to [^\n]*timed out"
            r"|connect timeout|ConnectionTimeoutError"
        ),
        FaultKind.CONNECT_TIMEOUT,
        False,
    ),
    (
        (
            r"SSLCertVerificationError|CERTIFICATE_VERIFY_FAILED|SSLError|SSLZeroReturnError"
            r"|SSL: \w+"
            r"|CERT_HAS_EXPIRED|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN"
            r"|UNABLE_TO_(?:VERIFY_LEAF_SIGNATURE|GET_ISSUER_CERT\w*)|ERR_TLS_\w+|ERR_SSL_\w+"
            r"|EPROTO"
            r"|SSL certificate problem|SSL connect error|SSL_ERROR_\w+|x509: |tls: "
            r"|ERR_CERT_\w+|curl: \((?:35|51|58|60|77|83)\)"
        ),
        FaultKind.TLS,
        False,
    ),
    (
        (
            r"IncompleteRead|ChunkedEncodingError|transfer closed with|ERR_CONTENT_LENGTH_MISMATCH"
            r"|ERR_INCOMPLETE_CHUNKED_ENCODING|curl: \(18\)|peer closed connection without sending"
            r" complete message|UND_ERR_RES_CONTENT_LENGTH_MISMATCH|ContentLengthError"
            r"|unexpected EOF"
            r"|ClientPayloadError|Response payload is not completed"
        ),
        FaultKind.CUT_BODY,
        True,
    ),
    (
        (
            r"ReadTimeout(?:Error)?|Read timed out|APITimeoutError|ESOCKETTIMEDOUT"
            r"|UND_ERR_HEADERS_TIMEOUT"
            r"|UND_ERR_BODY_TIMEOUT|Operation timed out|curl: \(28\)|timeout of \d+ ?ms exceeded"
            r"|context deadline exceeded|ECONNABORTED|ETIMEDOUT|TimeoutException"
            r"|SocketTimeoutException"
            r"|asyncio\.exceptions\.TimeoutError|TimeoutError|ERR_TIMED_OUT|Request timed out"
            r"|HeadersTimeoutError|BodyTimeoutError|The operation was aborted due to timeout"
        ),
        FaultKind.READ_TIMEOUT,
        True,
    ),
    (
        r"WriteTimeout|WriteError|EPIPE|BrokenPipeError|Broken pipe|curl: \(55\)",
        FaultKind.WRITE,
        True,
    ),
    (
        (
            r"ECONNRESET|ConnectionResetError|Connection reset|socket hang up|RemoteDisconnected"
            r"|Server disconnected|ServerDisconnectedError|Remote end closed connection"
            r"|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|ReadError|Empty reply from server"
            r"|curl: \((?:52|56)\)|other side closed|UND_ERR_SOCKET|ERR_CONNECTION_CLOSED"
            r"|Recv failure|ERR_STREAM_PREMATURE_CLOSE|Premature close"
        ),
        FaultKind.RESET,
        True,
    ),
    (
        (
            r"TooManyRedirects|Maximum \(\d+\) redirects followed|ERR_TOO_MANY_REDIRECTS"
            r"|ERR_FR_TOO_MANY_REDIRECTS|redirect count exceeded|curl: \(47\)"
        ),
        FaultKind.REDIRECTS,
        True,
    ),
    (
        (
            r"RemoteProtocolError|BadStatusLine|HPE_INVALID_\w+|Received HTTP/0\.9 when not allowed"
            r"|HTTP/2 stream \d+ was not closed cleanly|curl: \((?:1|8|16|61|92)\)|DecodingError"
            r"|ERR_HTTP2_PROTOCOL_ERROR|ERR_INVALID_HTTP_RESPONSE"
        ),
        FaultKind.PROTOCOL,
        True,
    ),
    (
        (
            r"InvalidURL|UnsupportedProtocol|MissingSchema|InvalidSchema|LocalProtocolError"
            r"|Illegal header value|ERR_INVALID_URL|ERR_INVALID_CHAR|URL rejected|curl: \((?:3"
            r"|43)\)"
            r"|Invalid header value|Port number was not a decimal"
        ),
        FaultKind.BAD_REQUEST,
        False,
    ),
    (
        r"ENOSPC|No space left on device|MemoryError|EMFILE|Too many open files|curl: \(2[36]\)",
        FaultKind.LOCAL,
        False,
    ),
    (
        (
            r"EHOSTUNREACH|ENETUNREACH|ConnectError|NewConnectionError|No route to host"
            r"|Network is unreachable|APIConnectionError|ClientConnectorError|fetch failed"
            r"|ERR_NETWORK\b"
            r"|Failed to fetch|NetworkError when attempting|curl: \(7\)|Failed to connect to"
            r"|ERR_ADDRESS_UNREACHABLE|ERR_INTERNET_DISCONNECTED|Couldn't connect to server"
        ),
        FaultKind.CONNECT,
        False,
    ),
)
"""The first that fits decides: a proxy's refusal is the proxy's."""

_ANY = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    + "|".join(f"(?P<k{number}>{words})" for number, (words, _, _) in enumerate(_KINDS))
    + r")(?![a-z0-9])"
)
_STEMS = (
    *("err", "time", "refused", "resol", "ssl", "cert", "reset", "curl: (", "eof", "x509", "tls"),
    *("enot", "eai_", "no such host", "no address", "not known", "nodename", "tunnel", "enospc"),
    *("memory", "no space", "unreach", "no route", "pipe", "epro", "empty reply", "hang up"),
    *("disconnect", "closed", "deadline", "failure", "failed", "redirect", "invalid", "illegal"),
    *("rejected", "incomplete", "not completed", "badstatus", "hpe_", "emfile", "too many"),
    *("port number", "http/0.9", "http/2 stream", "self_signed", "unable_to", "premature"),
    *("couldn't", "gai", "getaddrinfo", "econn", "connect", "schema", "url", "protocol"),
)
"""No failure is named without one of these: most lines need no closer look."""
_LINE_MOST = 2000


def fault_in(text: str) -> Fault | None:
    """The failure that a line names; None when it names none."""
    line = text[:_LINE_MOST].strip()
    lowered = line.lower()
    if not any(stem in lowered for stem in _STEMS):
        return None
    fitting = {int(str(found.lastgroup)[1:]) for found in _ANY.finditer(line)}
    if not fitting:
        return None
    _, kind, arrived = _KINDS[min(fitting)]
    return Fault(kind=kind, message=line[:400], may_have_arrived=arrived)


def sharper(known: Fault, other: Fault) -> Fault | None:
    """The one that says more of the same failure; None when they are two failures."""
    if known.kind is other.kind:
        return known
    if known.kind is FaultKind.CONNECT and not other.may_have_arrived:
        return other
    if other.kind is FaultKind.CONNECT and not known.may_have_arrived:
        return known
    return None
