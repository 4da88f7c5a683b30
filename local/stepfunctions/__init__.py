"""Step Functions: definitions as AWS takes them, run by moto's interpreter."""
