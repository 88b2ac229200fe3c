"""Requests to addresses that somebody else chose, such as a client's webhook: only to public ones, whatever their names resolve to.

A name is resolved once, all that it resolves to must be public, and the connection goes to what was checked: a name that points
elsewhere a moment later changes nothing. The certificate must be the name's. Redirects are answers, never followed. Proxies and
credentials of the environment are not used, and no connection is kept for another request.
"""

import asyncio
import re
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

import httpx

from core.errors import InvalidInput

_LONGEST_URL = 2000
_NAME = re.compile(r"[a-z0-9_.-]{1,253}", re.ASCII)
_NAT64 = IPv6Network("64:ff9b::/96")
_OF_THE_CLOUD = frozenset({IPv4Address("168.63.129.16")})
"""Public by their numbers, but answered by the host of a virtual machine (Azure's)."""

Address = IPv4Address | IPv6Address
LookUp = Callable[[str, int], Awaitable[list[str]]]


class NotPublic(Exception):
    """The address must not be asked; the message says why."""


class Unreachable(Exception):
    """There was no answer; the message says why. The same request may be sent again."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    """As much of it as was asked for at most."""


def is_public(address: Address) -> bool:
    """Return whether an address is one of the Internet at large, also when an IPv4 address is within one of IPv6."""
    if isinstance(address, IPv6Address):
        within = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if within is None and address in _NAT64:
            within = IPv4Address(int(address) & 0xFFFFFFFF)
        if within is not None:
            return is_public(within)
        if address.is_site_local:
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved and address not in _OF_THE_CLOUD


def read_address(url: str, *, loopback: bool = False, field: str = "url") -> httpx.URL:
    """Return an address that may be asked as far as its words tell: what its name resolves to is seen when it is.

    Args:
        url: as somebody gave it.
        loopback: whether this machine may be asked too, also over plain http.
        field: what the address is called where it was given.

    Raises:
        InvalidInput: not https, without a host, with credentials, or a number that is not public.
    """
    try:
        found = httpx.URL(url) if len(url) <= _LONGEST_URL else httpx.URL()
    except (httpx.InvalidURL, ValueError, TypeError):
        found = httpx.URL()
    name = _name(found)
    number = _as_number(name)
    here = loopback and (name == "localhost" or (number is not None and number.is_loopback))
    named = number is not None or _NAME.fullmatch(name) is not None
    if not named or (found.scheme != "https" and not (here and found.scheme == "http")):
        raise InvalidInput("give an https address of a public host, such as https://example.com/hooks", field=field)
    if found.userinfo or found.fragment:
        raise InvalidInput("give an address without credentials and without a fragment", field=field)
    if not here and (name == "localhost" or (number is not None and not is_public(number))):
        raise InvalidInput("give an address of a public host: this one is private", field=field)
    return found


class Outside:
    """Sends such requests."""

    def __init__(
        self,
        *,
        timeout: float,
        largest: int,
        loopback: bool = False,
        look_up: LookUp | None = None,
        verify: ssl.SSLContext | bool = True,
    ) -> None:
        """Make it.

        Args:
            timeout: seconds for a request from its name to the end of its answer.
            largest: bytes of an answer that are read; the rest is left.
            loopback: whether this machine may be asked too.
            look_up: returns the addresses of a name; by default the system's resolver.
            verify: whose certificates are believed; by default the usual ones.
        """
        self._timeout = timeout
        self._largest = largest
        self._loopback = loopback
        self._look_up = look_up or resolve
        limits = httpx.Limits(max_keepalive_connections=0)
        self._http = httpx.AsyncClient(verify=verify, limits=limits, timeout=timeout, follow_redirects=False, trust_env=False)

    async def aclose(self) -> None:
        """Close what is open."""
        await self._http.aclose()

    async def send(self, method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes | None = None) -> Answer:
        """Send a request and return the answer, whatever its status.

        Raises:
            NotPublic: the address must not be asked.
            Unreachable: no such name, no connection, a wrong certificate, a broken answer, or too slow.
        """
        try:
            asked = read_address(url, loopback=self._loopback)
        except InvalidInput as error:
            raise NotPublic(error.message) from error
        try:
            async with asyncio.timeout(self._timeout):
                return await self._send(method, asked, headers or {}, body)
        except TimeoutError as error:
            raise Unreachable("it took too long to answer") from error
        except httpx.HTTPError as error:
            raise Unreachable(f"it could not be reached ({type(error).__name__})") from error

    async def _send(self, method: str, asked: httpx.URL, headers: Mapping[str, str], body: bytes | None) -> Answer:
        port = asked.port or (443 if asked.scheme == "https" else 80)
        name = _name(asked)
        target = asked.copy_with(host=str(await self._checked(name, port)))
        named = {**headers, "Host": asked.netloc.decode("ascii"), "Accept-Encoding": "identity"}
        request = self._http.build_request(method, target, headers=named, content=body, extensions={"sni_hostname": name})
        response = await self._http.send(request, stream=True)
        try:
            read = bytearray()
            async for chunk in response.aiter_raw():
                read += chunk
                if len(read) >= self._largest:
                    break
            return Answer(response.status_code, response.headers, bytes(read[: self._largest]))
        finally:
            await response.aclose()

    async def _checked(self, host: str, port: int) -> Address:
        """Return the address that a host has, when all that it has may be asked."""
        number = _as_number(host)
        try:
            found = [number] if number is not None else [ip_address(each.partition("%")[0]) for each in await self._look_up(host, port)]
        except (OSError, UnicodeError) as error:
            raise Unreachable("there is no such host") from error
        if not found:
            raise Unreachable("there is no such host")
        if not all(is_public(each) or (self._loopback and each.is_loopback) for each in found):
            raise NotPublic("the host's address is not public")
        return found[0]


async def resolve(host: str, port: int) -> list[str]:
    """Return the addresses that the system's resolver has for a name, the preferred first.

    Raises:
        OSError: there is none.
    """
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(place[0]) for *_, place in found]


def _name(url: httpx.URL) -> str:
    """Return the host as it is asked for: letters of other scripts in their ASCII form."""
    return url.raw_host.decode("ascii")


def _as_number(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


__all__ = ["Address", "Answer", "LookUp", "NotPublic", "Outside", "Unreachable", "is_public", "read_address", "resolve"]
