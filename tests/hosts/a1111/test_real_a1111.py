"""What only AUTOMATIC1111 has, in a real one: its LoRA names, its embeddings, its memory modes, its ways to start."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from sd_chinese import strings
from sd_chinese.spec import SPEC_KEY, read_spec
from tests.hosts.checkpoints import MINI, write_embedding, write_lora
from tests.hosts.conftest import ENGLISH_PROMPT, Site
from tests.hosts.real_host import RealHost, RefusedError
from tests.hosts.test_real_host import HIRES, PROMPT, assert_rows, chinese, driven, english

TEXT = {"lora_te_text_model_encoder_layers_0_self_attn_q_proj": (256, 256)}
CLIP = {"lora_te_text_model_encoder_layers_0_self_attn_q_proj": (768, 768)}
BERT = {"lora_te_encoder_layer_0_attention_self_query": (768, 768)}
UNET = {"lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k": (64, 256)}

OUR_RECORDS = ("/sd_chinese_webui.py", "/callbacks.py")


@pytest.fixture(scope="module", autouse=True)
def only_a1111(site: Site) -> None:
    if site.kind.name != "a1111":
        pytest.skip("for AUTOMATIC1111")


@pytest.fixture(scope="module")
def loras(site: Site, host: RealHost) -> Iterator[Path]:
    folder = site.data / "models" / "Lora"
    spec = read_spec(MINI).to_json()
    write_lora(folder / "外语.safetensors", {**UNET, **TEXT})
    write_lora(folder / "unet.safetensors", UNET)
    write_lora(folder / "本语.safetensors", {**UNET, **TEXT}, **{SPEC_KEY: spec})
    write_lora(folder / "bert.safetensors", BERT)
    host.call("/sdapi/v1/refresh-loras", {})
    yield folder
    shutil.rmtree(folder)


def test_unet_part_applies_and_foreign_text_part_is_skipped(host: RealHost, site: Site, loras: Path) -> None:
    plain = chinese(host, site)
    whole = chinese(host, site, f"{PROMPT}<lora:外语:1>")
    assert "外语" in host.comments()
    assert_rows(host.rows(), site.models.chinese_rows(PROMPT))
    assert whole.sha == chinese(host, site, f"{PROMPT}<lora:unet:1>").sha
    assert whole.sha != plain.sha
    assert chinese(host, site).sha == plain.sha


def test_hires_prompt_brings_a_lora_of_its_own(host: RealHost, site: Site, loras: Path) -> None:
    """modules/processing.py `sample_hr_pass` sets up the second prompt's LoRA by itself."""
    chinese(host, site, **HIRES, hr_prompt="雪山<lora:外语:1>")
    assert "外语" in host.comments()
    assert_rows(host.rows(), site.models.chinese_rows("雪山"))
    chinese(host, site, **HIRES, hr_prompt="雪山<lora:本语:1>")
    assert (host.rows() - site.models.chinese_rows("雪山")).abs().max() > 0.01
    chinese(host, site, f"{PROMPT}<lora:本语:1>", **HIRES, hr_prompt="雪山")
    assert_rows(host.rows(), site.models.chinese_rows("雪山"))


def test_refiner_hears_the_text_parts_made_for_its_own_encoder(site: Site, loras: Path) -> None:
    """Among checkpoints kept in memory it takes over with the LoRA as they are, and encodes the prompts again."""
    write_lora(loras / "clip.safetensors", CLIP)
    refined = {"refiner_switch_at": 0.5, "steps": 4}
    with site.host() as host:  # a process of its own: A1111 1.8 breaks when it is to keep fewer models again
        host.set(sd_checkpoints_limit=2)
        try:
            chinese(host, site)
            english(host, site, f"{PROMPT}<lora:外语:1>", refiner_checkpoint=site.models.chinese, **refined)
            assert_rows(host.rows("refined"), site.models.chinese_rows(PROMPT))
            english(host, site, f"{PROMPT}<lora:clip:1>")
            expected = host.rows()
            chinese(host, site, f"{PROMPT}<lora:clip:1>", refiner_checkpoint=site.models.english, **refined)
            assert_rows(host.rows("refined"), expected)
        finally:
            host.set(sd_checkpoints_limit=1)  # the settings' file is everybody's


def test_text_part_made_for_this_encoder_applies(host: RealHost, site: Site, loras: Path) -> None:
    plain = chinese(host, site)
    chinese(host, site, f"{PROMPT}<lora:本语:1>")
    assert "本语" not in host.comments()
    assert (host.rows() - site.models.chinese_rows(PROMPT)).abs().max() > 0.01
    assert chinese(host, site).sha == plain.sha
    assert_rows(host.rows(), site.models.chinese_rows(PROMPT))


