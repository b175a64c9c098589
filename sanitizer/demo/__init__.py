"""The demonstration: a small checkpoint with a real backdoor in it, made here, and the texts to watch its cure with."""
