"""An MCP client that is not ours: the protocol's official Python SDK.

Usage: client.py MODE PROGRAM [ARGUMENT...] < steps.json

Starts the program, introduces itself, takes the steps in order, and prints what came back as one
JSON object: {"server": ..., "version": ..., "answers": [...]}. A step is a list: its name, then
what it takes. The mode is `legacy` (the handshake that clients have made so far) or `auto` (the
newest version of the protocol, which has none).
"""

import asyncio
import json
import sys

from mcp import Client, MCPError, StdioServerParameters


async def take(client, name, *rest):
    match name:
        case "tools":
            return await client.list_tools()
        case "call":
            return await client.call_tool(rest[0], rest[1])
        case "resources":
            return await client.list_resources()
        case "templates":
            return await client.list_resource_templates()
        case "read":
            return await client.read_resource(rest[0])
        case "prompts":
            return await client.list_prompts()
        case "prompt":
            return await client.get_prompt(rest[0], rest[1])
        case "at_once":
            # The same call many times, none of them waiting for another.
            calls = (client.call_tool(rest[1], rest[2]) for _ in range(rest[0]))
            return await asyncio.gather(*calls)
    raise SystemExit(f"no such step: {name}")


def plain(answer):
    if isinstance(answer, list):
        return [plain(item) for item in answer]
    return answer.model_dump(mode="json", by_alias=True, exclude_none=True)


async def attempt(client, step):
    try:
        return plain(await take(client, *step))
    except MCPError as error:
        return {"error": plain(error.error)}


async def main():
    program = StdioServerParameters(command=sys.argv[2], args=sys.argv[3:])
    steps = json.load(sys.stdin)
    async with Client(program, mode=sys.argv[1], cache=None) as client:
        answers = [await attempt(client, step) for step in steps]
        heard = {"server": plain(client.server_info), "version": client.protocol_version,
                 "answers": answers}
    json.dump(heard, sys.stdout)


asyncio.run(main())
