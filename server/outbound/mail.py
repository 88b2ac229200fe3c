"""The port to whoever sends e-mail."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Mail:
    """One message to one person."""

    key: str
    to: str
    name: str
    sender: str
    subject: str
    text: str


class MailSender(Protocol):
    """Sends e-mail. Sending twice with one key sends one, where the sender can tell; SMTP marks both with one Message-ID."""

    async def send(self, mail: Mail) -> str:
        """Hand over a message and return its name at the sender.

        Raises:
            ProviderDown: send it again with the same key.
            ProviderRefused: such as an address that does not exist.
        """
        ...
