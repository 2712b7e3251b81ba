# SPDX-License-Identifier: Apache-2.0
"""What the end-to-end tests share: the stand-in and the agent as processes, HTTP over Unix sockets, polling."""
