"""What schemathesis does not know by itself."""

import schemathesis


@schemathesis.serializer("application/x-ndjson")
def lines(ctx, value):
    """A body of lines. What was made up is text of any sort; it is sent as it is."""
    return value.encode("utf-8", errors="replace") if isinstance(value, str) else str(value).encode()


@schemathesis.deserializer("application/x-ndjson")
def answered_lines(ctx, response):
    return response.text


@schemathesis.deserializer("text/event-stream")
def events(ctx, response):
    return response.text
