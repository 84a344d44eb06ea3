"""What the `doorward` command can do, one module per noun; `app.cli` puts them together."""
