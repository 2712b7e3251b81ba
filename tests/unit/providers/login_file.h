// SPDX-License-Identifier: Apache-2.0
// For tests: the file of a session of `aws login`. The key was made for it and is good for nothing else.
#ifndef TESTS_UNIT_PROVIDERS_LOGIN_FILE_H
#define TESTS_UNIT_PROVIDERS_LOGIN_FILE_H

#define LOGIN_ME "arn:aws:iam::123456789012:user/Admin"
#define LOGIN_NAME "10cabd19777b6651ac57333b55c7c10a1242b1c2337f40e674926d7324698347"

#define LOGIN_KEY                                                                                                      \
        "-----BEGIN EC PRIVATE KEY-----\\nMHcCAQEEIByFD6wwaNEag63wE9pu62nJaPCdGuifimjk2Iy1WO91oAoGCCqGSM49\\n"         \
        "AwEHoUQDQgAEJkccFrcrOjE84N3Y5UGkCMMPY2FJRHE8fKEb2CmuCa4i3QOYXkmx\\nWFaa6HWdk0goQGjqa5burjzhjbU2sF1R6Q==\\n"   \
        "-----END EC PRIVATE KEY-----\\n"

#define LOGIN_ACCESS(expires)                                                                                          \
        "\"accessToken\":{\"accessKeyId\":\"ASIAOLD\",\"secretAccessKey\":\"old\",\"sessionToken\":\"old-token\","     \
        "\"accountId\":\"123456789012\",\"expiresAt\":\"" expires "\"}"
#define LOGIN_REST                                                                                                     \
        "\"tokenType\":\"aws_sigv4\",\"refreshToken\":\"r-1\",\"clientId\":\"c\",\"dpopKey\":\"" LOGIN_KEY "\""
#define LOGIN_FILE(expires) "{" LOGIN_ACCESS(expires) "," LOGIN_REST "}"

#define LOGIN_GRANT                                                                                                    \
        "{\"accessToken\":{\"accessKeyId\":\"ASIANEW\",\"secretAccessKey\":\"new\",\"sessionToken\":\"new-token\"},"   \
        "\"tokenType\":\"aws_sigv4\",\"expiresIn\":900,\"refreshToken\":\"r-2\"}"

#endif
