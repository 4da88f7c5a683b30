"""`groundwork init`: what is asked, what an organization that is there suggests, and the files that come of it."""
