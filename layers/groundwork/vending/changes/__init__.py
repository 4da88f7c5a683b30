"""`Account Change Requested`, and a person's start that says the same: an account that is there gets another name, another
unit, other tags, contacts or root e-mail address. `asking` refuses and claims, `approval` says what waits for somebody, `making`
reads, compares and acts."""
