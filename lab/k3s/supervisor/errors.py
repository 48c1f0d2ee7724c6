"""What can go wrong in a way that a person has to hear about."""

from __future__ import annotations


class K3sError(Exception):
    """Ends the command; the message is all that the user sees."""


class JoinRefused(Exception):
    """The server does not accept this node, or this node does not trust the server."""
