"""The operator's steps: what to do, a drawing of it, the answer."""
