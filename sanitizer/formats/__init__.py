"""What `sanitize vet` and fleets tell other programs: one file per format, each a pure function of a report."""
