"""Tables that speak of stretches of recordings, as other programs read and write them."""
