// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>

#include "sidecar/signing/sigv4.h"
#include "tests/unit/guard.h"
#include "tests/unit/unit.h"

static void test_known(void **state)
{
        static const struct {
                const char *host, *service, *region;
        } rows[] = {
            {"bedrock-runtime.us-east-1.amazonaws.com", "bedrock", "us-east-1"},
            {"bedrock.us-east-1.amazonaws.com", "bedrock", "us-east-1"},
            {"bedrock-agent.eu-central-1.amazonaws.com", "bedrock", "eu-central-1"},
            {"bedrock-agent-runtime.us-west-2.amazonaws.com", "bedrock", "us-west-2"},
            {"bedrock-agentcore.us-west-2.amazonaws.com", "bedrock-agentcore", "us-west-2"},
            {"bedrock-agentcore-control.us-west-2.amazonaws.com", "bedrock-agentcore", "us-west-2"},
            {"bedrock-mantle.us-east-1.api.aws", "bedrock-mantle", "us-east-1"},
            {"bedrock-runtime-fips.us-east-1.api.aws", "bedrock", "us-east-1"},
            {"bedrock-fips.us-gov-west-1.amazonaws.com", "bedrock", "us-gov-west-1"},
            {"bedrock-runtime.us-east-1.amazonaws.com:8443", "bedrock", "us-east-1"},
            {"bedrock-runtime.us-east-1.amazonaws.com.", "bedrock", "us-east-1"},
            {"bedrock-runtime.us-east-1.AmazonAWS.com", "bedrock", "us-east-1"},
            {"vpce-0123-abcd.bedrock-runtime.us-east-1.vpce.amazonaws.com", "bedrock", "us-east-1"},
            {"vpce-0123-abcd-us-east-1a.bedrock-runtime-fips.us-east-1.vpce.amazonaws.com", "bedrock", "us-east-1"},
            {"vpce-0123-abcd.sts.us-west-2.vpce.amazonaws.com", "sts", "us-west-2"},
            {"vpce-0123.sts.cn-north-1.vpce.amazonaws.com.cn", "sts", "cn-north-1"},
            {"bucket.vpce-1a2b.s3.us-east-1.vpce.amazonaws.com", "s3", "us-east-1"},
            {"sts.amazonaws.com", "sts", "us-east-1"},
            {"sts.us-east-1.amazonaws.com", "sts", "us-east-1"},
            {"sts-fips.us-east-1.amazonaws.com", "sts", "us-east-1"},
            {"sts-fips.cn-north-1.api.amazonwebservices.com.cn", "sts", "cn-north-1"},
            {"sts.cn-northwest-1.amazonaws.com.cn", "sts", "cn-northwest-1"},
            {"sts.us-iso-east-1.c2s.ic.gov", "sts", "us-iso-east-1"},
            {"sts.us-iso-east-1.api.aws.ic.gov", "sts", "us-iso-east-1"},
            {"sts.us-isob-east-1.sc2s.sgov.gov", "sts", "us-isob-east-1"},
            {"sts.us-isob-east-1.api.aws.scloud", "sts", "us-isob-east-1"},
            {"sts.eu-isoe-west-1.cloud.adc-e.uk", "sts", "eu-isoe-west-1"},
            {"sts.eu-isoe-west-1.api.cloud-aws.adc-e.uk", "sts", "eu-isoe-west-1"},
            {"sts.us-isof-south-1.csp.hci.ic.gov", "sts", "us-isof-south-1"},
            {"sts.us-isof-south-1.api.aws.hci.ic.gov", "sts", "us-isof-south-1"},
            {"sts.eusc-de-east-1.amazonaws.eu", "sts", "eusc-de-east-1"},
            {"sts.eusc-de-east-1.api.amazonwebservices.eu", "sts", "eusc-de-east-1"},
            {"sts.mx-central-1.amazonaws.com", "sts", "mx-central-1"},
            {"rolesanywhere-fips.us-gov-west-1.amazonaws.com", "rolesanywhere", "us-gov-west-1"},
            {"secretsmanager.ap-southeast-7.amazonaws.com", "secretsmanager", "ap-southeast-7"},
            {"eks-auth.us-east-1.api.aws", "eks-auth", "us-east-1"},
            {"portal.sso.us-east-1.amazonaws.com", "awsssoportal", "us-east-1"},
            {"portal.sso-fips.us-east-1.amazonaws.com", "awsssoportal", "us-east-1"},
            {"oidc.us-east-1.amazonaws.com", "sso-oauth", "us-east-1"},
            {"s3.amazonaws.com", "s3", "us-east-1"},
            {"bucket.s3.amazonaws.com", "s3", "us-east-1"},
            {"my.dotted.bucket.s3.amazonaws.com", "s3", "us-east-1"},
            {"s3.us-west-2.amazonaws.com", "s3", "us-west-2"},
            {"bucket.s3.us-west-2.amazonaws.com", "s3", "us-west-2"},
            {"us-east-1.s3.us-west-2.amazonaws.com", "s3", "us-west-2"},
            {"s3.dualstack.us-west-2.amazonaws.com", "s3", "us-west-2"},
            {"bucket.s3-fips.dualstack.us-west-2.amazonaws.com", "s3", "us-west-2"},
            {"s3-us-west-2.amazonaws.com", "s3", "us-west-2"},
            {"bucket.s3-us-west-2.amazonaws.com", "s3", "us-west-2"},
            {"ap-111122223333.s3-accesspoint.us-west-2.amazonaws.com", "s3", "us-west-2"},
            {"111122223333.s3-control.us-west-2.amazonaws.com", "s3", "us-west-2"},
            {"x.op-1.s3-outposts.us-west-2.amazonaws.com", "s3-outposts", "us-west-2"},
            {"x-111122223333.s3-object-lambda.us-west-2.amazonaws.com", "s3-object-lambda", "us-west-2"},
            {"bucket--usw2-az1--x-s3.s3express-usw2-az1.us-west-2.amazonaws.com", "s3express", "us-west-2"},
            {"s3express-control.us-west-2.amazonaws.com", "s3express", "us-west-2"},
            {"id.execute-api.us-east-1.amazonaws.com", "execute-api", "us-east-1"},
            {"id.lambda-url.us-east-1.on.aws", "lambda", "us-east-1"},
            {"id.dsql.us-east-1.on.aws", "dsql", "us-east-1"},
            {"id.vpc-lattice-svcs.us-west-2.on.aws", "vpc-lattice-svcs", "us-west-2"},
            {"search-x.us-east-1.es.amazonaws.com", "es", "us-east-1"},
            {"x.us-east-1.aoss.amazonaws.com", "aoss", "us-east-1"},
            {"us-east-1.queue.amazonaws.com", "sqs", "us-east-1"},
            {"email.us-east-1.amazonaws.com", "ses", "us-east-1"},
            {"api.ecr.us-east-1.amazonaws.com", "ecr", "us-east-1"},
            {"runtime.sagemaker.us-east-1.amazonaws.com", "sagemaker", "us-east-1"},
        };
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct slice host = guard_copy(slice_str(rows[i].host)), service, region;
                if (!sigv4_scope_of_host(host, &service, &region))
                        fail_msg("%s is not known", rows[i].host);
                if (!slice_eq(service, slice_str(rows[i].service)) || !slice_eq(region, slice_str(rows[i].region)))
                        fail_msg("%s gave %.*s in %.*s", rows[i].host, (int)service.n, (const char *)service.p,
                                 (int)region.n, (const char *)region.p);
                guard_free(host);
        }
}

