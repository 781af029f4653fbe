"""What clients write, made into plain RFC 7643 and 7644. Pure."""
