"""What pages are made of: the page itself, questions, columns of tables."""
