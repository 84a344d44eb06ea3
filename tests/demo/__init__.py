"""The demo: its story comes true, nothing of it stays, and its provider answers only its own Doorward."""
