"""A page as a WebUI builds it, for the browser tests: ``python tests/ui/host_page.py FOLDER [PORT]``.

Boxes with the ids of the host's (modules/ui.py), our tabs, our routes. It runs under any gradio, without torch.
"""

from __future__ import annotations

import socket
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from sd_chinese import strings
from sd_chinese.api.access import Access
from sd_chinese.api.routes import build_router
from sd_chinese.ui.gradio_compat import mount
from sd_chinese.ui.shell import TABS, Shell
from sd_chinese.ui.tabs import fill_tab
from sd_chinese.workflows.expand_prompt import open_expander
from sd_chinese.workflows.find_model import PROJECT
from sd_chinese.workflows.open_desk import Desk, load_catalog

MINI = PROJECT / "sd_chinese/mini/weights/base"


class FolderHost:
    name = "standalone"  # where the embedded family is at hand
    language = "zh"

    def __init__(self, models: Path) -> None:
        self.models = models

    def folder(self, kind: str) -> Path:
        return self.models / kind


SAMPLERS = ("Euler a", "DPM++ 2M Karras", "DDIM")


def host_boxes(tab: str) -> None:
    """Samplers in a drop-down or, as one of the host's options has it, in a row."""
    import gradio as gr

    gr.Textbox(label="Prompt", lines=3, elem_id=f"{tab}_prompt")
    gr.Textbox(label="Negative prompt", lines=2, elem_id=f"{tab}_neg_prompt")
    if tab == "txt2img":
        gr.Textbox(label="Hires prompt", lines=2, elem_id="hires_prompt")
        gr.Textbox(label="Notes", lines=2, elem_id="txt2img_notes")
    for name, value in (("width", 512), ("height", 512), ("steps", 20), ("cfg_scale", 7)):
        gr.Slider(1, 2048, value=value, step=1, label=name, elem_id=f"{tab}_{name}")
    menu = gr.Dropdown if tab == "txt2img" else gr.Radio
    menu(
        list(SAMPLERS),
        value=SAMPLERS[0],
        label="Sampling method",
        interactive=True,
        elem_id=f"{tab}_sampling",
    )


def main(folder: Path, port: int) -> None:
    import gradio as gr
    import uvicorn
    from fastapi import FastAPI

    desk = Desk(
        FolderHost(folder / "models"),
        load_catalog,
        chosen=lambda: (MINI, None),
        open_lexicon=lambda: open_expander(folder, cache=folder / "index"),
    )
    access = Access()
    app = FastAPI()
    app.include_router(build_router(desk, access))
    with gr.Blocks(analytics_enabled=False) as page, gr.Tabs(elem_id="tabs"):
        for tab in ("txt2img", "img2img"):
            with gr.TabItem(tab, elem_id=f"{tab}_tab"):
                host_boxes(tab)
        for tab, title in TABS.items():
            with gr.TabItem(strings.text(title)[0], elem_id=f"{tab}_tab"):
                fill_tab(tab, Shell(access.page_token, "zh"))
    page.queue()
    mount(app, page)
    threading.Thread(target=announce, args=(port,), daemon=True).start()
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning")


def announce(port: int) -> None:
    while True:
        with socket.socket() as probe:
            if not probe.connect_ex(("127.0.0.1", port)):
                print(f"http://127.0.0.1:{port}", flush=True)
                return
        time.sleep(0.1)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 7870)
