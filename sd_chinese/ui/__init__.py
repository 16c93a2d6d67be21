"""The pages: components and tables only; what they do is a workflow."""
