"""What the hosts download, and the server that they download it from."""
