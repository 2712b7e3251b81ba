// SPDX-License-Identifier: Apache-2.0
// Signatures of the messages of an event stream (Amazon Transcribe Developer Guide, "Event stream encoding"; Bedrock's
// InvokeModelWithBidirectionalStream): each covers the one before, and the first that of the request. Nothing is kept
// between two of them.
#ifndef SIDECAR_SIGNING_SIGV4_EVENT_H
#define SIDECAR_SIGNING_SIGV4_EVENT_H

#include "proto/mem/must_check.h"
#include "sidecar/signing/sigv4.h"

enum {
        SIGV4_EVENT_SIGNATURE_SIZE = 64, // hex digits
        SIGV4_EVENT_HEADERS_SIZE = 67    // ":date" and ":chunk-signature", as they are in a message
};

struct sigv4_event {
        struct slice prior_signature; // 64 hex digits in lower case: of the request, or of the message before
        struct slice payload_hash;    // likewise: SHA-256 of the message that is wrapped; of nothing at the end
        struct slice service, region; // of the request
        int64_t date_ms;              // of the message, since 1970; its second is that of the signature
};

struct sigv4_event_result {
        char signature[SIGV4_EVENT_SIGNATURE_SIZE];
        uint8_t headers[SIGV4_EVENT_HEADERS_SIZE];
};

// 0, or -1 with *e.
MUST_CHECK int sigv4_sign_event(struct signer *s, const struct sigv4_event *event, struct credentials *c,
                                struct sigv4_event_result *ret, struct error *e);

#endif
