"""What `--dry-run` says."""

from __future__ import annotations

from helpers.records import make_preview
from helpers.telling import printed

from sanitizer.terminal.preview_story import preview_story


def test_a_preview_says_what_a_run_would_take() -> None:
    story = printed(preview_story(make_preview()))
    assert "45.5 MB" in story
    assert "136 MB" in story
    assert "reviews-sanitized" in story
    assert "1 rebuilt, 1 kept, 1 dropped" in story