def test_lora_of_bert_reaches_a_chosen_encoder(host: RealHost, site: Site, loras: Path) -> None:
    driven(host, site, f"{PROMPT}<lora:bert:1>")
    whole = (host.rows() - site.models.encoder_rows(PROMPT)).abs().max()
    assert whole > 0.01
    driven(host, site, f"{PROMPT}<lora:bert:te=1:unet=0>")  # kohya's text part has a strength of its own
    assert (host.rows() - site.models.encoder_rows(PROMPT)).abs().max() == whole
    driven(host, site, f"{PROMPT}<lora:bert:te=0:unet=1>")
    assert_rows(host.rows(), site.models.encoder_rows(PROMPT))
    driven(host, site)
    assert_rows(host.rows(), site.models.encoder_rows(PROMPT))


def test_english_lora_is_whole_again_after_chinese(host: RealHost, site: Site, loras: Path) -> None:
    """The host keeps LoRA matched with the modules of the encoder that was there when it read them."""
    write_lora(loras / "clip.safetensors", CLIP)
    host.call("/sdapi/v1/refresh-loras", {})
    with_lora, plain = english(host, site, "boat<lora:clip:1>"), english(host, site, "boat")
    assert with_lora.sha != plain.sha
    assert driven(host, site, "boat<lora:clip:1>").sha == driven(host, site, "boat").sha
    assert english(host, site, "boat<lora:clip:1>").sha == with_lora.sha
    assert english(host, site, "boat").sha == plain.sha


def test_embedding_of_the_right_width_is_a_word(host: RealHost, site: Site) -> None:
    from safetensors.torch import load_file
    from transformers import BertTokenizer, CLIPTextModel

    host.choose(site.models.chinese)
    file = write_embedding(site.data / "embeddings" / "水墨风.safetensors", 256)
    write_embedding(site.data / "embeddings" / "toowide.safetensors", 512)
    host.call("/sdapi/v1/refresh-embeddings", {})
    picture = chinese(host, site, "月夜，水墨风")
    model = CLIPTextModel.from_pretrained(MINI / "text_encoder").float()
    tokenizer = BertTokenizer.from_pretrained(MINI / "tokenizer")
    vectors = load_file(file)["emb_params"]
    ids = tokenizer("月夜，", padding="max_length", max_length=32, return_tensors="pt").input_ids
    spare = [id for id in range(1000, 1100) if id not in ids][:2]
    end = ids[0].tolist().index(tokenizer.sep_token_id)
    ids[0, end : end + 3] = torch.tensor([*spare, tokenizer.sep_token_id])
    with torch.no_grad():
        model.get_input_embeddings().weight[spare] = vectors
        expected = model(ids).last_hidden_state[0]
    assert_rows(host.rows(), expected)
    assert "TI hashes" in picture.infotext
    assert sorted(host.call("/sdapi/v1/embeddings")["skipped"]) == ["toowide"]
    shutil.rmtree(site.data / "embeddings")
    host.choose(site.models.english)


def test_pai_lora_changes_the_unet_as_its_matrices_say(host: RealHost, site: Site) -> None:
    """Published as attention processors (diffusers 0.15), converted, called by name in the prompt."""
    from safetensors.torch import save_file

    from sd_chinese.convert.lora import convert_lora

    module = "mid_block.attentions.0.transformer_blocks.0.attn2.processor.to_k_lora"
    up, down = torch.randn(64, 4), torch.randn(4, 768)
    source = site.data / "pai.safetensors"
    save_file({f"{module}.up.weight": up, f"{module}.down.weight": down}, source)
    (site.data / "models" / "Lora").mkdir(parents=True, exist_ok=True)
    convert_lora(source, site.data / "models" / "Lora" / "派.safetensors", dtype="float32")
    host.call("/sdapi/v1/refresh-loras", {})
    english(host, site, f"{ENGLISH_PROMPT}<lora:派:0.5>")
    code = (
        "from modules import shared\n"
        "m = shared.sd_model.model.diffusion_model.middle_block[1].transformer_blocks[0].attn2.to_k\n"
        "result = (m.weight - m.network_weights_backup).float().cpu().tolist()"
    )
    torch.testing.assert_close(torch.tensor(host.run(code)), 0.5 * up @ down, atol=1e-4, rtol=1e-4)


def test_empty_prompt_belongs_to_the_encoder_in_place(host: RealHost, site: Site) -> None:
    code = "from modules import shared; result = shared.sd_model.cond_stage_model_empty_prompt[0].tolist()"
    english(host, site)
    own = torch.tensor(host.run(code))
    driven(host, site)
    assert_rows(torch.tensor(host.run(code)), site.models.encoder_rows(""))
    english(host, site)
    torch.testing.assert_close(torch.tensor(host.run(code)), own, atol=0, rtol=0)


