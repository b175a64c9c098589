"""Ways of scoring heads, one file each. A file here is a strategy: its name is the name on the command line."""
