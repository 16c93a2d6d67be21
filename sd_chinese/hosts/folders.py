"""diffusers folders in the host's checkpoint list: one entry each, converted when it is first chosen.

The host lists the weight files inside such a folder as checkpoints of their own, none of which it can load
(modules/sd_models.py `list_models`). A folder whose converted file lies beside it is not listed; its name, which the
host's settings may hold since it was chosen, then means the file.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sd_chinese import strings
from sd_chinese.hosts.base import OnStep
from sd_chinese.progress import ProgressBar


class Folders:
    """The folders below the host's checkpoint folders.

    Args:
        find: the diffusers folders below a folder.
        convert: (folder, new file, progress) -> the file.
    """

    def __init__(
        self, find: Callable[[Path], Sequence[Path]], convert: Callable[[Path, Path, OnStep], Path]
    ) -> None:
        self._find = find
        self._convert = convert

    def list_models(self, original: Callable[[], None]) -> None:
        """The host's list, then ours in it."""
        original()
        self.add_entries()

    def add_entries(self) -> None:
        from modules import sd_models

        found = [folder for root in _roots() for folder in self._find(root)]
        for info in list(sd_models.checkpoints_list.values()):
            if any(folder in Path(info.filename).parents for folder in found):
                _remove(info)
        files = {Path(info.filename): info for info in sd_models.checkpoints_list.values()}
        for folder in found:
            if info := files.get(_file_of(folder)):
                sd_models.checkpoint_aliases[_name_of(folder)] = info
            else:
                _entry(folder).register()

    def remove_entries(self) -> None:
        from modules import sd_models

        for info in list(sd_models.checkpoints_list.values()):
            if Path(info.filename).is_dir():
                _remove(info)

    def resolve(self, info: Any) -> Any:
        """The checkpoint to load: a folder's converted file, any other as it is.

        Raises:
            SdzhError: the folder cannot be converted, the disk is full, or the file's path would be too long.
        """
        folder = Path(info.filename)
        if not folder.is_dir():
            return info
        from modules import sd_models, shared

        file = _file_of(folder)
        if not _exists(file):
            title = strings.both("converting_folder", name=folder.name)
            bar = ProgressBar(title)

            def report(done: int, total: int) -> None:
                bar(done, total)
                shared.state.textinfo = f"{title} {done}/{total}"

            self._convert(folder, file, report)
            shared.state.textinfo = None
            sd_models.list_models()
        return next(i for i in sd_models.checkpoints_list.values() if Path(i.filename) == file)


def _roots() -> list[Path]:
    from modules import sd_models, shared

    return [Path(root) for root in (sd_models.model_path, shared.cmd_opts.ckpt_dir) if root]


def _file_of(folder: Path) -> Path:
    """Not `with_suffix`: a name may hold a version's point."""
    return folder.parent / f"{folder.name}.safetensors"


def _name_of(folder: Path) -> str:
    """As the list shows it."""
    root = next(root for root in _roots() if root in folder.parents)
    return folder.relative_to(root).as_posix()


def _exists(file: Path) -> bool:
    """A name that is too long for the file system is that of no file."""
    try:
        return file.exists()
    except OSError:
        return False


def _remove(info: Any) -> None:
    from modules import sd_models

    for table in (sd_models.checkpoints_list, sd_models.checkpoint_aliases):
        for key in [key for key, value in table.items() if value is info]:
            del table[key]


def _entry(folder: Path) -> Any:
    """The host's `CheckpointInfo`, which would read a folder as a file when it is built."""
    from modules import sd_models

    class FolderInfo(sd_models.CheckpointInfo):  # type: ignore[misc]
        def __init__(self) -> None:
            self.filename = str(folder)
            self.is_safetensors = False
            self.metadata: dict[str, str] = {}
            self.modelspec_thumbnail = None
            self.name = _name_of(folder)
            self.name_for_extra = folder.name
            self.model_name = self.name.replace("/", "_")
            self.hash = self.sha256 = self.shorthash = None
            self.title = self.short_title = self.name
            self.ids = list({self.model_name, self.name, self.name_for_extra})

        def calculate_shorthash(self) -> None:
            return None

    return FolderInfo()
