# SPDX-License-Identifier: Apache-2.0
"""Addresses as people write them."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from ..errors import InvalidInput


@dataclass(frozen=True)
class Origin:
    """Where a server listens, and the path below which it serves."""

    scheme: str
    host: str
    port: int
    path: str

    @classmethod
    def parse(cls, url: str) -> Origin:
        url = url.strip()
        if not url.isascii() or any(char <= " " for char in url):
            raise InvalidInput("the URL has invalid characters", "Write them percent-encoded.")
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise InvalidInput(f"{url!r} has no valid host or port") from None
        if parts.username or parts.password:
            raise InvalidInput("the URL contains a user name or password", "Pass the key as api_key instead.")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InvalidInput(f"{url!r} is not an address", "Begin it with http:// or https://.")
        default = 443 if parts.scheme == "https" else 80
        return cls(parts.scheme, parts.hostname, port or default, parts.path.rstrip("/"))

    @classmethod
    def parse_proxy(cls, url: str) -> Origin:
        proxy = cls.parse(url)
        if proxy.scheme != "http":
            raise InvalidInput(f"the proxy {proxy} is not supported", "Begin its address with http://.")
        return proxy

    @property
    def netloc(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.netloc}"
