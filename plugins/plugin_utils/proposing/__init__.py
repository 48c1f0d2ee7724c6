# SPDX-License-Identifier: Apache-2.0
"""A first site: what playbooks/init.yml proposes for the machines that it found."""
