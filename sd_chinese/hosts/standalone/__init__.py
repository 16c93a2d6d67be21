"""The host of last resort: diffusers pipelines on this machine's own device."""
