"""What stands in for the Hugging Face Hub: a small server that the hub's real client fetches models from."""
