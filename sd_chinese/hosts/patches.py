"""Everything that is changed in a host: remembered, changed once, undone in reverse order."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Wrapper = Callable[..., Any]
"""Called with the original function first, then with what the host passes."""

_MISSING = object()


@dataclass(frozen=True)
class _Patch:
    """A changed attribute; ``stored`` is what the owner itself held, which may be nothing (an inherited method)."""

    owner: Any
    name: str
    stored: Any
    placed: Any


class Patches:
    """The patches of one extension.

    A host's function is never replaced, only wrapped: the wrapper gets the original. Another extension may have wrapped
    ours in the meantime; its patch is then left where it is, and ours passes every call through.
    """

    def __init__(self) -> None:
        self._patches: list[_Patch] = []

    def wrap(self, owner: Any, name: str, wrapper: Wrapper) -> None:
        """Call ``wrapper(original, ...)`` wherever the host calls ``owner.name(...)``; a second call changes nothing.

        Raises:
            AttributeError: the host has no such function.
        """
        if any(patch.owner is owner and patch.name == name for patch in self._patches):
            return
        original = getattr(owner, name)

        @functools.wraps(original)
        def placed(*args: Any, **kwargs: Any) -> Any:
            if any(patch.placed is placed for patch in self._patches):
                return wrapper(original, *args, **kwargs)
            return original(*args, **kwargs)

        self._patches.append(_Patch(owner, name, vars(owner).get(name, _MISSING), placed))
        setattr(owner, name, placed)

    def undo(self) -> None:
        """Give the host back what it had."""
        while self._patches:
            patch = self._patches.pop()
            if vars(patch.owner).get(patch.name) is not patch.placed:
                continue
            if patch.stored is _MISSING:
                delattr(patch.owner, patch.name)
            else:
                setattr(patch.owner, patch.name, patch.stored)

    def names(self) -> list[str]:
        """What is changed now, as ``module.name``."""
        return [f"{getattr(patch.owner, '__name__', patch.owner)}.{patch.name}" for patch in self._patches]

    def __len__(self) -> int:
        return len(self._patches)
