"""The official Python SDK, as an application uses it. It speaks with the suite as conversation.mjs says.

    python client.py MCP_URL REDIRECT_URL [CLIENT_METADATA_URL]

Mode "sse" is the transport of 2024-11-05.
"""

import asyncio
import json
import sys
import time
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urlsplit

from mcp import Client
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider
from mcp.client.sse import sse_client
from mcp.client.streamable_http import create_mcp_http_client, streamable_http_client
from mcp.shared.auth import OAuthClientMetadata
from mcp.shared.exceptions import MCPError
from mcp.types import ElicitResult, PromptReference

url, redirect, *document = sys.argv[1:]


def say(message):
    print(json.dumps(message), flush=True)


async def hear():
    line = await asyncio.to_thread(sys.stdin.readline)
    return json.loads(line) if line else None


class Storage:
    """What the SDK asks an application to keep."""

    tokens = client = None

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return self.client

    async def set_client_info(self, client):
        self.client = client


async def send_person(address):
    say({"authorize": address})


async def await_person():
    said = await hear()
    if not said:
        raise RuntimeError("the person closed the window")
    answer = parse_qs(urlsplit(said["callback"]).query)
    return AuthorizationCodeResult(**{name: answer[name][0] for name in ("code", "state", "iss")})


def advance(secs):
    """Moves the clock of this client, by which the SDK tells whether a token has expired."""
    now = time.time
    time.time = lambda: now() + secs


def plain(result):
    return result.model_dump(mode="json", by_alias=True)


async def progress(client, name, arguments):
    told = []

    async def tell(progress, total, message):
        told.append({"progress": progress, "total": total, "message": message})

    await client.call_tool(name, arguments, progress_callback=tell)
    return told


async def ignore(progress, total, message):
    """Asks for an answer in a stream: the SDK sends nothing else, not even a cancellation, before an answer begins."""


async def abort(call):
    call.cancel()
    try:
        return {"value": plain(await call)}
    except asyncio.CancelledError:
        return {"error": "cancelled"}


async def visit(context, params):
    """Sends the person to a page and waits until they have been there."""
    say({"open": params.url})
    await hear()
    return ElicitResult(action="accept")


async def call(client, name, arguments):
    """Calls again where the person had to be somewhere first (MCP 2025-11-25, URL mode of elicitation)."""
    try:
        return await client.call_tool(name, arguments)
    except MCPError as error:
        if error.error.code != -32042:
            raise
        asked = error.error.data["elicitations"]
    for one in asked:
        say({"open": one["url"]})
        await hear()
    return await client.call_tool(name, arguments)


begun = []


async def act(client, storage, asked):
    match asked["act"]:
        case "list":
            return plain(await client.list_tools())
        case "call":
            return plain(await call(client, asked["name"], asked["arguments"]))
        case "read":
            return plain(await client.read_resource(asked["uri"]))
        case "prompts":
            return plain(await client.list_prompts())
        case "prompt":
            return plain(await client.get_prompt(asked["name"], asked["arguments"]))
        case "complete":
            reference = PromptReference(type="ref/prompt", name=asked["ref"]["name"])
            context = (asked.get("context") or {}).get("arguments")
            return plain(await client.complete(reference, asked["argument"], context_arguments=context))
        case "templates":
            return plain(await client.list_resource_templates())
        case "progress":
            return await progress(client, asked["name"], asked["arguments"])
        case "begin":
            started = client.call_tool(asked["name"], asked["arguments"], progress_callback=ignore)
            begun.append(asyncio.create_task(started))
        case "abort":
            return await abort(begun.pop())
        case "tokens":
            return storage.tokens.model_dump(mode="json")
        case "advance":
            return advance(asked["secs"])


@asynccontextmanager
async def connected(mode, auth):
    if mode == "sse":
        async with Client(sse_client(url, auth=auth), mode="legacy", elicitation_callback=visit) as client:
            yield client
    else:
        async with create_mcp_http_client(auth=auth) as http:
            transport = streamable_http_client(url, http_client=http)
            async with Client(transport, mode=mode, elicitation_callback=visit) as client:
                yield client


async def main():
    storage = Storage()
    metadata = OAuthClientMetadata(
        client_name="Contract application", redirect_uris=[redirect], token_endpoint_auth_method="none"
    )
    auth = OAuthClientProvider(url, metadata, storage, send_person, await_person, *document)
    async with connected((await hear())["mode"], auth) as client:
        say({"done": None})
        while asked := await hear():
            try:
                say({"done": await act(client, storage, asked)})
            except Exception as error:
                say({"failed": repr(error)})


asyncio.run(main())
