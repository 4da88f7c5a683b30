"""Lambda: functions run in sandboxes, with AWS's own runtime client."""
