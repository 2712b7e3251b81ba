// SPDX-License-Identifier: Apache-2.0
// Prints the ARN that the AWS SDK for JavaScript has with the profile named in argv, from ~/.aws/config alone.
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { fromIni } from "@aws-sdk/credential-providers";

const sts = new STSClient({ region: "us-east-1", maxAttempts: 1, credentials: fromIni({ profile: process.argv[2] }) });
const identity = await sts.send(new GetCallerIdentityCommand({}));
console.log(identity.Arn);
