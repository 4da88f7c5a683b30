"""The service IAM: what it refuses to store, and what it shows, where moto does otherwise."""
