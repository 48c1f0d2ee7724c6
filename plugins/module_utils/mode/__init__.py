# SPDX-License-Identifier: Apache-2.0
"""Modes: which set of deployments owns the GPUs. The standard library alone, since it runs on a node, too."""
