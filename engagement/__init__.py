"""What a community does [tenant schema]: one Django app, a package a subdomain (DESIGN section 3)."""
