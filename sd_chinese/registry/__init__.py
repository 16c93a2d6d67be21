"""Cards and files: what models there are, where they come from, and what a file is. No torch."""
