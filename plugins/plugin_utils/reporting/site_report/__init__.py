# SPDX-License-Identifier: Apache-2.0
"""The report of a site: one HTML page that loads nothing else."""
