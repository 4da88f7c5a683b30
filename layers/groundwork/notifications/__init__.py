"""What people and the bus are told: answers, failures, metrics, and the replay of events that were not delivered."""
