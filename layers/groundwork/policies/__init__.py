"""The policy language of IAM: documents, conditions, and how several combine. Pure."""
