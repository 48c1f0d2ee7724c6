"""The hosts of a lab: systemd containers that are reached over SSH like any machine."""
