"""The GPU of a lab without a GPU: a stand-in for the driver, and a repository with the real toolkit."""
