"""Where comments may be sent: the providers that whoever runs this installation has approved."""

import ipaddress
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from domain.errors import BadInput, NotFound

APPROVED = "providers.json"
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def _unsafe(base_url: str) -> str:
    """Why no key may be sent there; empty where it may."""
    try:
        parts = urlsplit(base_url)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        return str(error)
    if not host or parts.query or parts.fragment or parts.username or parts.password:
        return "it is not a plain address"
    if host in _LOOPBACK and parts.scheme in ("http", "https"):
        return ""
    if parts.scheme != "https":
        return "it is neither https nor on this machine"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        # A name; what it stands for is the network's business. Numbers in disguise are no names.
        return "its host is a number in disguise" if host.rstrip(".").rpartition(".")[2][:1].isdigit() else ""
    special = address.is_link_local or address.is_unspecified or address.is_multicast or address.is_loopback
    return "its host is reserved" if special else ""


@dataclass(frozen=True)
class ProviderAddress:
    """One provider that speaks OpenAI's protocol.

    Attributes:
        name: As settings and models name it.
        base_url: https, or http on this machine.
        key_variable: The environment variable that holds its key; None where it wants none. The key itself
            is never stored.
        charges: Whether its answers cost money; a server of one's own does not.

    Raises:
        BadInput: the address cannot be trusted with a key, or a field is of the wrong type.
    """

    name: str
    base_url: str
    key_variable: str | None = None
    charges: bool = True

    def __post_init__(self) -> None:
        texts = (self.name, self.base_url, self.key_variable or "")
        if not all(isinstance(one, str) for one in texts) or not isinstance(self.charges, bool):
            raise BadInput("A provider's fields are of the wrong type.", hint=f"Mend {APPROVED}.")
        reason = _unsafe(self.base_url)
        if reason:
            raise BadInput(
                f"The address of the provider '{self.name}' is refused: {reason}.",
                hint=f"Give an https address in {APPROVED}; http only on this machine.",
            )

    @property
    def key(self) -> str | None:
        """Its key of this moment, or None where its variable is not set or it has none."""
        return os.environ.get(self.key_variable or "") or None

    def as_dict(self) -> dict[str, Any]:
        """Its fields, as they go into a job's folder; the key is not among them."""
        return asdict(self)


OPENAI = ProviderAddress("openai", "https://api.openai.com/v1", "OPENAI_API_KEY")


def list_providers(home: Path) -> dict[str, ProviderAddress]:
    """The approved providers by name: OpenAI, and those of providers.json in the data folder.

    Raises:
        BadInput: the file cannot be read, or an address in it cannot be trusted.
    """
    try:
        told = json.loads((home / APPROVED).read_text(encoding="utf-8"))
        own = [provider_of(one) for one in told]
    except FileNotFoundError:
        own = []
    except (OSError, ValueError, TypeError) as error:
        raise BadInput(
            f"{APPROVED} is not a list of providers: {error!r}",
            hint='Its form: [{"name": "ours", "base_url": "https://…/v1", "key_variable": "OURS_API_KEY"}]',
        ) from error
    return {one.name: one for one in (OPENAI, *own)}


def get_provider(home: Path, name: str) -> ProviderAddress:
    """The approved provider of that name.

    Raises:
        NotFound: there is none.
        BadInput: the list of providers cannot be used.
    """
    known = list_providers(home)
    if name not in known:
        raise NotFound(
            f"'{name}' is not an approved provider.",
            hint=f"Approved: {', '.join(known)}. An administrator adds others to {APPROVED}.",
        )
    return known[name]


def provider_of(fields: Mapping[str, Any]) -> ProviderAddress:
    """The provider of these fields, checked.

    Raises:
        BadInput: the address cannot be trusted.
        TypeError: there is another field, or one is missing.
    """
    return ProviderAddress(**fields)
