# SPDX-License-Identifier: Apache-2.0
"""What happens to objects between a role's templates and the cluster. Pure."""
