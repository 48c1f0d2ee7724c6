# SPDX-License-Identifier: Apache-2.0
"""Takes tiers away under load, and judges what clients noticed."""
