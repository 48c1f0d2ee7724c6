# SPDX-License-Identifier: Apache-2.0
"""What models achieved before: one line of JSON per run, and what may be called a drop."""
