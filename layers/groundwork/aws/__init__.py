"""The one place for each service where AWS is called about the organization and its accounts."""
