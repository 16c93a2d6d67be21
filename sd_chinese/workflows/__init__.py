"""One user action per file; each joins text, registry, convert and expand, and receives a host."""
