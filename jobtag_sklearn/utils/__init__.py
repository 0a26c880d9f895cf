"""What several parts of the package share: checks of tags and seeds."""
