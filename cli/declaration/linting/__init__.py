"""What is wrong in the owner's policies: what IAM would take, and not do, or do more than is meant."""
