"""How the host comes to load a Chinese checkpoint: three of its functions, wrapped.

===========================================  ==================================================================
sd_models_config.find_checkpoint_config      names our text encoder in the configuration of a Chinese checkpoint
sd_models.load_model_weights                 fills it from the checkpoint, every tensor asserted
sd_models.reload_model_weights               refuses a damaged checkpoint before the host puts its model away
===========================================  ==================================================================

Everything that is not Chinese passes through unchanged. Nothing here is on the path of a prompt or a picture.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sd_chinese import strings
from sd_chinese.errors import SdzhError
from sd_chinese.hosts.a1111 import slot
from sd_chinese.hosts.a1111.config import ldm_config
from sd_chinese.hosts.base import Description
from sd_chinese.hosts.patches import Patches

Describe = Callable[[Path], "Description | None"]


class Recognition:
    """The hooks, with the function that describes a file (None: not Chinese) and a folder for configurations."""

    def __init__(self, describe: Describe, folder: Path) -> None:
        self._describe = describe
        self._folder = folder

    def install(self, patches: Patches) -> None:
        from modules import sd_models, sd_models_config

        patches.wrap(sd_models_config, "find_checkpoint_config", self.find_config)
        patches.wrap(sd_models, "load_model_weights", self.load_weights)
        patches.wrap(sd_models, "reload_model_weights", self.reload)

    def find_config(self, original: Callable[..., str], state_dict: Any, info: Any) -> str:
        """The path of a configuration; one for all files that are built alike, for the host compares paths."""
        path: str = original(state_dict, info)
        described = self._described(info)
        return path if described is None else str(self._write(path, described))

    def load_weights(
        self, original: Callable[..., None], model: Any, info: Any, state_dict: Any, timer: Any
    ) -> None:
        import torch
        from modules import sd_models, shared

        embedder: Any = getattr(model, "cond_stage_model", None)
        if hasattr(embedder, "fill"):
            if state_dict is None:  # the host goes back to the checkpoint before
                state_dict = sd_models.get_checkpoint_state_dict(info, timer)
            dtype = torch.float32 if shared.cmd_opts.no_half else torch.float16
            embedder.fill(state_dict, sd_models.model_target_device(model), dtype)
        original(model, info, state_dict, timer)

    def reload(
        self,
        original: Callable[..., Any],
        sd_model: Any = None,
        info: Any = None,
        forced_reload: bool = False,
    ) -> Any:
        from modules import sd_models

        current = sd_model or sd_models.model_data.sd_model
        wanted = info or sd_models.select_checkpoint()
        if current is None or forced_reload or current.sd_model_checkpoint != wanted.filename:
            self._described(wanted)
        return original(sd_model, info, forced_reload)

    def _described(self, info: Any) -> Description | None:
        """Raises only what the user can mend; a mistake of ours must not keep the host from its own checkpoints."""
        if info is None:
            return None
        try:
            return self._describe(Path(info.filename))
        except SdzhError:
            raise
        except Exception as error:
            print(strings.both("recognition_failed", path=info.filename, error=repr(error)), file=sys.stderr)
            return None

    def _write(self, base: str, described: Description) -> Path:
        import yaml  # type: ignore[import-untyped]

        content = yaml.safe_load(Path(base).read_text(encoding="utf-8"))
        config = ldm_config(content, described, slot.put_vocabulary(described.vocabulary))
        text = yaml.safe_dump(config, allow_unicode=True, sort_keys=False)
        path = self._folder / f"{hashlib.sha256(text.encode('utf-8')).hexdigest()[:16]}.yaml"
        if not path.is_file():
            self._folder.mkdir(parents=True, exist_ok=True)
            part = path.with_suffix(".part")
            part.write_text(text, encoding="utf-8")
            part.replace(path)
        return path
