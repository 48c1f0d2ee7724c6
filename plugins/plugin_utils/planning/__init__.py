# SPDX-License-Identifier: Apache-2.0
"""What a site will become, computed from its inventory and the catalog. Plain values in, plain values out."""
