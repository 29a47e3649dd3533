"""An MCP client that is not ours: the protocol's official Python SDK.

Usage: client.py PROGRAM [ARGUMENT...] < steps.json

Starts the program, introduces itself, takes the steps in order, and prints what came back as one
JSON object: {"server": ..., "answers": [...]}. A step is a list: its name, then what it takes.
"""

import asyncio
import json
import sys

from mcp import ClientSession, MCPError, StdioServerParameters
from mcp.client.stdio import stdio_client


async def take(session, name, *rest):
    match name:
        case "tools":
            return await session.list_tools()
        case "call":
            return await session.call_tool(rest[0], rest[1])
        case "resources":
            return await session.list_resources()
        case "templates":
            return await session.list_resource_templates()
        case "read":
            return await session.read_resource(rest[0])
        case "prompts":
            return await session.list_prompts()
        case "prompt":
            return await session.get_prompt(rest[0], rest[1])
        case "at_once":
            # The same call many times, none of them waiting for another.
            calls = (session.call_tool(rest[1], rest[2]) for _ in range(rest[0]))
            return await asyncio.gather(*calls)
    raise SystemExit(f"no such step: {name}")


def plain(answer):
    if isinstance(answer, list):
        return [plain(item) for item in answer]
    return answer.model_dump(mode="json", by_alias=True, exclude_none=True)


async def attempt(session, step):
    try:
        return plain(await take(session, *step))
    except MCPError as error:
        return {"error": plain(error.error)}


async def main():
    program = StdioServerParameters(command=sys.argv[1], args=sys.argv[2:])
    steps = json.load(sys.stdin)
    async with stdio_client(program) as (read, write):
        async with ClientSession(read, write) as session:
            server = plain(await session.initialize())
            answers = [await attempt(session, step) for step in steps]
    json.dump({"server": server, "answers": answers}, sys.stdout)


asyncio.run(main())
