"""Reading Chinese: idioms, sayings, verse and cultural terms become drawable prompts."""
