"""People of one community: identities, roles, own figures, consent. Floor 2."""
