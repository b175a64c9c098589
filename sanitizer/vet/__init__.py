"""The gate: reads the bytes of a checkpoint and rebuilds only what it understands.

The standard library alone, and PyYAML for the card: nothing here could load a model.
"""
