"""The generic mail API: `POST /v1/messages`."""

from pydantic import JsonValue

from server.outbound.http import ProviderClient
from server.outbound.mail import Mail


class RestMail:
    """Hands e-mail to a service that takes JSON."""

    def __init__(self, client: ProviderClient) -> None:
        self._client = client

    async def send(self, mail: Mail) -> str:
        """Hand over a message."""
        body: JsonValue = {"to": mail.to, "name": mail.name, "from": mail.sender, "subject": mail.subject, "text": mail.text}
        found = await self._client.send("POST", "/v1/messages", key=mail.key, body=body)
        return str(found.get("id", ""))
