# SPDX-License-Identifier: Apache-2.0
"""The results of earlier runs: one line of JSON each, and what counts as a drop."""
