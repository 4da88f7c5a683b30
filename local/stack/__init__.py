"""CloudFormation's side of the embedded AWS: what a template means and how its resources are made."""
