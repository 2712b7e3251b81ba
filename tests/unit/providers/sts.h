// SPDX-License-Identifier: Apache-2.0
// For tests: a role, and what STS answers to those who want to assume it.
#ifndef TESTS_UNIT_PROVIDERS_STS_H
#define TESTS_UNIT_PROVIDERS_STS_H

#define ROLE_ARN "arn:aws:iam::123456789012:role/x"
#define SESSION_ARN "arn:aws:sts::123456789012:assumed-role/x/s"
#define ONE_O_CLOCK "2027-01-01T01:00:00Z"

// Of AssumeRole and of AssumeRoleWithWebIdentity: keys that end at `expiration`.
#define STS_SESSION(action, expiration)                                                                                \
        "<" action "Response><" action "Result><AssumedRoleUser><Arn>" SESSION_ARN "</Arn></AssumedRoleUser>"          \
        "<Credentials><AccessKeyId>ASIAEXAMPLE</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>"                 \
        "<SessionToken>token</SessionToken><Expiration>" expiration "</Expiration></Credentials></" action             \
        "Result></" action "Response>"
#define STS_REFUSAL(code, message)                                                                                     \
        "<ErrorResponse><Error><Type>Sender</Type><Code>" code "</Code><Message>" message                              \
        "</Message></Error><RequestId>r-1</RequestId></ErrorResponse>"

#endif
