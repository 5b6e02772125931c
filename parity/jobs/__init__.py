"""One package for each job: what a command judges, and how. None imports another."""
