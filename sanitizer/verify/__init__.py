"""What a folder claims about how it was made, claim by claim. Only what measures or treats again imports torch."""
