# SPDX-License-Identifier: Apache-2.0
"""A platform's registry of models: rows of a table, or a command that adds and removes them."""
