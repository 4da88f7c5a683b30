"""`make audit-accounts`: what an outside checker finds in the accounts, and docs/audit.md, which says so."""
