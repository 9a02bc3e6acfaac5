"""`make check`: everything that can be known about the code without running the product."""
