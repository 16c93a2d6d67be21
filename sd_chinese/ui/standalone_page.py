"""The standalone page: a prompt box, the models, a few settings, the pictures and how to make them again."""

from __future__ import annotations

import socket
import webbrowser
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import TYPE_CHECKING, Any

from sd_chinese import strings
from sd_chinese.errors import SdzhError
from sd_chinese.ui.gradio_compat import copy_button, page_head, put_into_template
from sd_chinese.ui.paper_theme import paper_theme
from sd_chinese.ui.shell import TABS, Shell
from sd_chinese.ui.tabs import fill_tab
from sd_chinese.ui.translations import NEAREST, label, translations
from sd_chinese.workflows.find_model import find_model, known_names
from sd_chinese.workflows.generate_image import FALLBACK, ImageRequest, Studio, generate_image, save_image

if TYPE_CHECKING:
    import gradio

    from sd_chinese.workflows.open_desk import Desk

HOST = "127.0.0.1"
PORTS = range(7865, 7885)
OUTPUTS = Path("outputs")
GALLERY_HEIGHT = 512  # reserved from the start, so that nothing jumps when the pictures come

AddRoutes = Callable[[Any], None]
"""Adds the routes of `/sdzh/v1` to an app."""


def open_page(
    studio: Studio, desk: Desk, add_routes: AddRoutes, port: int | None, announce: Callable[[str], None]
) -> None:
    """Serve the page on 127.0.0.1 until it is interrupted.

    Args:
        desk: its `chosen` is set by the page's own menu of models.
        add_routes: adds `/sdzh/v1` to the page's app.
        announce: told the page's address.

    Raises:
        SdzhError: ``port_taken``.
    """
    port = free_port([port] if port else PORTS)
    page = build_page(studio, desk)
    put_into_template(NEAREST)
    page.queue(default_concurrency_limit=1)
    app, *_ = page.launch(
        server_name=HOST,
        server_port=port,
        inbrowser=False,
        quiet=True,
        head=page_head(),
        theme=paper_theme(),
        i18n=translations(),
        footer_links=[],
        prevent_thread_lock=True,
    )
    add_routes(app)
    address = f"http://{HOST}:{port}"
    announce(strings.both("page_open", address=address))
    webbrowser.open(address)
    page.block_thread()


def free_port(ports: Sequence[int]) -> int:
    """The first port that nobody listens on.

    Raises:
        SdzhError: ``port_taken``.
    """
    for port in ports:
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)):
                return port
    raise SdzhError("port_taken", port=ports[0])


def build_page(studio: Studio, desk: Desk) -> gradio.Blocks:
    """Painting, and the tabs that a WebUI gets."""
    import gradio as gr

    shell = Shell(token="", tabs=("txt2img",))
    with gr.Blocks(title=label("page_title"), analytics_enabled=False) as page, gr.Tabs():
        with gr.Tab(label("tab_paint"), elem_id="txt2img_tab"):
            fill_painting(studio, desk)
        for tab, title in TABS.items():
            with gr.Tab(label(title), elem_id=f"{tab}_tab"):
                fill_tab(tab, shell)
    return page


def fill_painting(studio: Studio, desk: Desk) -> None:
    """Left what I wrote, right what it became. Its boxes have the ids of a WebUI's, where the script finds them."""
    import gradio as gr

    models = known_names("base", studio.catalog, studio.host)
    first = models[0] if models else None
    defaults = model_defaults(studio, first)
    with gr.Row(elem_classes="sdzh"):
        with gr.Column(scale=1, min_width=360):
            prompt = gr.Textbox(
                label=label("label_prompt"),
                placeholder=label("placeholder_prompt"),
                lines=4,
                elem_id="txt2img_prompt",
                autofocus=True,
            )
            negative = gr.Textbox(
                label=label("label_negative"), value=defaults["negative"], elem_id="txt2img_neg_prompt"
            )
            generate = gr.Button(label("button_generate"), variant="primary", elem_id="txt2img_generate")
            with gr.Row():
                model = gr.Dropdown(
                    models,
                    value=first,
                    label=label("label_model"),
                    elem_id="setting_sd_model_checkpoint",
                    min_width=200,
                )
                sampler = gr.Dropdown(
                    list(studio.painter.samplers),
                    value=defaults["sampler"],
                    label=label("label_sampler"),
                    elem_id="txt2img_sampling",
                    min_width=200,
                )
            with gr.Row():
                steps = slider("label_steps", "steps", (1, 60), defaults["steps"], 1)
                cfg = slider("label_cfg", "cfg_scale", (1, 15), defaults["cfg"], 0.5)
            with gr.Row():
                width = number("label_width", defaults["size"][0])
                height = number("label_height", defaults["size"][1])
                batch = number("label_batch", 1, minimum=1, maximum=16)
                seed = number("label_seed", -1)
            # As a WebUI's: the model tab presses it when a model has been installed or removed.
            again = gr.Button(label("button_refresh"), size="sm", elem_id="refresh_sd_model_checkpoint")
        with gr.Column(scale=1, min_width=360):
            gallery = gr.Gallery(
                label=label("label_pictures"),
                elem_id="sdzh_gallery",
                format="png",
                height=GALLERY_HEIGHT,
                object_fit="contain",
                preview=True,
                selected_index=0,
                buttons=["download", "fullscreen"],
            )
            info = gr.Textbox(
                label=label("label_info"), lines=4, **copy_button(gr.Textbox), elem_id="sdzh_info"
            )
    gr.on(
        [generate.click, prompt.submit],
        painter(studio),
        [prompt, negative, model, sampler, steps, cfg, width, height, batch, seed],
        [gallery, info],
        api_name="generate",
        show_progress_on=gallery,
    )

    def choose(name: str) -> tuple[Any, ...]:
        desk.chosen = lambda: (find_model(name, "base", studio.catalog, studio.host).path, None)
        return tuple_of_defaults(studio, name)

    def look_again() -> Any:
        return gr.update(choices=known_names("base", studio.catalog, studio.host))

    again.click(look_again, None, model, api_name="models", show_progress="hidden")
    if first:
        choose(first)
    model.change(choose, model, [negative, sampler, steps, cfg, width, height])


