"""`sanitize apply`: the heads that a plan names, taken out of the files of a model that is never built."""
