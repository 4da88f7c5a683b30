"""What `groundwork doctor` looks at. Everything is only read; what the credentials may not see is said so."""