static void test_unknown(void **state)
{
        static const char *const rows[] = {
            "",
            ".",
            ":",
            "amazonaws.com",
            ".amazonaws.com",
            "us-east-1.amazonaws.com",
            ".us-east-1.amazonaws.com",
            "example.com",
            "localhost",
            "127.0.0.1",
            "[::1]",
            "bedrock-runtime.us-east-1.amazonaws.com.evil.example",
            "evil-amazonaws.com",
            "sts.us-east-1.evilamazonaws.com",
            "bedrock.amazonaws.com",
            "iam.amazonaws.com",
            "x.sts.amazonaws.com",
            "sts.amazonaws.com.cn",
            "s3.amazonaws.com.cn",
            "s3-accelerate.amazonaws.com",
            "bucket.s3-accelerate.amazonaws.com",
            "accesspoint.s3-global.amazonaws.com",
            "us-west-2.vpce.amazonaws.com",
            "sts.vpce.amazonaws.com",
            "ec2-198-51-100-1.us-west-2.compute.amazonaws.com",
            "x.us-east-1.elb.amazonaws.com",
            "sts.US-EAST-1.amazonaws.com",
            "sts.us-east.amazonaws.com",
            "sts.us-east-1a.amazonaws.com",
            "sts.xx-east-1.amazonaws.com",
            "sts.us-gov-1.api.aws.evil",
            "st_s.us-east-1.amazonaws.com",
            "anything.us-east-1.on.aws",
            "id.lambda-url.on.aws",
        };
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct slice host = guard_copy(slice_str(rows[i])), service, region;
                if (sigv4_scope_of_host(host, &service, &region))
                        fail_msg("%s gave %.*s in %.*s", rows[i], (int)service.n, (const char *)service.p,
                                 (int)region.n, (const char *)region.p);
                guard_free(host);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_known),
            cmocka_unit_test(test_unknown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
