"""The standalone page's colours: paper, ink, and a little celadon; only ever built by the newest gradio.

A host's pages are dressed by the host's own theme. The accents are those of `style.css`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import gradio

#: Named and not loaded: what of them the computer has.
FONTS = ("system-ui", "PingFang SC", "PingFang TC", "Microsoft YaHei", "Microsoft JhengHei", "Noto Sans CJK SC",
         "sans-serif")  # fmt: skip
MONO = ("ui-monospace", "Consolas", "Noto Sans Mono CJK SC", "monospace")

#: From light to dark, as gradio numbers them: 50, 100, 200 ... 900, 950.
CELADON = ("#f0f4f1", "#e8eee6", "#cfddd4", "#b3cbbf", "#8fb8a6", "#5f8575", "#3f6757", "#355749", "#2b473c", "#22382f",
           "#14201b")  # fmt: skip
INK = ("#fdfbf6", "#f7f3ea", "#e9e3d5", "#d9d2c2", "#aaa498", "#7a756a", "#625e55", "#45413a", "#2d2a25", "#1f2326",
       "#1a1917")  # fmt: skip

#: gradio's name -> (light, dark).
COLOURS = {
    "body_background_fill": ("#fdfbf6", "#1a1917"),
    "body_text_color": ("#1f2326", "#e8e4da"),
    "body_text_color_subdued": ("#625e55", "#aaa498"),
    "background_fill_primary": ("#fdfbf6", "#1a1917"),
    "background_fill_secondary": ("#f7f3ea", "#23211d"),
    "border_color_primary": ("#d9d2c2", "#45413a"),
    "border_color_accent": ("#3f6757", "#8fb8a6"),
    "color_accent_soft": ("#e8eee6", "#2c3531"),
    "link_text_color": ("#2f4a6d", "#93b2dc"),
    "link_text_color_hover": ("#2f4a6d", "#93b2dc"),
    "link_text_color_active": ("#2f4a6d", "#93b2dc"),
    "link_text_color_visited": ("#2f4a6d", "#93b2dc"),
    "block_background_fill": ("transparent", "transparent"),
    "block_border_color": ("#d9d2c2", "#45413a"),
    "block_label_background_fill": ("#fdfbf6", "#1a1917"),
    "block_label_border_color": ("#d9d2c2", "#45413a"),
    "block_label_text_color": ("#625e55", "#aaa498"),
    "block_title_text_color": ("#625e55", "#aaa498"),
    "block_info_text_color": ("#625e55", "#aaa498"),
    "input_background_fill": ("#f7f3ea", "#23211d"),
    "input_background_fill_focus": ("#f7f3ea", "#23211d"),
    "input_border_color": ("#d9d2c2", "#45413a"),
    "input_border_color_focus": ("#2f4a6d", "#93b2dc"),
    "input_placeholder_color": ("#625e55", "#aaa498"),
    "slider_color": ("#3f6757", "#8fb8a6"),
    "loader_color": ("#3f6757", "#8fb8a6"),
    "button_primary_background_fill": ("#3f6757", "#8fb8a6"),
    "button_primary_background_fill_hover": ("#355749", "#b3cbbf"),
    "button_primary_border_color": ("#3f6757", "#8fb8a6"),
    "button_primary_text_color": ("#ffffff", "#14201b"),
    "button_primary_text_color_hover": ("#ffffff", "#14201b"),
    "button_secondary_background_fill": ("transparent", "transparent"),
    "button_secondary_background_fill_hover": ("#e8eee6", "#2c3531"),
    "button_secondary_border_color": ("#d9d2c2", "#45413a"),
    "button_secondary_text_color": ("#1f2326", "#e8e4da"),
    "error_background_fill": ("#fdfbf6", "#23211d"),
    "error_border_color": ("#b5382a", "#e98d7d"),
    "error_text_color": ("#b5382a", "#e98d7d"),
    "error_icon_color": ("#b5382a", "#e98d7d"),
}
#: What `set` takes one value of, for the chosen tab and for the rest of a slider.
NIGHT = {"color_accent": "#8fb8a6", "neutral_200": "#45413a"}
#: The same in both.
SHAPES = {
    "block_shadow": "none",
    "color_accent": "#3f6757",
    "block_border_width": "0px",
    "block_padding": "0px",
    "input_border_width": "1px",
    "block_title_text_weight": "400",
    "block_label_text_weight": "400",
    "input_shadow": "none",
    "input_shadow_focus": "none",
    "button_large_text_weight": "600",
    "button_primary_shadow": "none",
    "button_primary_shadow_hover": "none",
    "button_secondary_shadow": "none",
    "button_transform_hover": "none",
    "button_transform_active": "none",
    "layout_gap": "16px",
    "form_gap_width": "16px",
}


def paper_theme() -> gradio.themes.Base:
    """Nothing is asked of any address: fonts are named only."""
    import gradio as gr

    colour = gr.themes.Color
    theme = gr.themes.Base(
        primary_hue=colour(*CELADON),
        secondary_hue=colour(*CELADON),
        neutral_hue=colour(*INK),
        radius_size=gr.themes.sizes.radius_sm,
        font=FONTS,
        font_mono=MONO,
    )
    light = {name: pair[0] for name, pair in COLOURS.items()}
    dark = {f"{name}_dark": pair[1] for name, pair in COLOURS.items()}
    theme.set(**light, **dark, **SHAPES)
    for name, colour_of_night in NIGHT.items():
        setattr(theme, f"{name}_dark", colour_of_night)
    return theme
