"""The embedded AWS: moto on loopback, and one adapter per gap between moto and AWS."""
