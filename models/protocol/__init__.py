"""Leave-one-subject-out: how every network here is judged on people whom it never saw."""
