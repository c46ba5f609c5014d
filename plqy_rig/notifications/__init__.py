"""Tells people outside what happened: finished, failed, held, operator needed."""
