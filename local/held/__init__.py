"""What policies of the organization hold in an account, a module for each service: what is read, what is refused."""
