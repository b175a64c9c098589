"""The gate: reads the bytes of a checkpoint and rebuilds only what it understands.

The standard library, PyYAML for the card, Jinja's parser for chat templates and numpy to compare weights with
infinity: nothing here could load a model.
"""
