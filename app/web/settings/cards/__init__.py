"""From what the services read to what a card of the authentication page shows: values in, values out."""
