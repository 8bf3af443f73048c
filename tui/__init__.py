"""The eyes and hands: a Textual app over the engine. torch is never imported here."""
