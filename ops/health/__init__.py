"""Is it well? Liveness, readiness, metrics, error reports, and the doctor who looks at a deployment's environment."""
