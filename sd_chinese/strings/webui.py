"""Inside a WebUI: hosts, the script, settings, HTTP."""

from __future__ import annotations

TEXTS: dict[str, tuple[str, str]] = {
    # inside a WebUI
    "webui_unsupported": (
        "sd-webui-chinese：这个 WebUI（{host}）还不支持，扩展不做任何改动。支持的有：{choices}。",
        "sd-webui-chinese: this WebUI ({host}) is not supported yet and is left as it is. Supported: {choices}.",
    ),
    "webui_failed": (
        "sd-webui-chinese：启动失败（{error}），WebUI 照常使用。请更新扩展，或带着这行文字反馈。",
        "sd-webui-chinese: it could not start ({error}); the WebUI goes on without it. Update the extension, or "
        "report this line.",
    ),
    "webui_step_failed": (
        "sd-webui-chinese：这一步出错（{error}），已跳过，WebUI 照常使用。请更新扩展，或带着这行文字反馈。",
        "sd-webui-chinese: this step failed ({error}) and is left out; the WebUI goes on. Update the extension, or "
        "report this line.",
    ),
    "option_text_encoder": ("文本编码器", "Chinese text encoder"),
    "option_text_encoder_info": (
        "automatic：模型自带的编码器；none：从不替换；其余为已安装的中文编码器，用来驱动宽度相同的普通模型",
        "automatic: the checkpoint's own; none: never replaced; any other drives an ordinary checkpoint of its width",
    ),
    "text_encoder_gone": (
        "文本编码器「{name}」不在了，改用模型自带的编码器。可用：{choices}。请放回文件，或在设置里另选。",
        "The text encoder {name} is gone; the checkpoint's own is used. Available: {choices}. Put it back, or choose "
        "another in the settings.",
    ),
    "text_encoder_family": (
        "「{model}」是 {family} 模型，不能换用中文文本编码器「{encoder}」，改用它自带的编码器。请选 SD1.x 模型。",
        "{model} is a {family} model and cannot be driven by {encoder}; its own text encoder is used. Choose an SD1.x "
        "checkpoint.",
    ),
    "text_encoder_unfit": (
        "文本编码器「{encoder}」输出宽度为 {width}，「{model}」的 UNet 需要 {context}，改用它自带的编码器。"
        "请选宽度为 {context} 的编码器。",
        "The text encoder {encoder} gives width {width}, the UNet of {model} wants {context}; its own encoder is used. "
        "Choose an encoder of width {context}.",
    ),
    "lora_text_skipped": (
        "sd-webui-chinese：LoRA「{name}」的文本部分不是为当前中文编码器训练的，已跳过；UNet 部分照常生效。",
        "sd-webui-chinese: the text part of the LoRA {name} was not made for this Chinese encoder and is skipped; its "
        "UNet part applies.",
    ),
    "forge_unet": (
        "Forge 认不出「{model}」的 UNet（交叉注意力宽 {width}，首层 {channels} 通道）：它只认 SD1.x、SD2.x 的尺寸。"
        "请在 AUTOMATIC1111 里使用，或独立运行（python run.py）。",
        "Forge does not know the UNet of {model} (cross-attention {width} wide, {channels} channels): it knows the "
        "sizes of SD1.x and SD2.x only. Use it in AUTOMATIC1111, or standalone (python run.py).",
    ),
    "forge_save": (
        "Forge 不能另存中文模型：它会写入空的 CLIP，丢掉中文文本编码器。请直接复制原来的模型文件 {path}。",
        "Forge cannot save a Chinese checkpoint: it would write a hollow CLIP in place of the Chinese text encoder. "
        "Copy the checkpoint's own file {path}.",
    ),
    "converting_folder": ("转换 diffusers 文件夹 {name}", "Converting the diffusers folder {name}"),
    "recognition_failed": (
        "sd-webui-chinese：无法识别 {path}（{error}），按普通模型载入。请带着这行文字反馈。",
        "sd-webui-chinese: {path} could not be looked into ({error}); it is loaded as an ordinary checkpoint. "
        "Report this line.",
    ),
    # the interface over HTTP
    "login_needed": (
        "需要登录：请先登录网页，或在请求里带上 --api-auth 设定的用户名和密码。",
        "Log in to the page first, or send the user and password of --api-auth with the request.",
    ),
    "cross_site": (
        "拒绝了来自其他网站的请求。请在本页面操作，或直接调用接口。",
        "A request from another site was refused. Use this page, or call the interface directly.",
    ),
    "access_disabled": (
        "此 WebUI 启动时关闭了扩展的安装权限，不能安装、转换或删除模型。去掉 --listen 或 --share，或加上 "
        "--enable-insecure-extension-access 后重新启动。",
        "This WebUI runs with extension access disabled: models cannot be installed, converted or removed. Start it "
        "without --listen or --share, or with --enable-insecure-extension-access.",
    ),
    "body_too_large": (
        "请求太大，上限是 {limit} 字节。请缩短内容。",
        "The request is too large; the limit is {limit} bytes. Shorten it.",
    ),
    "request_invalid": (
        "请求的格式不对：{faults}。请对照 /docs 里的说明。",
        "The request is not as described in /docs: {faults}.",
    ),
    "request_unreadable": (
        "读不懂请求的内容（{reason}）。请发送 UTF-8 的 JSON。",
        "The body of the request cannot be read ({reason}). Send JSON in UTF-8.",
    ),
    "no_model_chosen": (
        "还没有选择模型。请先在 WebUI 里选一个，或在请求里写明 model。",
        "No model is chosen yet. Choose one in the WebUI, or name one in the request.",
    ),
    "job_finished": (
        "任务 {id} 已经结束（{state}），不能再取消。",
        "The job {id} has ended already ({state}) and cannot be cancelled.",
    ),
    "convert_unlisted": (
        "没有等待转换的“{name}”。可以转换的有：{names}。",
        "Nothing named {name} is waiting to be converted. There are: {names}.",
    ),
    "folder_unopened": (
        "打不开文件夹 {folder}：{reason}。请在文件管理器里自己打开。",
        "The folder {folder} could not be shown: {reason}. Open it in your file manager.",
    ),
    "folder_elsewhere": (
        "只有坐在运行 WebUI 的那台电脑前，才能打开 {kind} 的文件夹。",
        "The folder of {kind} can be shown only to who sits at the computer that runs the WebUI.",
    ),
    # the script in txt2img and img2img, and the settings
    "script_title": ("中文", "Chinese"),
    "script_expand": ("生成时展开", "Expand on Generate"),
    "script_view": ("读法", "Reading"),
    "script_language": ("展开成", "Expand into"),
    "label_style": ("画风", "Style"),
    "script_encoder": ("文本编码器", "Text encoder"),
    "setting_view": ("展开：默认读法", "Expansion: reading"),
    "setting_view_info": (
        "直绘：照字句画；意象：取其形象；意境：取其气氛。面板里的初始值在重载界面后跟着变",
        "「直绘」: as the words say; 「意象」: its images; 「意境」: its mood. The panel begins with it after Reload "
        "UI",
    ),
    "setting_style": ("展开：默认画风", "Expansion: style"),
    "setting_style_info": (
        "空：由提示词决定。面板里的初始值在重载界面后跟着变",
        "empty: as the prompt says. The panel starts with it after Reload UI",
    ),
    "setting_into": ("展开：默认语言", "Expansion: language"),
    "setting_into_info": (
        "auto：当前模型懂哪种就用哪种；zh：中文；en：英文。面板里的初始值在重载界面后跟着变",
        "auto: what the checkpoint reads; zh: 「中文」; en: English. The panel starts with it after Reload UI",
    ),
    "setting_avoid": ("展开：补充反向提示词", "Expansion: add to the negative prompt"),
    "setting_avoid_info": (
        "开：把照字面会画错的东西加进反向提示词；关：反向提示词保持原样",
        "on: what a literal reading would draw goes into the negative prompt; off: it stays as typed",
    ),
    "setting_paste_original": ("粘贴图片参数时恢复原文", "Paste a picture's original prompt"),
    "setting_paste_original_info": (
        "开：恢复原来的中文，并打开展开；关：粘贴展开后的文字，并关闭展开。两种都能画出同一张图",
        "on: the Chinese as it was typed, with expansion on; off: the expanded text, with expansion off. Either paints "
        "the same picture again",
    ),
    "setting_completion": ("在提示词框里补全", "Complete in prompt boxes"),
    "setting_completion_info": (
        "输入两个以上汉字或拼音首字母时，给出成语、诗句和文化词；其他补全扩展弹出时让开",
        "idioms, lines and terms for two or more characters or pinyin initials; gives way to other completion "
        "extensions",
    ),
    "setting_language": ("页面语言", "Language of our pages"),
    "setting_language_info": (
        "auto：跟随 WebUI 或浏览器；zh：简体；zh-TW：繁体；en：英文。重载界面后生效",
        "auto: as the WebUI or the browser; zh: 「简体」; zh-TW: 「繁體」; en: English. Takes effect at Reload UI",
    ),
    "setting_sources": ("下载来源的顺序", "Sources of downloads, in order"),
    "setting_sources_info": (
        "用逗号隔开，没写到的不会去问；空：modelscope, hf-mirror, hf, npmmirror, npm",
        "separated by commas, others are never asked; empty: modelscope, hf-mirror, hf, npmmirror, npm",
    ),
    "setting_proxy": ("下载代理", "Proxy for downloads"),
    "setting_proxy_info": (
        "例如 http://127.0.0.1:7890；空：使用系统设置",
        "such as http://127.0.0.1:7890; empty: the system's own",
    ),
    "painted_with": ("作画的模型", "painted with"),
    "patches": ("对 WebUI 的改动", "patches in place"),
    "last_error": ("最近的错误", "last error"),
    "source_answers": ("能连上", "answers"),
    "source_silent": ("连不上", "does not answer"),
}
