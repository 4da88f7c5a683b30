"""Who enters what, and with which power: worked out from policy documents by the one evaluator, `groundwork.policies`.

power      what one may do behind a door
premises   the documents that decide: what each account holds, and what the organization's policies say
declared   ... as the declaration renders them, for accounts that are there or for `example_accounts`
held       ... as accounts really hold them
permission_sets
           ... and as IAM Identity Center makes them of permission sets, with who is assigned them
assigned   ... asked of it
people     who stands before the doors: groups, users, and whomever a trust policy speaks of
asking     a question put to the evaluator
probes     which actions are asked for
table      every door, and who may enter by it
changes    what opens and what closes between two premises
known      what AWS's managed policies say, and which actions there are

Nothing here talks to AWS but `held`, which looks at IAM alone, and `assigned`, which asks IAM Identity Center.
"""
