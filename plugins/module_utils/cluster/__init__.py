# SPDX-License-Identifier: Apache-2.0
"""Reading a Kubernetes cluster with Python's standard library.

The Kubernetes client package takes a second or two to import, which is most of what a small question
costs. What only reads goes through here; what changes objects stays with kubernetes.core.
"""
