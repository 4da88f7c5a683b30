"""EventBridge: events are matched, delivered, retried and put on schedule."""
