"""Live models: opening, observing, gating, cutting, tuning, measuring and saving. torch lives here and above."""
