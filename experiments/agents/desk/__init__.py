"""Our own tasks: six tools over the calendar, contacts and notes of an invented person."""
