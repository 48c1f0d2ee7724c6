# SPDX-License-Identifier: Apache-2.0
"""Modes: which set of deployments owns the GPUs. Standard library only, because it also runs on a node."""
