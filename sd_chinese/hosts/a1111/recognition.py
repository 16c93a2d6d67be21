"""How the host comes to load a Chinese checkpoint: four of its functions, wrapped.

===========================================  ==================================================================
sd_models_config.find_checkpoint_config      names our text encoder in the configuration of a Chinese checkpoint
sd_models.load_model_weights                 fills it from the checkpoint, every tensor asserted
sd_models.load_model                         the first load: passes over checkpoints that cannot be loaded
sd_models.reload_model_weights               every other: refuses them before the host puts its model away
===========================================  ==================================================================

Everything that is not Chinese passes through unchanged. Nothing here is on the path of a prompt or a picture.
"""

from __future__ import annotations

import hashlib
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sd_chinese import strings
from sd_chinese.errors import SdzhError
from sd_chinese.hosts.a1111 import slot
from sd_chinese.hosts.a1111.config import ldm_config
from sd_chinese.hosts.base import Description
from sd_chinese.hosts.callbacks import tell
from sd_chinese.hosts.patches import Patches

Describe = Callable[[Path], "Description | None"]


class Recognition:
    """The hooks.

    Args:
        describe: tells of a file what the host must know; None: not Chinese.
        resolve: a checkpoint of the host's list -> the one to load.
        before, after: called around every change of the host's model.
        folder: where configurations are written.
    """

    def __init__(
        self,
        describe: Describe,
        resolve: Callable[[Any], Any],
        before: Callable[[], None],
        after: Callable[[Any], None],
        folder: Path,
    ) -> None:
        self._describe = describe
        self._resolve = resolve
        self._before = before
        self._after = after
        self._folder = folder
        self._first_loader: int | None = None

    def install(self, patches: Patches) -> None:
        from modules import sd_models, sd_models_config

        patches.wrap(sd_models_config, "find_checkpoint_config", self.find_config)
        patches.wrap(sd_models, "load_model_weights", self.load_weights)
        patches.wrap(sd_models, "load_model", self.load)
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
            vars(model).pop("cond_stage_model_empty_prompt", None)  # the encoder of before made it
        original(model, info, state_dict, timer)

    def load(self, original: Callable[..., Any], *named: Any, **more: Any) -> Any:
        """The host's first load names no checkpoint; its others were looked into by `reload`."""
        if named or more:
            return original(*named, **more)
        self._first_loader = threading.get_ident()
        for candidate in self._candidates():
            try:
                model = original(self._ready(candidate))
            except SdzhError as error:
                tell(error)
                continue
            self._after(model)
            return model
        return None

    def reload(
        self,
        original: Callable[..., Any],
        sd_model: Any = None,
        info: Any = None,
        forced_reload: bool = False,
    ) -> Any:
        from modules import sd_models

        wanted = info or sd_models.select_checkpoint()
        self._wait_for_first_load()
        current = sd_model or sd_models.model_data.sd_model
        if current is not None and not forced_reload and current.sd_model_checkpoint == wanted.filename:
            return original(sd_model, info, forced_reload)
        previous = current and current.sd_checkpoint_info
        try:
            wanted = self._ready(wanted)
            self._before()
            model = original(sd_model, wanted, forced_reload)
        except SdzhError as error:
            tell(error)
            model = self._go_back(original, previous)
        if model is not None:
            self._after(model)
        return model

    def _wait_for_first_load(self) -> None:
        """The host loads its first model in the background; a switch meanwhile would pull it away from under it.

        Source: modules/sd_models.py `SdModelData.get_sd_model`, which holds this lock meanwhile, and only then.
        """
        from modules import sd_models

        lock = sd_models.model_data.lock
        if lock.locked() and self._first_loader != threading.get_ident():
            with lock:
                pass

    def _ready(self, info: Any) -> Any:
        """What `info` stands for, looked into before the host lets go of anything."""
        info = self._resolve(info)
        self._described(info)
        return info

    def _candidates(self) -> list[Any]:
        """The chosen checkpoint first; folders are converted only when they are chosen."""
        from modules import sd_models

        chosen = sd_models.select_checkpoint()
        others = [info for info in sd_models.checkpoints_list.values() if Path(info.filename).is_file()]
        return [chosen, *(info for info in others if info is not chosen)]

    def _go_back(self, original: Callable[..., Any], previous: Any) -> Any:
        """The checkpoint of before stays, or is loaded again where the host had let go of it."""
        from modules import sd_models, shared

        if previous is None:
            return None
        if not sd_models.SkipWritingToConfig.skip:
            shared.opts.data["sd_model_checkpoint"] = previous.title
        return sd_models.model_data.sd_model or original(None, previous)

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
