"""Everything that people and programs see: pages, REST, sockets. No models."""
