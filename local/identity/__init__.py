"""Who is calling: access keys, sessions, roles assumed, MFA codes."""