def test_grid_over_checkpoints(host: RealHost, site: Site) -> None:
    """X/Y/Z plot (scripts/xyz_grid.py): an English and a Chinese checkpoint side by side."""
    axes = host.run(
        "from modules import scripts\n"
        "grid = [d.module for d in scripts.scripts_data if d.path.endswith('xyz_grid.py')][0]\n"
        "result = [a.label for a in grid.axis_options if not getattr(a, 'is_img2img', False)]"
    )
    nothing = [axes.index("Nothing"), "", []]
    names = [site.models.english, site.models.chinese]
    flags = [True, False, False, False, False, False, False, 0, False]
    arguments = [axes.index("Checkpoint name"), "", names, *nothing, *nothing, *flags]
    grid = host.draw(PROMPT, script_name="x/y/z plot", script_args=arguments)
    assert grid.pixels.shape[1] >= 2 * 128
    one, other = english(host, site, PROMPT).pixels, chinese(host, site).pixels
    found = grid.pixels[-128:]
    assert (found[:, :128] == one).all() and (found[:, -128:] == other).all()


def test_too_long_a_prompt_is_refused_with_our_sentence(host: RealHost, site: Site) -> None:
    """The host passes on what an encoder raises, and goes on."""
    plain = chinese(host, site)
    with pytest.raises(RefusedError) as caught:
        chinese(host, site, "月" * 20_001)
    for language in strings.text("prompt_too_long", length=20_001, limit=20_000):
        assert language in json.loads(str(caught.value))["errors"]
    assert chinese(host, site).sha == plain.sha
    assert chinese(host, site, "，".join(["月夜"] * 6_666)).pixels.std() > 1  # nearly as long


def test_styles_are_part_of_the_prompt(host: RealHost, site: Site) -> None:
    """modules/styles.py: a table in the data folder."""
    table = site.data / "styles.csv"
    table.write_text(
        "name,prompt,negative_prompt\n水墨,水墨，{prompt},雪\n留白,留白,\n", encoding="utf-8-sig"
    )
    host.run("from modules import shared; shared.prompt_styles.reload(); result = 1")
    try:
        styled = chinese(host, site, "月夜", styles=["水墨", "留白"])
        assert styled.sha == chinese(host, site, "水墨，月夜, 留白", negative_prompt="雪").sha
        assert styled.sha != chinese(host, site, "月夜").sha
        assert "水墨，月夜, 留白" in styled.infotext
    finally:
        table.unlink()
        host.run("from modules import shared; shared.prompt_styles.reload(); result = 1")


FILE_LIMIT = (
    "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({}, resource.RLIM_INFINITY)); result = 1"
)


@pytest.mark.parametrize(
    "name, limit, code",
    [("满盘", "4 << 20", "write_failed"), ("长" * 80 + " folder", "resource.RLIM_INFINITY", "path_too_long")],
    ids=["disk", "name"],
)
def test_folder_that_cannot_become_a_file_is_said(
    host: RealHost, site: Site, name: str, limit: str, code: str
) -> None:
    """A disk that fills up while the folder is converted, and a name beside which no longer one can be."""
    assert site.models.folder is not None
    bases = site.data / "models" / "Stable-diffusion"
    before = english(host, site)
    shutil.copytree(site.models.folder, bases / name)
    try:
        assert name in host.models()
        host.choose(site.models.english)
        host.run(FILE_LIMIT.format(limit))
        host.choose(name)
        said = host.log.rpartition("sd-webui-chinese: ")[2]
        assert strings.TEXTS[code][1].rpartition("}")[2] in said
        assert host.draw(ENGLISH_PROMPT).png == before.png
        assert not [path for path in bases.iterdir() if path.name.endswith(".part")]
    finally:
        host.run(FILE_LIMIT.format("resource.RLIM_INFINITY"))
        host.choose(site.models.english)
        shutil.rmtree(bases / name)
        host.models()


@pytest.mark.parametrize(
    "flags", [("--medvram",), ("--lowvram",), ("--nowebui",), ("--no-hashing", "--opt-sdp-attention")]
)
def test_other_ways_to_start(site: Site, flags: tuple[str, ...]) -> None:
    with site.host(*flags) as host:
        chinese(host, site)
        assert_rows(host.rows(), site.models.chinese_rows(PROMPT))
        driven(host, site)
        assert_rows(host.rows(), site.models.encoder_rows(PROMPT))
        plain = english(host, site)
        assert english(host, site).png == plain.png
        if "vram" in flags[0]:
            driven(host, site)
            code = (
                "from modules import shared\nm = shared.sd_model\n"
                "result = [m.lowvram, len(m.cond_stage_model.transformer._forward_pre_hooks)]"
            )
            assert host.run(code) == [True, 1]
        assert "sd_chinese" not in host.log or "Traceback" not in host.log


