"""The Length page: features against response length under a movable threshold."""
