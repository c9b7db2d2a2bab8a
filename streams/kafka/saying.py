"""How errors of kafka-python are told: by name and meaning, never with the request, which holds events of people."""

from kafka.errors import BrokerResponseError, KafkaError


def said(error: KafkaError) -> str:
    """Say a client's error without the request behind it: that would put events, and so people, into logs."""
    name = type(error).__name__
    if isinstance(error, BrokerResponseError):
        return f"{name} ({error.description})" if error.description else name
    return f"{name}: {error.args[0]}" if error.args else name
