"""The story of one account, in its order: requests, admission, creation, enrolment, readiness, outcome."""
