"""Patches are applied once, see the original, and leave nothing behind."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from sd_chinese.hosts.patches import Patches


def louder(original: Any, text: str) -> str:
    return str(original(text)) + "!"


def host() -> SimpleNamespace:
    return SimpleNamespace(say=lambda text: text, other=lambda text: text)


def test_wrapper_gets_the_original_and_undo_gives_it_back() -> None:
    module, patches = host(), Patches()
    before = module.say
    patches.wrap(module, "say", louder)
    assert module.say("a") == "a!"
    patches.undo()
    assert module.say is before
    assert len(patches) == 0


def test_second_wrap_changes_nothing() -> None:
    module, patches = host(), Patches()
    patches.wrap(module, "say", louder)
    patches.wrap(module, "say", louder)
    assert (module.say("a"), len(patches)) == ("a!", 1)


def test_ten_reloads_leave_one_patch() -> None:
    module, patches = host(), Patches()
    before = module.say
    for _ in range(10):
        patches.wrap(module, "say", louder)
        assert module.say("a") == "a!"
        patches.undo()
    assert module.say is before


def test_inherited_method_is_not_left_on_the_object() -> None:
    class Model:
        def encode(self, text: str) -> str:
            return text

    model, patches = Model(), Patches()
    patches.wrap(model, "encode", louder)
    assert model.encode("a") == "a!"
    patches.undo()
    assert vars(model) == {}
    assert model.encode("a") == "a"


def test_patch_of_another_extension_survives() -> None:
    module, patches = host(), Patches()
    patches.wrap(module, "say", louder)
    ours = module.say
    module.say = lambda text: "<" + ours(text) + ">"
    patches.undo()
    assert module.say("a") == "<a>"


def test_two_owners_with_equal_names_are_two_patches() -> None:
    first, second, patches = host(), host(), Patches()
    patches.wrap(first, "say", louder)
    patches.wrap(second, "say", louder)
    assert (second.say("b"), len(patches)) == ("b!", 2)


def test_missing_function_is_an_error_and_leaves_nothing() -> None:
    patches = Patches()
    with pytest.raises(AttributeError):
        patches.wrap(host(), "whisper", louder)
    assert len(patches) == 0
