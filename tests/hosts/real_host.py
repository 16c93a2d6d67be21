"""A real WebUI under test: started with the extension linked in, spoken to through its API, looked into by a probe.

A host is a folder with its environment: ``SDZH_A1111=/path/to/stable-diffusion-webui`` (or ``SDZH_FORGE``,
``SDZH_REFORGE``). Its models, settings and outputs lie in a folder of their own; the host's folder is not written to. A
machine without a network needs CLIP's tokenizer in a cache that the host finds (``HF_HOME``).
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
EXTENSION = "sd-webui-chinese"
OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "DIFFUSERS_OFFLINE": "1",
    "GRADIO_ANALYTICS_ENABLED": "False",
    "SD_WEBUI_RESTARTING": "1",  # opens no browser
}
COMMON = (
    "--skip-prepare-environment",
    "--skip-install",
    "--skip-torch-cuda-test",
    "--api",
    "--no-download-sd-model",
)
# Runs in the host: executes what a test sends and answers with what it leaves in `result`; keeps the conditioning of
# the last request, and what was said under its picture.
PROBE = """
from fastapi import Body
from modules import script_callbacks, scripts

seen = {}

def run(code: str = Body(embed=True)):
    names = {"seen": seen}
    exec(code, names)
    return {"result": names.get("result")}

def first_rows(conditioning):
    if conditioning is None:  # guidance 1 asks for no negative prompt
        return None
    rows = conditioning.batch[0][0].schedules[0].cond if hasattr(conditioning, "batch") else conditioning[0][0].cond
    return (rows["crossattn"] if isinstance(rows, dict) else rows).float().cpu().tolist()

def keep(positive, negative):
    seen["positive"], seen["negative"] = first_rows(positive), first_rows(negative)

class Probe(scripts.Script):
    def title(self):
        return "probe"

    def show(self, is_img2img):
        return scripts.AlwaysVisible

    def process_before_every_sampling(self, p, *args, **kwargs):
        keep(kwargs["c"], kwargs["uc"])

    def postprocess_batch(self, p, *args, **kwargs):
        if not hasattr(scripts.Script, "process_before_every_sampling"):  # A1111 before 1.10
            second = getattr(p, "hr_c", None) is not None
            keep(p.hr_c if second else p.c, p.hr_uc if second else p.uc)

    def postprocess(self, p, processed, *args):
        seen["comments"] = list(p.comments)
        seen["refined"] = first_rows(getattr(p, "c", None))  # a refiner has the prompts encoded again

