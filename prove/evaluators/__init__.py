"""How evaluators of IAM policies read them: requests drawn at random, the forms in which they differ, and who is right."""
