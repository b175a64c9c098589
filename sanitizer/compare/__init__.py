"""How two checkpoints differ: settings, tensors, heads, and what they answer. Only the last imports torch."""
