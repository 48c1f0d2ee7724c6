# SPDX-License-Identifier: Apache-2.0
"""What a served model must prove, one file per family of checks. Python's standard library only."""
