"""Which addresses may be asked, and that what was checked is what is asked."""

import asyncio
import datetime
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from core.errors import InvalidInput
from core.outside import NotPublic, Outside, Unreachable, is_public, read_address

PRIVATE = [
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.100.100.200",
    "168.63.129.16",
    "0.0.0.0",
    "224.0.0.1",
    "224.0.1.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "fe80::1",
    "fc00::1",
    "fd00:ec2::254",
    "fec0::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
    "2001:0:53aa:64c:0:0:80ff:fffe",
    "2001:db8::1",
]


@pytest.mark.parametrize("number", PRIVATE)
def test_what_is_not_public_is_known(number: str) -> None:
    assert not is_public(ip_address(number))


@pytest.mark.parametrize("number", ["93.184.215.14", "1.1.1.1", "2606:4700:4700::1111", "64:ff9b::101:101", "::ffff:1.1.1.1"])
def test_what_is_public_is_known(number: str) -> None:
    assert is_public(ip_address(number))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://",
        "http://example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "example.com",
        "//example.com",
        "https://user:word@example.com/",
        "https://user@example.com/",
        "https://example.com/#part",
        "https://localhost/",
        "https://[::1]/",
        "https://169.254.169.254/latest/meta-data",
        "https://10.0.0.1:8443/",
        "https://" + "a" * 2000,
        "https://exa mple.com/",
        "https://example.com:notaport/",
    ],
)
def test_an_address_that_may_not_be_asked_is_refused_by_its_words(url: str) -> None:
    with pytest.raises(InvalidInput, match=r"^webhook: "):
        read_address(url, field="webhook")


def test_this_machine_may_be_asked_only_where_a_setting_says_so() -> None:
    assert read_address("https://example.com:8443/a?b=c").port == 8443
    for url in ("http://127.0.0.1:9/", "https://localhost/", "http://[::1]:8080/"):
        assert read_address(url, loopback=True).host
        with pytest.raises(InvalidInput):
            read_address(url)
    for url in ("http://10.0.0.1/", "https://10.0.0.1/", "http://example.com/"):
        with pytest.raises(InvalidInput):
            read_address(url, loopback=True)


class Peer:
    """A server that counts who comes and answers all the same."""

    def __init__(self, answer: bytes) -> None:
        self.answer, self.heard = answer, list[bytes]()

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(self.answer)
        await writer.drain()
        writer.close()


@asynccontextmanager
async def listening(answer: bytes, tls: ssl.SSLContext | None = None) -> AsyncIterator[tuple[Peer, int]]:
    peer = Peer(answer)
    server = await asyncio.start_server(peer, "127.0.0.1", 0, ssl=tls)
    try:
        yield peer, server.sockets[0].getsockname()[1]
    finally:
        server.close()


def answering(*numbers: str):
    """Return a resolver that knows these addresses of every name, and counts its questions."""
    asked: list[str] = []

    async def look_up(host: str, port: int) -> list[str]:
        asked.append(host)
        return list(numbers)

    return look_up, asked


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.mark.parametrize("numbers", [["127.0.0.1"], ["169.254.169.254"], ["1.1.1.1", "10.0.0.1"], ["::1"], ["fe80::1%eth0"]])
async def test_a_name_that_leads_inside_is_not_asked(numbers: list[str]) -> None:
    look_up, _ = answering(*numbers)
    outside = Outside(timeout=2, largest=100, look_up=look_up)
    with pytest.raises(NotPublic):
        await outside.send("POST", "https://hooks.example.com/")
    await outside.aclose()


async def test_numbers_in_other_clothes_are_resolved_before_they_are_believed() -> None:
    """Old forms of numbers are names to us; the system's resolver reads them, and the answer is checked."""
    outside = Outside(timeout=2, largest=100)
    for url in ("https://2130706433/", "https://0x7f.1/", "https://127.1/", "https://0177.0.0.1/"):
        with pytest.raises((NotPublic, Unreachable)):
            await outside.send("GET", url)
    await outside.aclose()


async def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    async with listening(OK) as (inner, inside):
        moved = f"HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.1:{inside}/\r\nContent-Length: 0\r\n\r\n".encode()
        async with listening(moved) as (_, port):
            outside = Outside(timeout=2, largest=100, loopback=True)
            answer = await outside.send("POST", f"http://127.0.0.1:{port}/a", body=b"{}")
            await outside.aclose()
    assert (answer.status, inner.heard) == (307, [])


async def test_the_checked_address_is_asked_under_its_name_and_with_its_certificate(tmp_path: Path) -> None:
    """A name is looked up once; the peer sees the name, and another name's certificate is not believed."""
    server_side, client_side = certified("hooks.example.com", tmp_path)
    look_up, asked = answering("127.0.0.1")
    async with listening(OK, server_side) as (peer, port):
        outside = Outside(timeout=3, largest=100, loopback=True, look_up=look_up, verify=client_side)
        answer = await outside.send("POST", f"https://hooks.example.com:{port}/in?a=b", headers={"X-A": "b"}, body=b"{}")
        assert (answer.status, answer.body, asked) == (200, b"ok", ["hooks.example.com"])
        [head] = peer.heard
        assert head.startswith(b"POST /in?a=b HTTP/1.1\r\n")
        assert f"Host: hooks.example.com:{port}\r\n".encode() in head
        with pytest.raises(Unreachable, match="ConnectError"):
            await outside.send("POST", f"https://other.example.com:{port}/", body=b"{}")
        await outside.aclose()


async def test_an_endless_answer_is_cut_and_a_slow_one_given_up() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"
    async with listening(head + b"x" * 5000) as (_, port):
        outside = Outside(timeout=2, largest=100, loopback=True)
        answer = await outside.send("GET", f"http://127.0.0.1:{port}/")
        assert answer.body == b"x" * 100
        await outside.aclose()

    async def silent(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await gone.wait()
        writer.close()

    gone = asyncio.Event()
    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    outside = Outside(timeout=0.2, largest=100, loopback=True)
    with pytest.raises(Unreachable):
        await outside.send("GET", f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
    gone.set()
    server.close()
    with pytest.raises(Unreachable, match="no such host"):
        await outside.send("GET", "https://nowhere.invalid/")
    await outside.aclose()


def certified(name: str, folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return what a server with a certificate of a name uses, and a client who believes it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    chain, secret = folder / "chain.pem", folder / "key.pem"
    chain.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(chain, secret)
    return server_side, ssl.create_default_context(cafile=str(chain))
