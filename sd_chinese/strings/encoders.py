"""What text encoders, weights and cards have to say."""

from __future__ import annotations

TEXTS: dict[str, tuple[str, str]] = {
    # text encoders
    "prompt_too_long": (
        "提示词有 {length} 个字符，超过上限 {limit}。请确认没有误贴整篇文章，删短后再试。",
        "The prompt has {length} characters; the limit is {limit}. Shorten it.",
    ),
    "emphasis_unknown": (
        "没有叫“{name}”的强调方式。可用的有：{choices}。",
        "There is no emphasis mode {name}. Choose one of: {choices}.",
    ),
    "clip_skip_range": (
        "Clip skip 不能是 {value}：这个文本编码器有 {limit} 层，请填 1 到 {limit}。",
        "Clip skip cannot be {value}: this text encoder has {limit} layers. Use 1 to {limit}.",
    ),
    "segmenter_missing": (
        "长提示词要按词断开，但没有安装 jieba。请运行 pip install jieba，或缩短提示词。",
        "A long prompt is split between words, and jieba is not installed. Run pip install jieba, or shorten it.",
    ),
    "architecture_unknown": (
        "不支持文本编码器结构“{name}”。支持的有：{choices}。",
        "There is no encoder architecture {name}. There are: {choices}.",
    ),
    "encoder_missing": (
        "{path} 里没有认识的文本编码器（BERT、CLIP 或 XLM-R）。请换一个带文本编码器的模型。",
        "{path} holds no text encoder that is known (BERT, CLIP or XLM-R). Choose a model that has one.",
    ),
    "encoder_folder_foreign": (
        "文件夹 {path} 不是带文本编码器的模型：缺少 config.json 或权重。请选 diffusers 模型的文件夹。",
        "The folder {path} holds no text encoder: config.json or weights are missing. Choose a diffusers model.",
    ),
    "encoder_incomplete": (
        "{path} 里的文本编码器不完整，缺少 {missing}。文件可能损坏，请重新下载。",
        "The text encoder in {path} is incomplete: {missing} is missing. Download the file again.",
    ),
    "encoder_unfilled": (
        "文本编码器有 {count} 个张量在文件里找不到（如 {names}）。文件不完整或不是这种模型，请换一个。",
        "{count} tensors of the text encoder are not in the file (such as {names}). Choose a complete file.",
    ),
    "encoder_left_over": (
        "文件里有 {count} 个文本编码器张量用不上（如 {names}），说明配置与权重不符。请使用原版配置文件。",
        "{count} tensors of the text encoder have no place in it (such as {names}): the configuration does not "
        "describe these weights. Use the configuration that came with them.",
    ),
    "encoder_shape": (
        "张量 {name} 的形状是 {found}，应为 {expected}：配置与权重不符。请使用原版配置文件。",
        "The tensor {name} has shape {found}, not {expected}: the configuration does not describe these weights. "
        "Use the configuration that came with them.",
    ),
    "config_unreadable": (
        "配置文件 {path} 不是有效的 JSON。请重新下载这个文件。",
        "The configuration {path} is not valid JSON. Download it again.",
    ),
    "spec_unreadable": (
        "文本编码器说明无效：{reason}。请更新本扩展，或用原模型重新转换。",
        "The description of the text encoder is invalid: {reason}. Update this extension, or convert the model again.",
    ),
    "spec_ambiguous": (
        "{path} 的文本编码器有 49408 行词嵌入：可能是 CLIP（英文、太乙中英双语），也可能是妙笔 MiaoBi，"
        "单看权重分不出来。请把模型自带的词表放在旁边（merges.txt 或 vocab.txt），或指定词表种类：{choices}。",
        "The text encoder in {path} has 49408 words: it may be CLIP (English, Taiyi zh-EN) or MiaoBi, and weights "
        "alone cannot tell. Put the model's own vocabulary beside it (merges.txt or vocab.txt), or name its kind: "
        "{choices}.",
    ),
    "vocabulary_missing": (
        "找不到 {path} 的词表（{kind}，{words} 词）。请从模型主页下载词表（vocab.txt、merges.txt 或 "
        "sentencepiece.bpe.model），放在模型旁边，文件名前加上模型名和一个点。",
        "There is no vocabulary for {path} ({kind}, {words} words). Download vocab.txt, merges.txt or "
        "sentencepiece.bpe.model from the model's page and put it beside the model, named like it (model.vocab.txt).",
    ),
    "vocabulary_unfit": (
        "词表（{source}）与文本编码器的 {rows} 个词对不上。请使用该模型自带的词表。",
        "The vocabulary ({source}) does not fit a text encoder of {rows} words. Use the one that came with the model.",
    ),
    "vocabulary_unreadable": (
        "读不懂词表 {source}。请从模型主页重新下载。",
        "The vocabulary {source} cannot be read. Download it again from the model's page.",
    ),
    # weights and conversion
    "weights_missing": ("找不到文件：{path}。请检查路径。", "There is no file {path}. Check the path."),
    "weights_unreadable": (
        "读不了 {path}：{reason}。请检查文件权限和磁盘。",
        "{path} cannot be read: {reason}. Check its permissions and the disk.",
    ),
    "weights_folder_empty": (
        "文件夹 {path} 里没有权重文件（model.safetensors、pytorch_model.bin 等）。请选模型自己的文件夹。",
        "The folder {path} holds no weights (such as model.safetensors). Choose the model's own folder.",
    ),
    "weights_empty": (
        "{path} 里没有任何张量，不是模型权重。请换一个文件。",
        "{path} holds no tensor, so it is not a model. Choose another file.",
    ),
    "weights_foreign": (
        "{path} 不是认识的权重文件。能读 safetensors 和 torch 的 .bin、.ckpt、.pt，请换一个文件。",
        "{path} is not a weight file that can be read. Use safetensors, or torch's .bin, .ckpt or .pt.",
    ),
    "weights_truncated": (
        "{path} 不完整，多半是下载中断。请删掉后重新下载。",
        "{path} is incomplete, most likely a broken download. Delete it and download it again.",
    ),
    "weights_header": (
        "{path} 的文件头有误：里面写的名称、形状和长度对不上。请重新下载，或换一个来源。",
        "The header of {path} is wrong: its names, shapes and lengths do not agree. Download it again.",
    ),
    "weights_lfs_pointer": (
        "{path} 只是 git-lfs 的占位文本，权重本身没有下载。请运行 git lfs pull，或直接下载该文件。",
        "{path} is a git-lfs pointer, not the weights. Run git lfs pull, or download the file itself.",
    ),
    "weights_web_page": (
        "{path} 存下来的是一个网页，不是权重。请登录或同意许可后重新下载。",
        "{path} is a saved web page, not weights. Log in or accept the licence, then try again.",
    ),
    "pickle_unsafe": (
        "拒绝打开 {path}：这个 pickle 想调用 {name}，打开它可能会运行别人的代码。请换 safetensors 版本。",
        "{path} was refused: its pickle asks for {name}, which could run code. Get a safetensors version.",
    ),
    "pickle_foreign": (
        "{path} 不是 torch 存下的权重，或者已经损坏。请重新下载，或换 safetensors 版本。",
        "{path} is not weights saved by torch, or it is damaged. Download it again, or as safetensors.",
    ),
    "tensor_missing": (
        "{path} 里没有张量 {name}，最接近的是：{near}。这个文件可能属于另一种模型。",
        "{path} has no tensor {name}; the nearest are {near}. The file may belong to another kind of model.",
    ),
    "tensor_changed": (
        "张量 {name} 应为 {expected}，读出来却是 {actual}。文件可能已损坏，请重新下载。",
        "The tensor {name} should be {expected} but came out as {actual}. The file may be damaged.",
    ),
    "disk_full": (
        "磁盘空间不够，写不下 {path}：需要 {need} MB，只剩 {free} MB。请腾出空间或换个位置。",
        "There is no room for {path}: {need} MB are needed, {free} MB are free. Choose another place.",
    ),
    "write_suffix": (
        "输出文件 {path} 须以 .safetensors 结尾，界面才会列出它。请改名。",
        "The file {path} must end in .safetensors, or no WebUI lists it. Rename it.",
    ),
    "write_failed": (
        "写不了 {path}：{reason}。请检查文件夹是否存在、是否可写。",
        "{path} cannot be written: {reason}. Check that the folder exists and may be written to.",
    ),
    "path_too_long": (
        "路径太长，写不下 {path}：共 {length} 个字符。Windows 默认最多 259 个字符，其他系统的文件名最多 255 字节。"
        "请把文件夹名改短，或移到更浅的文件夹里。",
        "The path of {path} is too long: {length} characters while it is written. Windows allows 259, other systems"
        " 255 bytes for a name. Shorten the folder's name, or move it to a folder nearer to the drive.",
    ),
    "part_missing": (
        "{path} 里没有 {part} 部分，不是完整的底模。请补全文件，或换一个模型。",
        "{path} has no {part} in it, so it is not a whole base model. Complete it, or choose another.",
    ),
    "part_incomplete": (
        "{path} 的 {part} 缺少张量 {name}，文件不完整。请重新下载。",
        "The {part} of {path} lacks the tensor {name}: it is incomplete. Download it again.",
    ),
    "convert_unknown_key": (
        "张量 {name} 不属于 Stable Diffusion 1.x 或 2.x，无法转换。请确认选对了模型。",
        "The tensor {name} is none of Stable Diffusion 1.x or 2.x, so it cannot be converted. Check the model.",
    ),
    "convert_not_unet": (
        "这些权重里没有交叉注意力，不是 Stable Diffusion 1.x 或 2.x 的 UNet。请换一个模型。",
        "These weights have no cross-attention: not a UNet of Stable Diffusion 1.x or 2.x. Choose another model.",
    ),
    "convert_overflow": (
        "张量 {name} 的数值超出 {dtype} 的范围。请改用 float32 转换。",
        "Values of the tensor {name} do not fit into {dtype}. Convert with float32 instead.",
    ),
    "dtype_unknown": (
        "不认识精度 {dtype}，可选：{choices}。",
        "{dtype} is not a precision that can be written; choose from {choices}.",
    ),
    "converter_unknown": (
        "没有办法转换 {kind}/{layout}，能转换的有：{choices}。",
        "There is no converter for {kind}/{layout}; there are {choices}.",
    ),
    "folder_exists": (
        "{path} 已经存在。请换一个名字，或先移走它。",
        "{path} exists already. Choose another name, or move it away first.",
    ),
    "lora_unknown_key": (
        "{path} 里的 {name} 不是 Stable Diffusion 1.x/2.x 的 LoRA 写法（LyCORIS、SDXL 暂不支持）。请换一个文件。",
        "{name} in {path} is no LoRA of Stable Diffusion 1.x/2.x (LyCORIS and SDXL are not read). Choose another file.",
    ),
    "lora_incomplete": (
        "{path} 里 {name} 的 down 和 up 不成对。文件可能不完整，请重新下载。",
        "In {path} the down and up of {name} do not match. The file may be incomplete: download it again.",
    ),
    # registry
    "card_unreadable": (
        "读不了模型卡 {path}：{reason}。请检查它是不是 UTF-8 编码的 JSON。",
        "The card {path} cannot be read: {reason}. Check that it is JSON in UTF-8.",
    ),
    "card_invalid": (
        "模型卡 {path} 不合规则，已跳过：{rules}。规则见 models_registry/card.schema.json。",
        "The card {path} breaks rules and was skipped: {rules}. The rules are in models_registry/card.schema.json.",
    ),
    "card_duplicate": (
        "模型卡 {path} 的编号 {id} 已被占用，已跳过。请换一个编号。",
        "The card {path} was skipped: its id {id} is taken. Choose another id.",
    ),
    "card_unknown": (
        "没有编号为 {id} 的模型。相近的有：{near}；全部：{ids}。",
        "There is no model with the id {id}. Near: {near}; all: {ids}.",
    ),
    "card_title": ("名称", "title"),
    "card_kind": ("类型", "kind"),
    "card_description": ("说明", "description"),
    "card_publisher": ("发布者", "publisher"),
    "card_licence": ("许可", "licence"),
    "card_size": ("大小", "size"),
    "card_compatible": ("适用底模", "made for"),
    "card_fits": ("能否用于别的底模", "other bases"),
    "fits_strict": ("不能", "none"),
    "fits_family": ("同系列的可以一试，效果不保证", "those of its family, without a promise"),
    "card_defaults": ("默认参数", "defaults"),
    "card_sources": ("来源", "sources"),
    "card_installed": ("位置", "place"),
    "card_absent": ("未安装", "not installed"),
    "card_notes": ("备注", "notes"),
    "commercial_yes": ("可商用", "commercial use allowed"),
    "commercial_no": ("不可商用", "no commercial use"),
    "commercial_conditions": (
        "可商用，须遵守许可中的使用限制",
        "commercial use within the licence's conditions",
    ),
    "commercial_ask": ("商用请先看许可", "commercial use: read the licence"),
    "card_terms": ("附加条款", "further terms"),
    "card_sizes": ("也适合的尺寸", "also draws well at"),
    "card_hosts": ("可用的界面", "runs in"),
    "card_uncertain": ("未经核实", "not verified"),
    "size_about": ("约 {size}", "about {size}"),
    "identify_taiyi_xl": (
        "{path} 是太乙 XL：SDXL 的两个编码器，词表扩充到 57475。本软件还不能运行这种编码器，现有的界面也不能。",
        "{path} is Taiyi-XL: SDXL's two encoders with a vocabulary of 57475. This software cannot run them yet, nor "
        "can its hosts.",
    ),
    "fit_channels": (
        "{id} 属于随附的小模型，{host} 只认 320 通道的 UNet，加载不了。请在独立界面或 AUTOMATIC1111 里使用。",
        "{id} belongs to the embedded family; {host} only loads UNets of 320 channels. Use it standalone or in "
        "AUTOMATIC1111.",
    ),
    "fit_channels_controlnet": (
        "{host} 的 ControlNet 只认 320 通道的 UNet，{id} 比它小。请在独立界面里使用。",
        "The ControlNet of {host} needs a UNet of 320 channels, and {id} has fewer. Use it standalone.",
    ),
    "fit_sd2_untried": (
        "{id} 是 SD 2.x 结构配中文编码器，在 {host} 里没有试过。",
        "{id} pairs an SD 2.x UNet with a Chinese encoder; in {host} that was not tried.",
    ),
    "fit_xl_standalone": (
        "{id} 是 SDXL 的，独立界面只画 SD 1.x、2.x 和小样。请在 WebUI 里使用。",
        "{id} is for SDXL; the standalone page draws SD 1.x, 2.x and the embedded family. Use it in a WebUI.",
    ),
    "fit_unknown": (
        "看不出 {id} 与 {base} 是不是同一家族，能不能配合要试过才知道。",
        "Whether {id} and {base} are of one family cannot be seen; only a trial tells.",
    ),
    "fit_family": (
        "{id} 属于 {family}，{base} 属于 {base_family}，尺寸对不上，不能配合。",
        "{id} is for {family} and {base} is {base_family}: their sizes differ, they do not go together.",
    ),
    "fit_strict": (
        "{id} 是和 {made_for} 的 UNet 一起训练的，配 {base} 画不对题。请换一个标明适用任意 SD 1.x 的编码器。",
        "{id} was trained together with the UNet of {made_for}; with {base} pictures would not follow the words. "
        "Choose an encoder that fits any SD 1.x.",
    ),
    "fit_encoder_untried": (
        "{id} 的尺寸与 {base} 相合，但它是对着 {made_for} 训练的；{base} 离得越远，越可能画不对题。",
        "{id} has the size that {base} needs, but it was trained for {made_for}; the further {base} is from that, "
        "the less pictures may follow the words.",
    ),
    "fit_encoder_replaces": (
        "{base} 自带中文编码器，换成 {id} 多半画不对题。一般不必换。",
        "{base} has a Chinese encoder of its own; with {id} pictures will hardly follow the words. Better keep it.",
    ),
    "fit_other_base": (
        "{id} 是为 {made_for} 做的，用在 {base} 上能加载，效果难料。",
        "{id} was made for {made_for}; on {base} it loads, and what it does is open.",
    ),
    "identify_unknown": (
        "认不出 {path}：里面的张量（{keys} 等）不属于底模、LoRA、ControlNet、文本编码器或 VAE。",
        "{path} is not recognised: its tensors ({keys} ...) are of no base, LoRA, ControlNet, text encoder or VAE.",
    ),
    "identify_other": (
        "{path} 属于 {name}，不是 Stable Diffusion 1.x、2.x 或 XL，这里用不了。",
        "{path} belongs to {name}, not to Stable Diffusion 1.x, 2.x or XL, and cannot be used here.",
    ),
    "identify_no_vae": (
        "{path} 里有 unet，却没有 vae 的权重，模型不完整。请补全文件。",
        "{path} has a unet but no weights of a vae, so it is not whole. Complete it.",
    ),
}