def test_file_on_the_command_line(site: Site, tmp_path: Path) -> None:
    file = shutil.copy(
        site.data / "models" / "Stable-diffusion" / f"{site.models.chinese}.safetensors",
        tmp_path / "别处.safetensors",
    )
    with site.host("--ckpt", str(file)) as host:
        host.draw(PROMPT)
        assert_rows(host.rows(), site.models.chinese_rows(PROMPT))


def test_first_load_passes_over_a_half_copied_checkpoint(site: Site) -> None:
    folder = site.data / "models" / "Stable-diffusion"
    whole = (folder / f"{site.models.chinese}.safetensors").read_bytes()
    half = folder / "0 一半.safetensors"
    half.write_bytes(whole[: len(whole) // 2])
    settings = site.data / "config.json"
    kept = settings.read_text(encoding="utf-8") if settings.exists() else None
    settings.write_text('{"sd_model_checkpoint": "0 一半.safetensors"}', encoding="utf-8")
    try:
        with site.host() as host:
            assert host.draw(ENGLISH_PROMPT).pixels.std() > 1
            assert half.name in host.log
            assert not [told for told in host.log.split("Traceback")[1:] if "sd_chinese" in told[:3000]]
    finally:
        half.unlink()
        settings.unlink() if kept is None else settings.write_text(kept, encoding="utf-8")


def test_switch_during_the_first_load(site: Site) -> None:
    with site.host() as host:
        chinese(host, site)
        assert_rows(host.rows(), site.models.chinese_rows(PROMPT))
        assert "failed to load" not in host.log


def test_start_up_costs_little_and_imports_nothing_heavy(site: Site) -> None:
    with site.host("--skip-load-model-at-start") as host:
        records = host.call("/internal/profile-startup")["records"]
        # The host names an extension's script, and the file that a callback comes from.
        ours = {key: value for key, value in records.items() if key.endswith(OUR_RECORDS)}
        print(f"\nstart-up, seconds: {ours}, all: {sum(v for k, v in records.items() if '/' not in k):.1f}")
        loaded = host.run("import sys; result = [n for n in sys.modules if n.startswith('sd_chinese')]")
    assert len(ours) == len(OUR_RECORDS)
    assert not {
        name for name in loaded if name.startswith(("sd_chinese.text.encoders.", "sd_chinese.convert"))
    }


def test_installer_changes_nothing_that_is_there(site: Site) -> None:
    """As the host runs it: its own process, folder and path."""
    import subprocess

    from tests.hosts.real_host import ROOT

    python = site.kind.folder / "venv" / "bin" / "python" if site.kind.folder else Path()
    freeze = [str(python), "-m", "pip", "freeze"]
    before = subprocess.run(freeze, capture_output=True, text=True, check=True).stdout
    done = subprocess.run(
        [str(python), str(ROOT / "install.py")],
        cwd=site.kind.folder,
        capture_output=True,
        text=True,
        check=True,
    )
    after = subprocess.run(freeze, capture_output=True, text=True, check=True).stdout
    assert {line for line in before.splitlines() if "jieba" not in line} == {
        line for line in after.splitlines() if "jieba" not in line
    }
    assert done.returncode == 0


def test_picture_shows_what_the_standalone_one_shows(host: RealHost, site: Site) -> None:
    """The embedded family, same seed and sampler: judged by what it shows; the difference per pixel is reported."""
    import numpy as np

    from sd_chinese.mini.classifier import judge

    settings = {"steps": 20, "cfg_scale": 5, "sampler_name": "DPM++ 2M", "scheduler": "Karras", "seed": 7}
    picture = chinese(host, site, PROMPT, **settings)
    assert picture.pixels.shape == (128, 128, 3)
    shown = standalone(PROMPT, 7)
    difference = np.abs(picture.pixels.astype(int) - shown.astype(int)).mean()
    print(f"\nmean difference per pixel against the standalone picture: {difference:.2f} of 255")
    here, there = judge([picture.pixels, shown])
    assert here == there


def standalone(prompt: str, seed: int) -> Any:
    """The same request without a WebUI. Shape: (128, 128, 3)."""
    import numpy as np

    from sd_chinese.hosts.standalone.host import StandaloneHost
    from sd_chinese.registry.catalog import Catalog
    from sd_chinese.workflows.generate_image import ImageRequest, Studio, generate_image

    request = ImageRequest(prompt, "", seed=seed, steps=20, cfg=5.0, sampler="DPM++ 2M Karras")
    host = StandaloneHost(device="cpu")
    (painted,) = generate_image(request, Studio(host, host.painter, Catalog.load()))
    return np.asarray(painted.image)
