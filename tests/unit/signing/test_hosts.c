// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>

#include "sidecar/signing/hosts.h"
#include "tests/unit/guard.h"
#include "tests/unit/unit.h"

// "" for what the name does not determine.
static void expect(const char *name, const char *path, const char *service, const char *region, bool is_any_region)
{
        struct slice host = guard_copy(slice_str(name));
        const struct host_scope scope = host_scope(host, slice_str(path));
        if (!slice_eq(scope.service, slice_str(service)) || !slice_eq(scope.region, slice_str(region)) ||
            scope.is_any_region != is_any_region)
                fail_msg("%s gave \"%.*s\" in \"%.*s\"", name, (int)scope.service.n, (const char *)scope.service.p,
                         (int)scope.region.n, (const char *)scope.region.p);
        guard_free(host);
}

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
            {"s3.us-west-2.amazonaws.com", "s3", "us-west-2"},
            {"bucket.s3.us-west-2.amazonaws.com", "s3", "us-west-2"},
            {"us-east-1.s3.us-west-2.amazonaws.com", "s3", "us-west-2"},
            {"es.us-east-1.s3.us-west-2.amazonaws.com", "s3", "us-west-2"},
            {"my.dotted.bucket.s3.us-west-2.amazonaws.com", "s3", "us-west-2"},
            {"dualstack.s3.us-west-2.amazonaws.com", "s3", "us-west-2"},
            {"bucket.s3.cn-north-1.amazonaws.com.cn", "s3", "cn-north-1"},
            {"bucket.s3.dualstack.cn-north-1.amazonaws.com.cn", "s3", "cn-north-1"},
            {"s3-external-1.amazonaws.com", "s3", "us-east-1"},
            {"bucket.s3-external-1.amazonaws.com", "s3", "us-east-1"},
            {"bucket.s3-fips-us-gov-west-1.amazonaws.com", "s3", "us-gov-west-1"},
            {"x-111122223333.s3-accesspoint-fips.dualstack.us-west-2.amazonaws.com", "s3", "us-west-2"},
            {"bucket--usw2-az1--x-s3.s3express-fips-usw2-az1.dualstack.us-west-2.amazonaws.com", "s3express",
             "us-west-2"},
            {"route.s3-object-lambda.us-west-2.amazonaws.com", "s3-object-lambda", "us-west-2"},
            {"accesspoint.vpce-1a2b-3c4d.s3.us-east-1.vpce.amazonaws.com", "s3", "us-east-1"},
            {"api-id.vpce-1a2b.execute-api.us-east-1.vpce.amazonaws.com", "execute-api", "us-east-1"},
            {"vpce-1a2b-us-east-1a.api.ecr.us-east-1.vpce.amazonaws.com", "ecr", "us-east-1"},
            // what is before the first label of a service, and after it
            {"sync-states.us-east-1.amazonaws.com", "states", "us-east-1"},
            {"stream-logs.us-east-1.amazonaws.com", "logs", "us-east-1"},
            {"data-servicediscovery.us-east-1.amazonaws.com", "servicediscovery", "us-east-1"},
            {"meetings-chime.us-east-1.amazonaws.com", "chime", "us-east-1"},
            {"maps.geo.us-east-1.amazonaws.com", "geo-maps", "us-east-1"},
            {"sms-voice.pinpoint.us-east-1.amazonaws.com", "sms-voice", "us-east-1"},
            {"efs.us-east-1.api.aws", "elasticfilesystem", "us-east-1"},
            {"aos.us-east-1.api.aws", "es", "us-east-1"},
            {"aps-workspaces.us-east-1.amazonaws.com", "aps", "us-east-1"},
            {"a1b2c3-ats.iot.us-east-1.amazonaws.com", "iotdevicegateway", "us-east-1"},
            {"a1b2c3.iot.us-east-1.amazonaws.com", "iotdevicegateway", "us-east-1"},
            {"a1b2c3.jobs.iot.us-east-1.amazonaws.com", "iot-jobs-data", "us-east-1"},
            {"data-ats.iot.us-east-1.amazonaws.com", "iotdata", "us-east-1"},
            {"transcribestreaming.us-east-1.amazonaws.com:8443", "transcribe", "us-east-1"},
            {"transcribestreaming-fips.us-gov-west-1.amazonaws.com", "transcribe", "us-gov-west-1"},
            {"api.tunneling.iot.us-east-1.amazonaws.com", "IoTSecuredTunneling", "us-east-1"},
            {"api.iot-tunneling.us-east-1.api.aws", "IoTSecuredTunneling", "us-east-1"},
            {"111122223333.ddb.us-east-1.amazonaws.com", "dynamodb", "us-east-1"},
            {"111122223333.data-kinesis.us-east-1.amazonaws.com", "kinesis", "us-east-1"},
            {"search-domain.us-east-1.cloudsearch.amazonaws.com", "cloudsearch", "us-east-1"},
            {"my-db.cluster-x.us-west-2.neptune.amazonaws.com:8182", "neptune-db", "us-west-2"},
            {"g-x.us-west-2.neptune-graph.amazonaws.com", "neptune-graph", "us-west-2"},
            {"db.x.us-west-2.rds.amazonaws.com:3306", "rds-db", "us-west-2"},
            {"db.x.rds.cn-north-1.amazonaws.com.cn", "rds-db", "cn-north-1"},
            {"clustercfg.c.x.memorydb.us-east-1.amazonaws.com:6379", "memorydb", "us-east-1"},
            {"guid.c3.us-west-2.airflow.amazonaws.com", "airflow", "us-west-2"},
            {"guid.c3.airflow.cn-north-1.on.amazonwebservices.com.cn", "airflow", "cn-north-1"},
            {"env.airflow.us-west-2.amazonaws.com", "airflow", "us-west-2"},
            {"id.aoss.eu-west-1.on.aws", "aoss", "eu-west-1"},
            {"search-x.aos.eu-west-1.on.aws", "es", "eu-west-1"},
            {"id.dsql-fnh4.us-east-2.on.aws", "dsql", "us-east-2"},
            {"id.lambda-url.us-gov-west-1.on.aws", "lambda", "us-gov-west-1"},
            {"id.lambda-url.cn-north-1.on.amazonwebservices.com.cn", "lambda", "cn-north-1"},
            {"id.lambda-url.eusc-de-east-1.on.amazonwebservices.eu", "lambda", "eusc-de-east-1"},
            {"id.7d67968.vpc-lattice-svcs.us-west-2.on.aws", "vpc-lattice-svcs", "us-west-2"},
            {"id.appsync-api.us-east-1.amazonaws.com", "appsync", "us-east-1"},
            {"id.appsync-realtime-api.us-east-1.amazonaws.com", "appsync", "us-east-1"},
            {"pipeline-x.us-east-1.osis.amazonaws.com", "osis", "us-east-1"},
            {"cn.transcribe.cn-north-1.amazonaws.com.cn", "transcribe", "cn-north-1"},
            {"fips.batch.us-east-1.amazonaws.com", "batch", "us-east-1"},
            {"us-east-1.signin.aws.amazon.com", "signin", "us-east-1"},
            {"us-east-1.oauth.signin.aws", "signin", "us-east-1"},
            {"us-gov-east-1.signin-fips.amazonaws-us-gov.com", "signin", "us-gov-east-1"},
            {"signin.us-east-1.api.aws", "signin", "us-east-1"},
            // without a region
            {"iam.amazonaws.com", "iam", "us-east-1"},
            {"iam-fips.amazonaws.com", "iam", "us-east-1"},
            {"iam.us-gov.amazonaws.com", "iam", "us-gov-west-1"},
            {"iam.cn-north-1.amazonaws.com.cn", "iam", "cn-north-1"},
            {"iam.us-iso-east-1.c2s.ic.gov", "iam", "us-iso-east-1"},
            {"route53.amazonaws.com", "route53", "us-east-1"},
            {"route53.amazonaws.com.cn", "route53", "cn-northwest-1"},
            {"route53.us-gov.amazonaws.com", "route53", "us-gov-west-1"},
            {"route53.sc2s.sgov.gov", "route53", "us-isob-east-1"},
            {"cloudfront.amazonaws.com", "cloudfront", "us-east-1"},
            {"budgets.amazonaws.com", "budgets", "us-east-1"},
            {"budgets.api.aws", "budgets", "us-gov-west-1"},
            {"globalaccelerator.amazonaws.com", "globalaccelerator", "us-west-2"},
            {"global.health.amazonaws.com", "health", "us-east-1"},
            {"importexport.amazonaws.com", "IngestionService", "us-east-1"},
            {"queue.amazonaws.com", "sqs", "us-east-1"},
            {"api.sustainability.eu-west-1.api.aws", "sustainability", "us-east-1"},
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
        for (size_t i = 0; i < LENGTH(rows); i++)
                expect(rows[i].host, "/", rows[i].service, rows[i].region, false);
}

