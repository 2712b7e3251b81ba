# SPDX-License-Identifier: Apache-2.0
"""A local stand-in for the parts of AWS that keyfob talks to: STS, IAM Roles Anywhere, a Bedrock runtime that echoes.

For tests and demos, on loopback only. It verifies every signature with botocore's or cryptography's own code, refuses
what AWS refuses with AWS's codes and shapes, and misbehaves on request (see faults.py).
"""
