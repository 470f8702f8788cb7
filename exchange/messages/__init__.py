"""THE VOCABULARY: every command, event and refusal. Fields are positional on disk: append only."""