// A bucket on a global name may be in any region.
static void test_any_region(void **state)
{
        static const char *const rows[] = {"bucket.s3.amazonaws.com",
                                           "my.dotted.bucket.s3.amazonaws.com",
                                           "us-west-2.s3.amazonaws.com",
                                           "x.us-west-2.s3.amazonaws.com",
                                           "bucket.s3-accelerate.amazonaws.com",
                                           "bucket.s3-accelerate.dualstack.amazonaws.com"};
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++)
                expect(rows[i], "/", "s3", "us-east-1", true);
}

static void test_two_apis_of_one_host(void **state)
{
        (void)state;
        expect("maps.geo.us-east-1.amazonaws.com", "/maps/v0/maps/m/tiles/0/0/0", "geo", "us-east-1", false);
        expect("places.geo.us-east-1.amazonaws.com", "/places/v0/indexes/i/search/text", "geo", "us-east-1", false);
        expect("routes.geo.us-east-1.amazonaws.com", "/routes/v0/calculators/c", "geo", "us-east-1", false);
        expect("maps.geo.us-east-1.amazonaws.com", "/tiles/vector.basemap/0/0/0", "geo-maps", "us-east-1", false);
        expect("maps.geo.us-east-1.amazonaws.com", "/maps/v0", "geo-maps", "us-east-1", false);
        expect("maps.geo.us-east-1.amazonaws.com", "/places/v0/x", "geo-maps", "us-east-1", false);
        expect("maps.geo.us-east-1.amazonaws.com", "", "geo-maps", "us-east-1", false);
}