script_callbacks.on_app_started(lambda demo, app: app.add_api_route("/sdzh-test/run", run, methods=["POST"]))
"""


@dataclass(frozen=True)
class HostKind:
    """One of the WebUIs: the variable that names its folder, and the flags that start it on a CPU.

    Attributes:
        side: of the pictures under test, in pixels; smaller where the host accepts none but wide networks.
    """

    name: str
    variable: str
    flags: tuple[str, ...]
    side: int = 128

    @property
    def folder(self) -> Path | None:
        value = os.environ.get(self.variable)
        return Path(value) if value else None


A1111 = HostKind(
    "a1111",
    "SDZH_A1111",
    (*COMMON, "--use-cpu", "all", "--no-half", "--no-half-vae", "--do-not-download-clip"),
)
FORGE = HostKind(
    "forge",
    "SDZH_FORGE",
    (*COMMON, "--skip-python-version-check", "--skip-version-check", "--always-cpu", "--clip-in-fp32"),
    side=64,
)
REFORGE = HostKind("reforge", "SDZH_REFORGE", FORGE.flags, side=64)


@dataclass(frozen=True)
class Picture:
    """A picture that a host drew, and what it says about itself."""

    png: bytes
    infotext: str
    images: tuple[bytes, ...]

    @property
    def sha(self) -> str:
        """Of the pixels alone."""
        return hashlib.sha256(self.pixels.tobytes()).hexdigest()[:12]

    @property
    def pixels(self) -> Any:
        """Shape: (height, width, 3)."""
        import numpy as np
        from PIL import Image

        return np.asarray(Image.open(io.BytesIO(self.png)).convert("RGB"))


class RefusedError(Exception):
    """The host answered with an error."""


class RealHost:
    """One running host.

    Args:
        data: its `--data-dir`; the models below ``data/models`` must be there before `start`.
        extension: whether ours is linked in.
        flags: more of the host's command line.
    """

    def __init__(
        self, kind: HostKind, data: Path, *, extension: bool = True, flags: Sequence[str] = ()
    ) -> None:
        assert kind.folder is not None
        self.kind, self.folder, self.data = kind, kind.folder, data
        self.port = _free_port()
        # Forge serves its own scripts to the page from its data folder alone (modules/cmd_args.py).
        served = ("--gradio-allowed-path", str(self.folder), "--gradio-allowed-path", str(ROOT))
        self.flags = (*kind.flags, "--port", str(self.port), "--data-dir", str(data), *served, *flags)
        self.log_path = data / "log.txt"
        _write_probe(data / "extensions" / "probe")
        _link_extension(data / "extensions" / EXTENSION, extension)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, seconds: float = 180) -> RealHost:
        """Start it and wait until it answers and its first model is loaded, or the load has failed."""
        python = os.environ.get("SDZH_PYTHON") or self.folder / "venv" / "bin" / "python"
        with self.log_path.open("wb") as log:
            self._process = subprocess.Popen(
                [str(python), "launch.py", *self.flags],
                cwd=self.folder,
                env={**os.environ, **OFFLINE, "PYTHONPATH": ""},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        # A request that comes earlier stops the host: it adds its API to a server that already answers.
        end = time.monotonic() + seconds
        while "Startup time:" not in self.log and time.monotonic() < end:
            assert self.alive, self.log[-3000:]
            time.sleep(0.3)
        self._wait("/sdapi/v1/sd-models", 60)
        return self

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def __enter__(self) -> RealHost:
        return self.start()

    def __exit__(self, *args: object) -> None:
        self.stop()

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def log(self) -> str:
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    def call(self, path: str, body: object = None, timeout: float = 600) -> Any:
        """GET, or POST with a body.

        Raises:
            RefusedError: the host answered with an error.
        """
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url(path), data, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise RefusedError(error.read().decode("utf-8", "replace")[:2000]) from error

    def url(self, path: str = "") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def run(self, code: str) -> Any:
        """Execute Python inside the host and return its ``result``."""
        return self.call("/sdzh-test/run", {"code": code})["result"]

    def draw(self, prompt: str, route: str = "txt2img", **settings: Any) -> Picture:
        """Generate; ``settings`` are the API's, over small defaults."""
        body = {
            "prompt": prompt,
            "negative_prompt": "",
            "steps": 2,
            "width": self.kind.side,
            "height": self.kind.side,
            "seed": 42,
            "sampler_name": "Euler",
            "cfg_scale": 5,
            **settings,
        }
        answer = self.call(f"/sdapi/v1/{route}", body)
        images = tuple(base64.b64decode(image) for image in answer["images"])
        return Picture(images[0], json.loads(answer["info"])["infotexts"][0], images)

    def rows(self, box: str = "positive") -> Any:
        """The conditioning of the last request, as it went to the sampler. Shape: (rows, width)."""
        import torch

        return torch.tensor(self.run(f"result = seen[{box!r}]"))

    def comments(self) -> str:
        """What was said under the last picture."""
        return "\n".join(self.run("result = seen['comments']"))

    def set(self, **options: Any) -> None:
        self.call("/sdapi/v1/options", options)

    def models(self) -> list[str]:
        """Titles in the checkpoint list, after the host looked again."""
        self.call("/sdapi/v1/refresh-checkpoints", {})
        return [model["title"] for model in self.call("/sdapi/v1/sd-models")]

    def choose(self, name: str) -> None:
        """Choose a checkpoint as the page's drop-down does."""
        self.set(sd_model_checkpoint=name)

    def resident_mib(self) -> float:
        """Memory of the host's process, after it returned what it holds for itself."""
        return float(
            self.run(
                "import ctypes, gc; gc.collect(); ctypes.CDLL('libc.so.6').malloc_trim(0)\n"
                "result = int(open('/proc/self/statm').read().split()[1]) * 4096 / 2**20"
            )
        )

    def processor_seconds(self) -> float:
        """What its process has used so far, of all processors."""
        assert self._process is not None
        stat = Path(f"/proc/{self._process.pid}/stat").read_text(encoding="ascii")
        user, system = stat.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def reload_ui(self) -> None:
        """What the page's button "Reload UI" does."""
        before = self.log.count("Startup time:")
        self.run("from modules import shared; shared.state.request_restart(); result = 1")
        while self.log.count("Startup time:") == before:
            assert self.alive, self.log[-3000:]
            time.sleep(0.3)
        self._wait("/sdapi/v1/sd-models", 60)

    def _wait(self, path: str, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            assert self.alive, self.log[-3000:]
            try:
                with urllib.request.urlopen(self.url(path), timeout=60):
                    return
            except OSError:
                pass
            time.sleep(0.3)
        raise TimeoutError(self.log[-3000:])


def _free_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return int(server.getsockname()[1])


def _write_probe(folder: Path) -> None:
    (folder / "scripts").mkdir(parents=True, exist_ok=True)
    (folder / "scripts" / "probe.py").write_text(PROBE, encoding="utf-8")


def _link_extension(folder: Path, wanted: bool) -> None:
    folder.unlink(missing_ok=True)
    if wanted:
        folder.symlink_to(ROOT, target_is_directory=True)
