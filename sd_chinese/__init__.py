"""sd-webui-chinese: the Chinese layer of the Stable Diffusion WebUI."""

__version__ = "0.1.0"
