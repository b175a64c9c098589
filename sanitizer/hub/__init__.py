"""Brings commits of a Hub in and pushes results out: the only code that touches the network."""
