# SPDX-License-Identifier: Apache-2.0
"""Proofs that a served model is what a plan promises."""
