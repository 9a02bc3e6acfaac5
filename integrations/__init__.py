"""The outside world, a package a provider [tenant schema]."""
