// SPDX-License-Identifier: Apache-2.0
// Amazon EC2 User Guide, "Use the Instance Metadata Service".
#include "sidecar/providers/imds_hints.h"

#include "proto/mem/length.h"
#include "sidecar/providers/answer.h"

#define ANY_STEP (-1)

const char *imds_step_name(enum imds_step step)
{
        static const char *const names[] = {
            [IMDS_TOKEN] = "PUT /latest/api/token",
            [IMDS_ROLE] = "GET …/iam/security-credentials/",
            [IMDS_CREDENTIALS] = "GET …/iam/security-credentials/ROLE",
        };
        return names[step];
}

static const struct meaning {
        int step, status;
        enum error_kind kind;
        const char *what, *hint;
} meanings[] = {
    {IMDS_TOKEN, 403, ERROR_DENIED, "the instance metadata service is switched off for this instance",
     "Switch it on (aws ec2 modify-instance-metadata-options --http-endpoint enabled), or use another type of "
     "profile."},
    {IMDS_TOKEN, 404, ERROR_CONFIG, "this is not an IMDSv2 endpoint", "Check \"endpoint\"; IMDSv1 is not used."},
    {IMDS_TOKEN, 405, ERROR_CONFIG, "this is not an IMDSv2 endpoint", "Check \"endpoint\"; IMDSv1 is not used."},
    {ANY_STEP, 400, ERROR_PROTOCOL, "the request was not understood",
     "Something other than the instance metadata service may have answered: check \"endpoint\"."},
    {ANY_STEP, 401, ERROR_TRANSIENT, "a session token that was just issued is not taken",
     "Several instance metadata services may share this address (a proxy): check \"endpoint\"."},
    {ANY_STEP, 403, ERROR_DENIED, "access is denied",
     "A policy between this process and the instance metadata service forbids it: check firewalls and proxies."},
    {IMDS_CREDENTIALS, 404, ERROR_TRANSIENT, "the role that was listed has no credentials",
     "The instance's role is being exchanged or detached. It is asked again by itself."},
    {ANY_STEP, 429, ERROR_THROTTLED, "too many requests",
     "Something on this instance asks its metadata too often. The next attempt comes by itself."},
};

int imds_hints_status(enum imds_step step, int status, struct error *e)
{
        if (step == IMDS_ROLE && status == 404)
                return imds_hints_no_role(e);
        struct meaning found = {(int)step, status, status >= 500 ? ERROR_TRANSIENT : ERROR_PROTOCOL, NULL, NULL};
        for (size_t i = 0; i < LENGTH(meanings) && !found.what; i++) {
                if (status == meanings[i].status && (meanings[i].step == ANY_STEP || meanings[i].step == (int)step))
                        found = meanings[i];
        }
        (void)error_set(e, found.kind, "%s: HTTP %d%s%s", imds_step_name(step), status, found.what ? ": " : "",
                        found.what ? found.what : "");
        if (found.hint)
                return error_hint(e, "%s", found.hint);
        return error_hint(e, found.kind == ERROR_TRANSIENT
                                 ? "The service has trouble of its own. The next attempt comes by itself."
                                 : "Something other than the instance metadata service may have answered: check "
                                   "\"endpoint\".");
}

int imds_hints_no_role(struct error *e)
{
        (void)error_set(e, ERROR_CONFIG, "%s: no role is attached to this instance", imds_step_name(IMDS_ROLE));
        return error_hint(e, "Attach an instance profile (aws ec2 associate-iam-instance-profile), or use another type "
                             "of profile.");
}

int imds_hints_code(struct slice code, struct slice message, struct error *e)
{
        const struct answer answer = {.code = code, .message = message};
        const struct answer_context context = {
            .service = "imds", .action = "credentials", .subject = SLICE("the instance's role"), .status = 200};
        answer_refusal(&answer, &context, e);
        if (slice_eq(code, SLICE("AssumeRoleUnauthorizedAccess")))
                return error_hint(e, "EC2 may not assume the role of the instance profile: its trust policy must name "
                                     "the service ec2.amazonaws.com with sts:AssumeRole, and the role must exist.");
        return error_hint(e, "EC2 could not get credentials for the role of the instance profile: look at the role "
                             "and its trust policy. It is asked again by itself.");
}

void imds_hints_unreachable(enum imds_step step, struct error *e)
{
        if (e->kind != ERROR_TRANSIENT)
                return;
        if (step == IMDS_TOKEN && e->timed_out)
                (void)error_hint(e, "In a container on EC2 the answer may not get this far: raise the hop limit (aws "
                                    "ec2 modify-instance-metadata-options --http-put-response-hop-limit 2: "
                                    "HttpPutResponseHopLimit). Elsewhere than on EC2 there is no such service: use "
                                    "another type of profile.");
        else if (step == IMDS_TOKEN)
                (void)error_hint(e, "Is this an EC2 instance, and may this process reach the address (firewall, "
                                    "network policy)? Elsewhere there is no such service: use another type of "
                                    "profile.");
        else
                (void)error_hint(e, "The instance metadata service gave a token, then fell silent. It is asked again "
                                    "by itself.");
}
