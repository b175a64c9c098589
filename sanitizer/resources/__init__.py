"""What this machine has, what a run would take of it, and what helps where that is too much."""
