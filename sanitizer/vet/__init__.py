"""The gate: reads the bytes of a checkpoint and rebuilds only what it understands.

The standard library, PyYAML for the card and Jinja's parser for chat templates: nothing here could load a model.
"""
