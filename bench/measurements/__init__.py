"""One measurement each: `measure(settings, say)`, which answers with what JSON can hold."""
