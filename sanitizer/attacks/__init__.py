"""The red team: one file per attack. Nothing here is ever imported by defence code."""
