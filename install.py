"""What a WebUI runs at every start: add jieba when it is missing, and touch nothing else.

Standard library only. jieba is pure Python without dependencies, so that no pin of the host can move. Without it
all works but a phrase longer than one context, which is then refused with a sentence that says what to install.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys

PACKAGE = "jieba>=0.42.1"
# A machine without a network must not wait: one try, a few seconds.
PIP = (
    "-m",
    "pip",
    "install",
    "--no-deps",
    "--quiet",
    "--disable-pip-version-check",
    "--retries=0",
    "--timeout=8",
)


def main() -> None:
    if importlib.util.find_spec("jieba") is not None:
        return
    done = subprocess.run([sys.executable, *PIP, PACKAGE], capture_output=True, check=False)
    if done.returncode:
        # ASCII first: the host decodes this output, and a Chinese Windows console may be GBK.
        print("sd-webui-chinese: jieba could not be installed (no network?); going on without it.")


main()
