# SPDX-License-Identifier: Apache-2.0
"""A client for OpenAI-compatible servers that keeps its deadlines. Python's standard library only."""
