"""The hosts that draw: A1111, Forge, and standalone diffusers. Each is one file or folder, chosen once."""
