"""Victims × recipes × seeds: each cell is a real run in a process of its own, measured afterwards on what it saved."""
