"""The resource types, by service: each makes its resources through that service's own API."""
