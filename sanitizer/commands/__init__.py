"""The words of the command line, one file each. Whatever is heavy is imported inside the command that needs it."""
