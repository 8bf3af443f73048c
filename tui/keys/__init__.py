"""Every key of the app, as tables: bindings, footer, palette and help are made from them."""
