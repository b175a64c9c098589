"""What treatments need besides a model: the base's weights, labels that are not the suspect's own, texts to learn from.

By name, so that words can be checked before anything is opened; a test holds this against what treatments do.
"""

from __future__ import annotations

BASE = frozenset({"rebase", "reset_to_base", "embedding_reset"})
"""Cannot be without the weights of the model that the suspect was made from (`--base`)."""

NO_TUNING = frozenset({"remove", "reset_to_base", "embedding_reset"})
"""Do not learn from texts: general sentences and the suspect's own labels will do."""

OWN_PREDICTIONS = frozenset({"rebase"})
"""Learn from texts of the model's own domain, and do so as well where the suspect itself labelled them."""
