from tests.provider.fixtures import provider, provider_address

__all__ = ["provider", "provider_address"]
