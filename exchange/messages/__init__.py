"""THE VOCABULARY: every command, event and refusal. Fields are positional on disk: append with a default, never change."""
