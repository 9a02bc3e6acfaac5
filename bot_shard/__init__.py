"""The Discord gateway process: guild traffic in, activities and answers out. No models."""
