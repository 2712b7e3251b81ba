// SPDX-License-Identifier: Apache-2.0
// Prints the ARN that the AWS SDK for JavaScript has by its default chain: once, or with any argument for each line of its
// input.
import { createInterface } from "node:readline";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";

const sts = new STSClient({ region: "us-east-1", maxAttempts: 1 });
const lines = process.argv.length > 2 ? createInterface({ input: process.stdin }) : [""];
for await (const _ of lines) {
    const identity = await sts.send(new GetCallerIdentityCommand({}));
    console.log(identity.Arn);
}