def slider(key: str, name: str, limits: tuple[float, float], value: float, step: float) -> gradio.Slider:
    import gradio as gr

    return gr.Slider(
        *limits, value=value, step=step, label=label(key), min_width=200, elem_id=f"txt2img_{name}"
    )


def number(key: str, value: int, **limits: int) -> gradio.Number:
    """A whole number that leaves three of its kind room beside it on a narrow page."""
    import gradio as gr

    return gr.Number(
        value, label=label(key), precision=0, min_width=120, elem_id=f"txt2img_{key[6:]}", **limits
    )


def model_defaults(studio: Studio, name: str | None) -> dict[str, Any]:
    """The settings a model likes: its card's, else the WebUI's."""
    card = next((card for card in studio.catalog.all("base") if card.id == name), None)
    return {**FALLBACK, **(card.defaults.given() if card else {})}


def tuple_of_defaults(studio: Studio, name: str) -> tuple[Any, ...]:
    defaults = model_defaults(studio, name)
    return (defaults["negative"], defaults["sampler"], defaults["steps"], defaults["cfg"], *defaults["size"])


def painter(studio: Studio) -> Callable[..., Iterator[tuple[Any, str]]]:
    """The button's action: paint in a thread, show each step, then the saved pictures."""
    import gradio as gr

    def paint(
        prompt: str,
        negative: str,
        model: str,
        sampler: str,
        steps: float,
        cfg: float,
        width: float | None,
        height: float | None,
        batch: float | None,
        seed: float | None,
        progress: Any = gr.Progress(),  # noqa: B008 (gradio looks for it among the defaults)
    ) -> Iterator[tuple[Any, str]]:
        if not prompt.strip():
            gr.Info(strings.both("prompt_empty"), title=strings.both("notice"))
        request = ImageRequest(
            prompt=prompt,
            negative=negative,
            model=model,
            sampler=sampler,
            steps=int(steps),
            cfg=float(cfg),
            # A box that was emptied leaves the choice to the model.
            size=(int(width), int(height)) if width and height else None,
            batch=int(batch or 1),
            seed=None if seed is None else int(seed),
        )
        try:
            for done, total, result in steps_then_result(request, studio):
                if result is None:
                    progress((done, total), desc=strings.both("painting"))
                else:
                    yield result
        except SdzhError as error:
            title = strings.both("mistake")
            raise gr.Error(str(error), title=title, print_exception=False) from error

    return paint


def steps_then_result(
    request: ImageRequest, studio: Studio
) -> Iterator[tuple[int, int, tuple[list[tuple[str, str]], str] | None]]:
    """Yield (done, total, None) after each step, at the end (total, total, (gallery items, infotext))."""
    events: Queue[tuple[int, int] | list[Any] | SdzhError | Exception] = Queue()

    def work() -> None:
        try:
            events.put(generate_image(request, studio, lambda done, total: events.put((done, total))))
        except Exception as error:  # handed over to the page's thread, raised there
            events.put(error)

    Thread(target=work, daemon=True).start()
    while True:
        event = events.get()
        if isinstance(event, Exception):
            raise event
        if isinstance(event, tuple):
            yield (*event, None)
            continue
        items = [(str(save_image(each, next_path(OUTPUTS, each.seed))), str(each.seed)) for each in event]
        yield 1, 1, (items, "\n\n".join(str(painted.infotext) for painted in event))
        return


def next_path(folder: Path, seed: int) -> Path:
    """`00012-4711.png`: numbered on, with the seed, as the WebUI names its pictures."""
    numbers = [int(path.name[:5]) for path in folder.glob("[0-9][0-9][0-9][0-9][0-9]-*.png")]
    return folder / f"{max(numbers, default=0) + 1:05}-{seed}.png"
