"""What the ``k3s`` executable runs: it writes configuration, starts upstream programs and joins nodes.

The package travels inside that executable and imports nothing but Python's standard library.
"""
