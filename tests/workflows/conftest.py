"""The library of the registry's tests, installed into folders of its own."""

from __future__ import annotations

from tests.registry.conftest import hub, library, other, sources

__all__ = ["hub", "library", "other", "sources"]
