"""The outside world as the product sees it, against real listeners on loopback."""
