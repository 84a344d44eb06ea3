"""The settings pages: each action with its refusal, and who may reach which of them."""
