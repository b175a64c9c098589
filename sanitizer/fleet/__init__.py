"""Many checkpoints, each vetted, scanned or treated in a process of its own, and one report about all of them."""
