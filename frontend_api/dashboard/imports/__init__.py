"""The wizard that brings levels over from another bot. Translates and calls engagement.imports and integrations.oldbots."""
