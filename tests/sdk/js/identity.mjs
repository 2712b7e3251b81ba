// SPDX-License-Identifier: Apache-2.0
// Prints the ARN that the AWS SDK for JavaScript has: with the profile named in argv, from ~/.aws/config alone, or without
// one by its default chain.
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { fromIni } from "@aws-sdk/credential-providers";

const profile = process.argv[2];
const chain = profile ? { credentials: fromIni({ profile }) } : {};
const sts = new STSClient({ region: "us-east-1", maxAttempts: 1, ...chain });
const identity = await sts.send(new GetCallerIdentityCommand({}));
console.log(identity.Arn);
