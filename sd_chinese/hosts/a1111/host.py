"""AUTOMATIC1111's WebUI as a `Host`, and what is set up in it."""

from __future__ import annotations

from pathlib import Path

from sd_chinese.hosts.a1111 import slot
from sd_chinese.hosts.a1111.recognition import Describe, Recognition
from sd_chinese.hosts.patches import Patches


class A1111Host:
    """Chinese checkpoints in the host's own list, loaded and run by the host.

    Args:
        describe: tells what the host must know of a Chinese checkpoint, None for any other file.
    """

    name = "AUTOMATIC1111"

    def __init__(self, describe: Describe) -> None:
        from modules import paths

        self._recognition = Recognition(describe, Path(paths.data_path) / "cache" / "sdzh")
        self._patches = Patches()

    def start(self) -> None:
        self._recognition.install(self._patches)

    def stop(self) -> None:
        """Leave the host as it was; a Chinese checkpoint that is loaded goes on working."""
        self._patches.undo()
        slot.empty()
