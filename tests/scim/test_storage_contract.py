"""The contract that scim2-server ships for storages, on both databases, without a skip."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from scim2_models import Resource, ResourceType, ScimProvider, SearchRequest
from scim2_server.storage import SearchPage
from scim2_server.testing import ScimStorageContract

from scim.provider import provider as our_provider
from scim.storage import DirectoryStorage
from tests.scim.application import Installation


class TestStorage(ScimStorageContract):
    @pytest.fixture
    def provider(self) -> ScimProvider:
        return our_provider()

    @pytest.fixture(autouse=True)
    def policy(self) -> Iterator[None]:
        """As in a request: the handler reads every payload under the provider's policy."""
        with our_provider():
            yield

    @pytest.fixture
    def storage(self, installation: Installation) -> DirectoryStorage:
        return DirectoryStorage(installation.transactions, installation.directory().directory, writes=True)

    def require(self, supported: bool, feature: str) -> None:  # type: ignore[override]
        """Every case of the contract runs: there is no feature that a directory lacks."""
        assert supported, feature

    def search_request_or_skip(self, models: list[type[Resource[Any]]], **parameters: Any) -> SearchRequest[Any]:
        """No model refuses a search of the contract."""
        return self.search_request(models, **parameters)

    def search_or_skip(
        self, storage: Any, resource_types: list[ResourceType], search_request: SearchRequest[Any]
    ) -> SearchPage:
        """No filter or sort of the contract is refused."""
        page: SearchPage = self.search(storage, resource_types, search_request)
        return page
