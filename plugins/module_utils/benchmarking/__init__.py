# SPDX-License-Identifier: Apache-2.0
"""Measures how fast a served model answers. Python's standard library only.

A slot is one thread with one kept connection. While requests run, slots only note when bytes came; everything
is read after the last slot has finished, because reading costs time that would be counted as the server's.
"""

from __future__ import annotations

VERSION = "1"
"""Raised whenever figures change their meaning, so that nobody compares them with older ones."""
