"""``kentongan status``: how a running post stands, once or as a view that keeps up."""
