# SPDX-License-Identifier: Apache-2.0
"""Walks a site from the PCI link to the gateway and names the first layer that is broken. Pure."""
