"""Every model type may say what all configs say."""

from __future__ import annotations

from sanitizer.vet import keys


def test_what_all_configs_say_is_allowed_for_each_type_and_nothing_for_others() -> None:
    for of_type in keys.SETTINGS:
        forms = keys.allowed(of_type)
        assert forms is not None
        assert {"architectures", "id2label", *keys.SETTINGS[of_type]} <= forms.keys()
    assert keys.allowed("falcon") is None