// AWS's own names, of which no signing name is known; the region counts for a service that the caller gives.
static void test_region_only(void **state)
{
        static const struct {
                const char *host, *region;
        } rows[] = {
            {"ec2-198-51-100-1.us-west-2.compute.amazonaws.com", "us-west-2"},
            {"x.us-east-1.elb.amazonaws.com", "us-east-1"},
            {"new-service.eu-west-9.amazonaws.com", "eu-west-9"},
            {"us-east-1.amazonaws.com", "us-east-1"},
            {"us-east-1.iot.amazonaws.com", "us-east-1"}, // a region is no name of a customer
            {"us-west-2.vpce.amazonaws.com", "us-west-2"},
            {"vpce-1.vpce-svc-2.us-west-2.vpce.amazonaws.com", "us-west-2"},
            {"bucket.s3-website.us-west-2.amazonaws.com", "us-west-2"},
            {"111122223333.dkr.ecr.us-west-2.amazonaws.com", "us-west-2"},
            {"x.credentials.iot.us-west-2.amazonaws.com", "us-west-2"},
            {"data.tunneling.iot.us-west-2.amazonaws.com", "us-west-2"},
            {"anything.us-east-1.on.aws", "us-east-1"},
            {"s3.us-east-1.on.aws", "us-east-1"},
            {"id.lambda-url.us-east-1.amazonaws.com", "us-east-1"},
            {"sts.us-east-1.aws.amazon.com", "us-east-1"}, // a domain of AWS Sign-In, and of no other API
            {"bkt.s3-us-west-2.on.aws", ""},
            {"st_s.us-east-1.amazonaws.com", "us-east-1"},
            {"x.sts.us-east-1.amazonaws.com", "us-east-1"},
            {"x.serverless.use1.cache.amazonaws.com", "us-east-1"},
            {"x.abc.0001.apse2.cache.amazonaws.com:6379", "ap-southeast-2"},
            {"x.cnnw1.cache.amazonaws.com.cn", "cn-northwest-1"},
            {"x.usgw1.cache.amazonaws.com", "us-gov-west-1"},
            {"importexport.us-east-1.api.aws", "us-east-1"}, // its names differ between partitions
        };
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++)
                expect(rows[i].host, "/", "", rows[i].region, false);
}

