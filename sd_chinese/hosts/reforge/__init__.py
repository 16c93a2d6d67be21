"""reForge: A1111's way to hold a text encoder, Forge's to load models, to keep them in memory and to apply LoRA."""
