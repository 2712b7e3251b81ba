# SPDX-License-Identifier: Apache-2.0
"""Many clients at once at an agent that holds nothing yet."""

import threading
from concurrent.futures import ThreadPoolExecutor

from support.polling import until

CLIENTS = 20


def ask_cold(standin, make_client):
    """The answers of CLIENTS clients, each from make_client()(), that begin together. AWS holds its answer back until it has
    been asked, so the first of them waits; how long they do is for the clients to judge, whose time-outs are their SDK's."""
    standin.fault("sts", "slow", seconds=3600)
    clients = [make_client() for _ in range(CLIENTS)]
    together = threading.Barrier(CLIENTS)

    def ask(client):
        together.wait()
        return client()

    with ThreadPoolExecutor(CLIENTS) as pool:
        answers = [pool.submit(ask, client) for client in clients]
        try:
            until(lambda: standin.calls(action="AssumeRoleWithWebIdentity"), what="the call to AWS")
        finally:
            standin.clear_faults()
        return [answer.result() for answer in answers]
