"""The steps of a run: `sanitizer.pipeline` says in which order they are taken."""
