"""AUTOMATIC1111's WebUI: a Chinese checkpoint is built and run by a class of ours that the host instantiates."""
