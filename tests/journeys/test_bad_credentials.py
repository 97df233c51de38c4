"""Who is not let in, over the wire: no credentials, wrong ones, old ones, somebody else's; and what anybody may see."""

from pathlib import Path

import requests

from tests.support.badinput import SOAP, Site, fault_of, refused, site
from tests.support.services import STORES, running_services
from tests.support.serving import wait_until
from vofiles.contract import (
    FILEMANAGER_NAMESPACE,
    TransferState,
)

__all__ = ["site"]


def test_an_account_is_made_by_administrators_only(site: Site) -> None:
    response = site.call("addAccount", ("account", "ivo://ast.cam.ac.uk/eve"))
    refused(response, "Refused", "PermissionDenied")
    root = site.services.add_account("root", administrator=True)
    assert site.call("addAccount", ("account", "ivo://ast.cam.ac.uk/eve"), user=root).status_code == 200
    again = site.call("addAccount", ("account", "ivo://AST.cam.ac.uk/eve"), user=root)
    refused(again, "Conflict", "DuplicateAccount", "ivo://ast.cam.ac.uk/eve")


def test_wrong_and_missing_credentials(site: Site) -> None:
    body = (
        f'<s:Envelope xmlns:s="{SOAP}"><s:Body><getIdentifier xmlns="{FILEMANAGER_NAMESPACE}"/></s:Body></s:Envelope>'
    )
    for headers in (
        {},
        {"Authorization": "Basic ZGF2ZTp3cm9uZw=="},
        {"Authorization": "Bearer unknown"},
        {"Authorization": "Bearer "},
    ):
        response = requests.post(
            site.services.address, data=body, headers={"Content-Type": "text/xml", **headers}, timeout=60
        )
        assert response.status_code == 401
        assert "Basic" in response.headers["WWW-Authenticate"]
        assert fault_of(response)[:2] == ("Refused", "NotAuthenticated")


def test_an_expired_token(tmp_path: Path) -> None:
    with running_services(tmp_path, "[tokens]\nlifetime = 1", stores=STORES[:1]) as services:
        dave = services.add_account("dave")
        answer = requests.post(f"{services.manager.address}/token", auth=dave.auth, timeout=60).json()
        assert answer["expires_in"] == 1
        body = (
            f'<s:Envelope xmlns:s="{SOAP}"><s:Body><getAccount xmlns="{FILEMANAGER_NAMESPACE}"/></s:Body></s:Envelope>'
        )
        headers = {"Content-Type": "text/xml", "Authorization": f"Bearer {answer['access_token']}"}

        def status() -> int:
            return requests.post(services.address, data=body, headers=headers, timeout=60).status_code

        assert status() in {200, 401}
        wait_until(lambda: status() == 401, "the token expires")


def test_a_callback_is_taken_from_stores_only(site: Site) -> None:
    body = (
        f'<s:Envelope xmlns:s="{SOAP}"><s:Body><transferFailed xmlns="{FILEMANAGER_NAMESPACE}">'
        f"<transfer>{site.others_transfer}</transfer><state>{TransferState.FAILED}</state>"
        "<failure><name>x</name><message>y</message></failure></transferFailed></s:Body></s:Envelope>"
    )
    response = requests.post(
        f"{site.services.manager.address}/callback",
        data=body,
        headers={"Content-Type": "text/xml"},
        auth=site.dave.auth,
        timeout=60,
    )
    assert response.status_code == 401
    assert fault_of(response)[:2] == ("Refused", "NotAuthenticated")


def test_anonymous_sees_the_contract_and_health_only(site: Site) -> None:
    for address in (site.services.manager.address, *(store.address for store in site.services.stores.values())):
        assert requests.get(f"{address}/healthz", timeout=60).status_code == 200
        service = "filemanager" if address == site.services.manager.address else "filestore"
        assert requests.get(f"{address}/{service}?wsdl", timeout=60).status_code == 200
        assert requests.get(f"{address}/{service}", timeout=60).status_code == 200
        body = (
            f'<s:Envelope xmlns:s="{SOAP}"><s:Body>'
            f'<getIdentifier xmlns="urn:vofiles:{service}:1"/></s:Body></s:Envelope>'
        )
        headers = {"Content-Type": "text/xml"}
        assert requests.post(f"{address}/{service}", body, headers=headers, timeout=60).status_code == 401
