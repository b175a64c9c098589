"""`python -m sanitizer` is `sanitize`."""

from __future__ import annotations

from sanitizer.cli import main

main()
