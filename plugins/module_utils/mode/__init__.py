# SPDX-License-Identifier: Apache-2.0
"""The mode: which set of deployments owns the GPU. Standard library only."""
