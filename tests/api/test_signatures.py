"""Signatures: the reference's HMAC vectors, RSA and Ed25519 keys made here, and where a signature may stand."""

import asyncio
import base64
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from exchange.api import auth
from exchange.messages import accounts
from exchange.messages.accounts import ApiKeyGranted
from tests.api.wire import ORDER, SocketClient, Wire, hmac_of, open_wire, refusal

SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
API_KEY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
REST = "symbol={}&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559"
SOCKET = (
    f"apiKey={API_KEY}&price=52000.00&quantity=0.01000000&recvWindow=100&side=SELL&symbol=BTCUSDT&timeInForce=GTC"
    "&timestamp=1645423376532&type=LIMIT"
)
VECTORS = [
    (REST.format("LTCBTC"), "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"),
    (
        REST.format("%EF%BC%91%EF%BC%92%EF%BC%93%EF%BC%94%EF%BC%95%EF%BC%96"),
        "e1353ec6b14d888f1164ae9af8228a3dbd508bc82eb867db8ab6046442f33ef3",
    ),
    (SOCKET, "aa1b5712c094bc4e57c05a1a5c1fd8d88dcd628338ea863fec7b88e59fe2db24"),
]
RSA_KEY = rsa.generate_private_key(65_537, 2_048)
ED25519_KEY = ed25519.Ed25519PrivateKey.generate()


def sign_rsa(payload: str) -> str:
    return base64.b64encode(RSA_KEY.sign(payload.encode(), padding.PKCS1v15(), SHA256())).decode()


def sign_ed25519(payload: str) -> str:
    return base64.b64encode(ED25519_KEY.sign(payload.encode())).decode()


ASYMMETRIC = {
    "rsa": (auth.RSA, sign_rsa, RSA_KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)),
    "ed25519": (auth.ED25519, sign_ed25519, ED25519_KEY.public_key().public_bytes_raw()),
}


@pytest.mark.parametrize(("payload", "signature"), VECTORS)
def test_the_references_hmac_vectors_hold(payload: str, signature: str) -> None:
    check = auth.hmac_check(SECRET.encode())
    assert check(payload.encode(), signature)
    assert check(payload.encode(), signature.upper())
    assert not check(payload.encode() + b"0", signature)
    assert not check(payload.encode(), signature[:-1])
    assert not check(payload.encode(), "")
    assert not auth.hmac_check(b"another")(payload.encode(), signature)


@pytest.mark.parametrize("kind", ASYMMETRIC)
def test_signatures_of_key_pairs_are_case_sensitive_base64_and_fit_one_payload(kind: str) -> None:
    algorithm, sign, public_key = ASYMMETRIC[kind]
    keys = auth.Keys(lambda reference: b"")
    keys.on_granted(ApiKeyGranted(1, 16, 3, "name", algorithm, public_key, "", 0))
    check = keys.find("name").check
    signature = sign(SOCKET)
    assert check(SOCKET.encode(), signature)
    assert not check(SOCKET.encode() + b"0", signature)
    assert not check(SOCKET.encode(), signature.swapcase())
    for rubbish in ("", "=", "☃", signature + "!", signature[:-4], "A" * len(signature)):
        assert not check(SOCKET.encode(), rubbish)


@pytest.mark.parametrize("algorithm", [auth.RSA, auth.ED25519])
@pytest.mark.parametrize("public_key", [b"", b"\0", b"\0" * 32, b"\xff" * 32, b"rubbish" * 50])
def test_a_public_key_that_is_none_lets_nobody_in(algorithm: int, public_key: bytes) -> None:
    keys = auth.Keys(lambda reference: b"")
    keys.on_granted(ApiKeyGranted(1, 16, 3, "name", algorithm, public_key, "", 0))
    for signature in ("", "AAAA", base64.b64encode(b"\0" * 64).decode()):
        assert not keys.find("name").check(b"payload", signature)


def order(wire: Wire, client_id: str) -> str:
    return urlencode(ORDER | {"newClientOrderId": client_id, "timestamp": wire.now_ms()})


def test_a_signature_may_stand_in_the_query_or_the_body_and_need_not_be_last(tmp_path: Path) -> None:
    async def ask_all() -> None:
        async with open_wire(tmp_path) as wire:
            headers = {"X-MBX-APIKEY": wire.trader["api_key"]}
            secret = wire.trader["secret_key"]

            async def status(query: str, body: str, kind: str = "") -> int:
                sent = headers | ({"content-type": kind} if kind else {})
                response = await wire.ask("POST", f"/api/v3/order?{query}", body.encode(), sent)
                if response.status_code != 200:
                    assert refusal(response)["code"] == -1022
                return response.status_code

            text = order(wire, "a")
            assert await status("", f"{text}&signature={hmac_of(secret, text)}") == 200
            text = order(wire, "b")
            assert await status(f"signature={hmac_of(secret, text)}&{text}", "") == 200
            text = order(wire, "c")
            first, _, second = text.partition("&")
            assert await status(first, f"{second}&signature={hmac_of(secret, first + second)}") == 200
            text = order(wire, "d")
            assert await status(f"{text}&signature={hmac_of(secret, text)}", "", "application/json") == 200
            text = order(wire, "e")
            first, _, second = text.partition("&")
            assert await status(f"{first}&signature={hmac_of(secret, first + '&' + second)}", second) == 400

    asyncio.run(ask_all())


def test_rest_signs_the_bytes_as_they_were_sent(tmp_path: Path) -> None:
    """Since January 2026 a signature over text that was encoded only afterwards is refused."""

    async def ask_all() -> None:
        async with open_wire(tmp_path) as wire:
            query = f"omitZeroBalances=%74rue&timestamp={wire.now_ms()}"
            assert (await wire.signed_as_is("GET", "/api/v3/account", query, wire.trader)).status_code == 200
            signature = hmac_of(wire.trader["secret_key"], query.replace("%74", "t"))
            headers = {"X-MBX-APIKEY": wire.trader["api_key"]}
            answer = await wire.ask("GET", f"/api/v3/account?{query}&signature={signature}", headers=headers)
            assert refusal(answer)["code"] == -1022

    asyncio.run(ask_all())


@pytest.mark.parametrize("kind", ASYMMETRIC)
def test_key_pairs_sign_orders_over_both_ways_in(tmp_path: Path, kind: str) -> None:
    algorithm, sign, public_key = ASYMMETRIC[kind]

    async def ask_all() -> None:
        async with open_wire(tmp_path) as wire:
            account = wire.exchange.context.keys.find(wire.trader["api_key"]).account
            await wire.submit(accounts.GrantApiKey(0, account, 3, "pair", algorithm, public_key))
            text = order(wire, "rest")
            target = f"/api/v3/order?{text}&signature={quote(sign(text), safe='')}"
            answer = await wire.ask("POST", target, headers={"X-MBX-APIKEY": "pair"})
            assert answer.status_code == 200, answer.text
            async with SocketClient(wire, "/ws-api/v3") as socket:
                params = ORDER | {"newClientOrderId": "socket", "timestamp": str(wire.now_ms()), "apiKey": "pair"}
                payload = "&".join(f"{name}={params[name]}" for name in sorted(params))
                placed = await socket.call("order.place", params | {"signature": sign(payload)})
                assert placed["status"] == 200, placed
                bad = await socket.call("order.place", params | {"signature": sign(payload + " ")})
                assert bad["error"]["code"] == -1022

    asyncio.run(ask_all())
