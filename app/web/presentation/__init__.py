"""What each page shows, as values: a view fills one of these and hands it to its template as `page`.

Every template gets `page` (the class whose docstring names it), `shell` (None before anyone is signed in) and
`form_token`. Nothing here is worked out: states, reasons and counts come from the services, and each sentence is shown
as it stands. Two rules hold everywhere: an empty string or None means "leave it out", and a Control that is not allowed
stays visible with its reason.
"""
