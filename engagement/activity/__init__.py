"""The one door for outside facts: message format, stream, consumer. Floor 6."""
