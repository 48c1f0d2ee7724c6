# SPDX-License-Identifier: Apache-2.0
"""Whether image, driver, GPU and models are compatible. What the catalog lacks is unknown, never guessed."""
