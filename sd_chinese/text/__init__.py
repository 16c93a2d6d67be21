"""Text to tensors: markup, tokens, contexts, encoder, emphasis."""
