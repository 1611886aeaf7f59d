"""What operators see of a daemon: JSON log lines, metrics, the small HTTP server, and the word to systemd."""
