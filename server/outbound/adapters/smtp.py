"""SMTP, by the standard library in a thread. A repeated message carries the same Message-ID, by which mailboxes tell it."""

import asyncio
import hashlib
import smtplib
import ssl
from email.headerregistry import Address
from email.message import EmailMessage
from urllib.parse import SplitResult, unquote, urlsplit

from server.outbound.failure import ProviderDown, ProviderRefused
from server.outbound.mail import Mail

_SECONDS = 15


class Smtp:
    """Sends through `smtp://user@host:587` (STARTTLS where offered) or `smtps://user@host:465`; the password comes apart."""

    def __init__(self, url: str, password: str = "") -> None:
        self._url: SplitResult = urlsplit(url)
        self._password = password

    async def send(self, mail: Mail) -> str:
        """Hand over a message."""
        message = compose(mail)
        try:
            await asyncio.to_thread(self._send, message)
        except smtplib.SMTPRecipientsRefused as error:
            raise ProviderRefused("the mail server does not take the recipient's address", code="recipient") from error
        except smtplib.SMTPResponseException as error:
            if 500 <= error.smtp_code < 600:
                raise ProviderRefused(f"the mail server refused the message ({error.smtp_code})", code="smtp") from error
            raise ProviderDown(f"the mail server is busy ({error.smtp_code})") from error
        except (OSError, smtplib.SMTPException) as error:
            raise ProviderDown(f"the mail server cannot be reached ({type(error).__name__})") from error
        return str(message["Message-ID"])

    def _send(self, message: EmailMessage) -> None:
        host, secure = self._url.hostname or "localhost", self._url.scheme == "smtps"
        port = self._url.port or (465 if secure else 587)
        context = ssl.create_default_context()
        opened = smtplib.SMTP_SSL(host, port, timeout=_SECONDS, context=context) if secure else smtplib.SMTP(host, port, timeout=_SECONDS)
        with opened as server:
            server.ehlo()
            if not secure and server.has_extn("starttls"):
                server.starttls(context=context)
                server.ehlo()
            if self._url.username:
                server.login(unquote(self._url.username), self._password)
            server.send_message(message)


def compose(mail: Mail) -> EmailMessage:
    """Return the message as it goes over the wire. Line breaks in a name or subject cannot become headers: the library refuses them.

    Raises:
        ProviderRefused: an address or a subject that no header can hold.
    """
    message = EmailMessage()
    try:
        message["From"] = mail.sender
        message["To"] = Address(mail.name, addr_spec=mail.to)
        message["Subject"] = mail.subject
    except (ValueError, IndexError) as error:
        raise ProviderRefused("the recipient's address or the subject is not valid", code="recipient") from error
    host = mail.sender.rpartition("@")[2].strip("> ") or "localhost"
    message["Message-ID"] = f"<{hashlib.sha256(mail.key.encode()).hexdigest()[:40]}@{host}>"
    message.set_content(mail.text)
    return message