static void test_unknown(void **state)
{
        static const char *const rows[] = {
            "",
            ".",
            ":",
            "..",
            "amazonaws.com",
            ".amazonaws.com",
            ".us-east-1.amazonaws.com",
            "sts..us-east-1.amazonaws.com",
            "sts.us-east-1..amazonaws.com",
            "example.com",
            "localhost",
            "127.0.0.1",
            "[::1]",
            "[::1]:443",
            "bedrock-runtime.us-east-1.amazonaws.com.evil.example",
            "sts.us-east-1.amazonaws.com.evil",
            "evil-amazonaws.com",
            "sts.us-east-1.evilamazonaws.com",
            "sts.us-east-1.xapi.aws.example",
            "sts.us-east-1.amazonaws.co",
            "sts.us-east-1.amazonaws.com.cn.example",
            "iam.amazonaws.com.example",
            "iam.evilamazonaws.com",
            "bedrock.amazonaws.com",
            "x.sts.amazonaws.com",
            "sts.amazonaws.com.cn",
            "s3.amazonaws.com.cn",
            "accesspoint.s3-global.amazonaws.com",
            "x.mrap.accesspoint.s3-global.amazonaws.com",
            "111122223333.cloudfront-kvs.global.api.aws",
            "sts.vpce.amazonaws.com",
            "sts.us-east.amazonaws.com",
            "sts.us-east-1a.amazonaws.com",
            "sts.us-east-.amazonaws.com",
            "sts.us--1.amazonaws.com",
            "sts.xx-east-1.amazonaws.com",
            "sts.us-gov-1.api.aws.evil",
            "sts.us-east-1.aws",
            "sts.us-east-1.amazon.com",
            "id.lambda-url.us-east-1.aws",
            "us-east-1.signin.aws.amazon.com.evil",
            "id.lambda-url.on.aws",
            "cache.amazonaws.com",
        };
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++)
                expect(rows[i], "/", "", "", false);
}

static void test_long_names(void **state)
{
        (void)state;
        char name[512];
        memset(name, 'x', sizeof(name));
        for (size_t i = 1; i < sizeof(name); i += 2)
                name[i] = '.';
        const char *const end = ".s3.us-west-2.amazonaws.com";
        for (size_t n = HOST_SCOPE_MAX - 3; n < HOST_SCOPE_MAX + 3; n++) {
                char host[512];
                snprintf(host, sizeof(host), "%.*s%s", (int)(n - strlen(end)), name, end);
                bool is_name = n <= HOST_SCOPE_MAX && host[n - strlen(end) - 1] != '.';
                expect(host, "/", is_name ? "s3" : "", is_name ? "us-west-2" : "", false);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_known),
            cmocka_unit_test(test_any_region),
            cmocka_unit_test(test_two_apis_of_one_host),
            cmocka_unit_test(test_region_only),
            cmocka_unit_test(test_long_names),
            cmocka_unit_test(test_unknown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
