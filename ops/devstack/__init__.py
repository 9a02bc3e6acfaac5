"""The local stack: Postgres and Redis without root or accounts, and `make run`, which starts the whole product."""
