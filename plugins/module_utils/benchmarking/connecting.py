# SPDX-License-Identifier: Apache-2.0
"""Connections to the target: one for each slot, all with the same trust."""

from __future__ import annotations

from ..openai_api.client import API, bearer
from ..openai_api.origin import Origin
from ..openai_api.transport import Transport, tls_context
from .recording import CHAT_PATH
from .settings import Target


class Connector:
    """Makes transports. Reading the trusted authorities takes long, so it happens once."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self.timeout = target.request_timeout
        self._headers, self.secrets = bearer(target.api_key)
        origin = Origin.parse(target.base_url)
        root = origin.path[: -len(API)] if origin.path.endswith(API) else origin.path
        self.path = root + API + CHAT_PATH
        secure = origin.scheme == "https"
        self._tls = tls_context(target.validate_certs, target.ca_path) if secure else None

    def connect(self) -> Transport:
        """Connects with the first request."""
        return Transport(self._target.base_url, self._headers, self._tls, self._target.proxy)
