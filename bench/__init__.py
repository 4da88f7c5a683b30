"""`make bench`: how many AWS API calls an account costs, and how long it takes on the embedded AWS."""
