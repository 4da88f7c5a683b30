"""`make demo`: the article's five accounts on the embedded AWS, and every door of them tried."""
