// SPDX-License-Identifier: Apache-2.0
// Credentials in the forms that shells and tools read: the formats of `keyfob export` and of "files".
#ifndef PROTO_WIRE_EXPORT_H
#define PROTO_WIRE_EXPORT_H

#include "proto/mem/buffer.h"
#include "proto/mem/must_check.h"
#include "proto/wire/credentials.h"

enum export_format {
        EXPORT_ENV,              // for POSIX shells: export NAME='value'
        EXPORT_FISH,             // set -gx NAME 'value'
        EXPORT_POWERSHELL,       // $Env:NAME = 'value'
        EXPORT_JSON,             // the document of credential_process
        EXPORT_CREDENTIALS_FILE, // a shared credentials file, as ~/.aws/credentials
        EXPORT_CLAUDE_CODE,      // for its setting awsCredentialExport: {"Credentials": {…}}, as STS answers
        EXPORT_FORMATS_N
};

// All names, for messages.
#define EXPORT_FORMAT_NAMES "env, fish, powershell, json, credentials-file, claude-code"

// "credentials-file".
const char *export_format_name(enum export_format format);

// 0, or -1: there is no such format.
MUST_CHECK int export_format_find(struct slice name, enum export_format *ret);

// Appends the credentials in that format, with a line feed at the end. The formats for shells also unset those of
// AWS_SESSION_TOKEN, AWS_CREDENTIAL_EXPIRATION and AWS_ACCOUNT_ID that these credentials lack: those of earlier ones do
// not belong to them. The file has its section as [default] and, if that is another name, as [profile]. 0, or -1 when
// the buffer is full.
MUST_CHECK int export_write(enum export_format format, const struct credentials *c, const char *profile,
                            struct buffer *out);

// Whether a text with this head is one that export_write() may have made, in any of the formats; or empty.
bool export_is_ours(struct slice head);
enum { EXPORT_TEXT_MAX = 512 * 1024 };
enum { EXPORT_HEAD_SIZE = 32 }; // is enough to tell, and too short for a secret

// When the credentials in a text that export_write() has made end; CREDENTIALS_NEVER_EXPIRE if it does not say.
int64_t export_ends(struct slice text);

// Text in single quotes, for any bytes but NUL: "'" becomes "'\''".
void export_quote_posix(struct slice text, struct buffer *out);
// "'" and "\" become "\'" and "\\".
void export_quote_fish(struct slice text, struct buffer *out);
// "'" is doubled, as are the four quotation marks of Unicode that PowerShell takes for it (U+2018 to U+201B).
void export_quote_powershell(struct slice text, struct buffer *out);

#endif
