# SPDX-License-Identifier: Apache-2.0
"""What people and programs read of a plan. Plain values in, plain values or text out."""
