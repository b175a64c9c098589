"""The answer of `sanitize vet` for other programs: one file per format, each a pure function of the report."""
