"""EVENTS TO READ MODELS: deterministic folds of the event stream, carried by snapshots in versioned sections."""
