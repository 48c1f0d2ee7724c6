"""Container images for the hosts, written as docker-archive files without a container engine."""
