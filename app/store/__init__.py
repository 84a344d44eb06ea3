"""Tables and queries, one noun per module. It decides nothing and knows neither Flask nor a port."""
