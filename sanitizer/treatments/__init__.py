"""What is done to a model once heads are chosen, one file each."""
