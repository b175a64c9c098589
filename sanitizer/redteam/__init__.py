"""The red team: backdoors planted on purpose, and marked as such, to test defences on. Never imported by a defence."""
