# SPDX-License-Identifier: Apache-2.0
"""Profiles of every type for the stand-in's demo account, as a configuration has them."""

import json

from standin import demo

POLICY = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "bedrock:*", "Resource": "*"}]}
)


class Profiles:
    def __init__(self, standin):
        self._standin = standin

    def irsa(self, **more):
        return {
            "type": "web_identity",
            "role_arn": demo.ROLE + "gateway",
            "web_identity_token_file": str(self._standin.dir / "token.jwt"),
            "endpoint_url": self._standin.url,
            **more,
        }

    def onprem(self, certificate="ec.pem", key="ec-key.pem", **more):
        return {
            "type": "roles_anywhere",
            "trust_anchor_arn": demo.TRUST_ANCHOR,
            "profile_arn": demo.PROFILE,
            "role_arn": demo.ROLE + "onprem",
            "certificate": self._standin.certificate(certificate),
            "private_key": self._standin.certificate(key),
            "endpoint_url": self._standin.url,
            **more,
        }

    def static(self, **more):
        user = self._standin.user
        return {
            "type": "static",
            "access_key_id": user["access_key_id"],
            "secret_access_key": user["secret_access_key"],
            **more,
        }

    def assume(self, source, role=demo.TENANT_ROLE + "tenant-a", external_id=demo.EXTERNAL_ID, **more):
        profile = {"type": "assume_role", "source_profile": source, "role_arn": role, "endpoint_url": self._standin.url}
        if external_id:
            profile["external_id"] = external_id
        return {**profile, **more}

    def demo(self):
        """The three of the demo."""
        return {"irsa": self.irsa(), "onprem": self.onprem(), "tenant-a": self.assume("irsa")}


def config(**profiles):
    """A configuration of these profiles; `_` in a keyword stands for `-`."""
    return {"region": demo.REGION, "profiles": {name.replace("_", "-"): p for name, p in profiles.items()}}
