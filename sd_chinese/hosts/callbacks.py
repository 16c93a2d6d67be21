"""What the WebUI calls us for. The names are the same in A1111, reForge and Forge (modules/script_callbacks.py)."""

from __future__ import annotations

from collections.abc import Callable


def when_unloaded(stop: Callable[[], None]) -> None:
    """Call ``stop`` before "Reload UI" runs the scripts again, or when the host lets go of them."""
    from modules import script_callbacks

    script_callbacks.on_script_unloaded(stop)
