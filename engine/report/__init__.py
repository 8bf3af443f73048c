"""What is written to be looked at elsewhere: pages, tables in Markdown, text on pictures, files."""
