"""Short commands of a checkout. Nothing here travels to hosts or into the Galaxy archive."""
