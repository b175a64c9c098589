"""What can be seen in the attention heads of a model."""
