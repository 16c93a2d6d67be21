"""`/sdzh/v1`: the workflows over HTTP, for the pages and for programs."""
