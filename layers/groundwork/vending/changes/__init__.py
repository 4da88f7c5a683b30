"""`Account Change Requested`, and a person's start that says the same: an account that is there gets another name, another
unit, other tags. `asking` refuses and claims, `making` reads, compares and acts."""
