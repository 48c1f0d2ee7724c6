"""Upstream Kubernetes behind k3s's command line and files, for machines that cannot download k3s."""
