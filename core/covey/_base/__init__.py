"""What every part of covey stands on: errors, files, locks, progress and words."""
