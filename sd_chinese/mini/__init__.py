"""The embedded model family: a scale model of PAI-Diffusion made from nothing on a CPU."""
