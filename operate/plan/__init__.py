"""What a plan would do to what runs, whether it may, and how it is shown."""
