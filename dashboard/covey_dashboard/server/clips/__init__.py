"""What the browser asks about one image: its clip, what is around it, and what is known of it."""
