"""The gate: reads the bytes of a checkpoint and rebuilds only what it understands. Standard library only."""
