"""Forge: the host loads a Chinese checkpoint's UNet and autoencoder, and an engine of ours reads its prompts."""
