# SPDX-License-Identifier: Apache-2.0
"""Prints the ARN that aiobotocore has by its default chain, once for each line of its input."""

import asyncio
import sys

from aiobotocore.session import get_session


async def main():
    async with get_session().create_client("sts") as sts:
        while await asyncio.to_thread(sys.stdin.readline):
            print((await sts.get_caller_identity())["Arn"], flush=True)


asyncio.run(main())
