"""A real registry for the hosts' images, behind a line that can be slow or break."""
