"""Show a folder in the computer's own file manager."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from sd_chinese.errors import SdzhError


def open_folder(folder: Path) -> None:
    """Make the folder if need be, and show it.

    Raises:
        SdzhError: ``folder_unopened``: there is no file manager here.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if sys.platform == "win32":
            os.startfile(folder)
        else:
            command = "open" if sys.platform == "darwin" else "xdg-open"
            subprocess.Popen([command, str(folder)], stderr=subprocess.DEVNULL)
    except OSError as error:
        raise SdzhError("folder_unopened", folder=folder, reason=error.strerror or error) from error
