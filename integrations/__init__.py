"""The outside world, a package a provider [tenant schema]. Empty until the first provider is built."""
