# SPDX-License-Identifier: Apache-2.0
"""How clients come in from outside: what an inventory asks for, its objects and its certificate."""
